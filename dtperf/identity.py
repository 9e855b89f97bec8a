"""Which code made a number: ``code_version()``."""

from __future__ import annotations

import hashlib
import os
import platform
import socket
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dtperf
import processors

__all__ = ["code_version", "machine", "package_state", "package_versions"]

PACKAGES = (
    *("dtperf", "coffea", "uproot", "awkward", "numba", "numpy"),
    *("hist", "boost-histogram", "dask", "distributed"),
)

NUMBERS = (
    *("exploring", "field", "geometry", "kernels", "measurements", "nanoaod", "selection", "skim"),
    *("openfiles.py", "reading.py"),
)
"""The parts of the package that can change a number."""
KINDS = {".py", ".csv", ".json", ".npz"}


@cache
def code_version() -> str:
    """Name the version of dtperf, and the state of all code that can change a number.

    Returns:
        Such as '0.1.0+3f2a9c01b7de'; a change of one source file changes it.
    """
    state = _state([*_places(), Path(processors.__file__).parent])
    return f"{version('dtperf')}+{state}"


@cache
def package_versions() -> Mapping[str, str]:
    """List the versions of the packages that a result tells of."""
    return {name: version(name) for name in PACKAGES}


def machine() -> dict[str, Any]:
    """Tell where a job was done, and with what, as results keep it."""
    return {
        "host": socket.gethostname(),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "packages": dict(package_versions()),
    }


def package_state() -> str:
    """Tell the state of the code within dtperf alone that can change a number."""
    return _state(_places())


def _places() -> list[Path]:
    package = Path(dtperf.__file__).parent
    return [package / name for name in NUMBERS]


def _state(places: list[Path]) -> str:
    files = [path for root in places for path in (root.rglob("*") if root.is_dir() else [root])]
    state = hashlib.sha256()
    for path in sorted(files):
        if path.suffix in KINDS:
            state.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return state.hexdigest()[:12]
