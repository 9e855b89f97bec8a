"""Which code made a number: ``code_version()``."""

from __future__ import annotations

import getpass
import hashlib
import os
import platform
import socket
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from dtperf.code_state import code_state

__all__ = [
    "CLASS",
    "MODULE",
    "code_version",
    "digest_of",
    "machine",
    "package_state",
    "package_versions",
    "packaged_processors",
]

MODULE, CLASS = "segment_efficiency", "SegmentEfficiency"
"""The processor that is run where none is named."""

PACKAGES = (
    *("dtperf", "coffea", "uproot", "awkward", "numba", "numpy"),
    *("hist", "boost-histogram", "dask", "distributed"),
)

CHUNK_WORK = (
    *(
        "dtperf.execution.chunks",
        "dtperf.execution.attempt",
        "dtperf.execution.dask_tasks",
        "dtperf.results.accounting",
    ),
    *("dtperf.skim.processor", "dtperf.skim.recut.sums"),
)
"""The modules with which the work on a chunk begins, whoever does it: what they import can change a
number, as can what the processor imports."""


def code_version(processor: str | None = None) -> str:
    """Name the version of dtperf, the processor, and the state of all code that changes numbers.

    Args:
        processor: `dtperf.execution.processor.PortableProcessor.label`; None: the packaged one.

    Returns:
        Such as '0.1.0+3f2a9c01b7de SegmentEfficiency@5d41402abc4b'; a change of one source file
        changes it.
    """
    return f"{_own_version()}+{package_state()} {processor or _packaged_label()}"


@cache
def _own_version() -> str:
    return version("dtperf")


@cache
def _packaged_label() -> str:
    return f"{CLASS}@{digest_of([packaged_processors()[MODULE].read_bytes()])}"


@cache
def packaged_processors() -> Mapping[str, Path]:
    """Find the files of the processors that come with dtperf, by the name of their module."""
    package = Path(str(files("dtperf"))).resolve()
    # a wheel has them within the package, a checkout next to it
    for folder in (package / "processors", package.parent / "processors"):
        if (folder / f"{MODULE}.py").is_file():
            return {path.stem: path for path in sorted(folder.glob("[!_]*.py"))}
    return {}


def digest_of(parts: Iterable[str | bytes]) -> str:
    """Return twelve hexadecimal digits that differ when one of the parts does."""
    state = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        state.update(len(content).to_bytes(8, "big") + content)
    return state.hexdigest()[:12]


@cache
def package_versions() -> Mapping[str, str]:
    """List the versions of the packages that a result tells of."""
    return {name: version(name) for name in PACKAGES}


def machine() -> dict[str, Any]:
    """Return where a job was done, and with what, as results keep it."""
    return {
        "user": _user(),
        "host": socket.gethostname(),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "packages": dict(package_versions()),
    }


def _user() -> str:
    """Return who runs this; empty in a container that has no name for them."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


@cache
def package_state() -> str:
    """Return the state of the code within dtperf alone that can change a number."""
    return code_state(*CHUNK_WORK, *packaged_processors().values())
