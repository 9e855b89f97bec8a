"""Which code made a number: ``code_version()``."""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import processors
from dtperf.code_state import code_state

__all__ = ["code_version", "machine", "package_state", "package_versions"]

PACKAGES = (
    *("dtperf", "coffea", "uproot", "awkward", "numba", "numpy"),
    *("hist", "boost-histogram", "dask", "distributed"),
)

CHUNK_WORK = (
    *("dtperf.reading", "dtperf.work", "dtperf.tasks", "dtperf.accounting"),
    *("dtperf.skim.processor", "dtperf.exploring.sums"),
)
"""The modules with which the work on a chunk begins, whoever does it: what they import can change a
number, as can what the processor imports."""


@cache
def code_version() -> str:
    """Name the version of dtperf, and the state of all code that can change a number.

    Returns:
        Such as '0.1.0+3f2a9c01b7de'; a change of one source file changes it.
    """
    own = sorted(Path(processors.__file__).parent.rglob("*.py"))
    return f"{version('dtperf')}+{code_state(*CHUNK_WORK, *own)}"


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
    return code_state(*CHUNK_WORK)
