"""Loaded by each worker's nanny (``--preload-nanny``): a worker that hangs ends all the same.

A nanny that cannot start its worker process, for want of semaphores or by a fault of Dask, can
wait for ever in its own end, and takes no notice of SIGTERM or of its death timeout. Its job
would hold a slot of the batch system until its walltime is over.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import Protocol

from distributed.core import Status

__all__ = ["dask_setup", "watch"]

WELL = {Status.running, Status.closing_gracefully}
"""The latter hands its work back, which may take a while."""
GRACE_S = 10.0
"""So long Dask may take to do what it should do by itself."""
LOOK_S = 0.5


class _Nanny(Protocol):
    status: Status


_nannies: list[_Nanny] = []


def dask_setup(nanny: _Nanny) -> None:
    """Look at this one from now on (dask calls this)."""
    _nannies[:] = [nanny]


def watch(folder: Path, limit_s: float) -> None:
    """End this process when its worker has not run for some time.

    Args:
        folder: The worker's private one, which must not stay.
        limit_s: The death timeout, in seconds.
    """
    threading.Thread(target=_watch, args=(folder, limit_s + GRACE_S), daemon=True).start()


def _watch(folder: Path, limit_s: float) -> None:
    well = time.monotonic()
    while (seconds := time.monotonic() - well) < limit_s:
        time.sleep(LOOK_S)
        if _nannies and _nannies[0].status in WELL:
            well = time.monotonic()
    state = f"its nanny is {_nannies[0].status.name}" if _nannies else "it has no nanny yet"
    sys.stderr.write(
        f"dtperf worker: has not run for {seconds:.0f} s ({state}): gives up its place\n"
    )
    sys.stderr.flush()
    shutil.rmtree(folder, ignore_errors=True)
    # no handler, lock or thread may keep what is stuck
    os._exit(1)
