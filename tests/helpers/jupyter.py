"""Kernels apart from the user's settings, and from all other programs of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from traitlets.config import Config

__all__ = ["apart"]


@contextmanager
def apart(folder: Path) -> Iterator[Config]:
    """Give what the `NotebookClient` or `KernelManager` of one kernel is to be configured with.

    Kernels are talked to through files: a port that is free when Jupyter chooses it may be another
    program's by the time that the kernel listens there, and the kernel dies.

    Args:
        folder: For all that a kernel keeps.
    """
    # the system limits the length of a socket's name
    with TemporaryDirectory(prefix="nb", dir="/tmp") as sockets, pytest.MonkeyPatch.context() as it:
        it.delenv("MPLBACKEND", raising=False)
        for name in ("TMPDIR", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "XDG_STATE_HOME"):
            it.setenv(name, str(folder))
        where = {"transport": "ipc", "connection_file": f"{sockets}/kernel.json"}
        times = {"timeout": 120, "startup_timeout": 120}
        yield Config({"KernelManager": where, "NotebookClient": times})
