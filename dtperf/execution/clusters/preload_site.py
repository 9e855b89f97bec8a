"""Loaded by each Dask worker (``--preload``): what it will need is imported while it waits.

And an ordered end leaves no traceback in the log. A heartbeat that is on its way while the worker
closes finds its connection cut; distributed reports that as a failure, and a site admin would take
a clean end for a broken one.
"""

from __future__ import annotations

import logging
import threading
from importlib import import_module
from typing import Protocol

from distributed.core import Status

__all__ = ["dask_setup"]

NEEDED = (
    "dtperf.execution.dask_tasks",
    "dtperf.execution.chunks",
    "processors.segment_efficiency",
    "numba",
)
"""What takes most of the time until the first chunk is begun."""
ENDING = {Status.closing, Status.closing_gracefully, Status.closed}


class _ClosingWorker(Protocol):
    status: Status


def dask_setup(worker: _ClosingWorker) -> None:
    """Begin to import, and drop what heartbeats report at the end (dask calls this)."""
    threading.Thread(target=_import, daemon=True).start()

    def keep(record: logging.LogRecord) -> bool:
        return worker.status not in ENDING or "heartbeat" not in record.getMessage()

    logging.getLogger("distributed.worker").addFilter(keep)


def _import() -> None:
    """Import while the worker connects, and the client looks whom it has got.

    A task may come meanwhile. Modules of ours that it imports wait for one another; but a part of
    numba waits for nothing, and two threads that make parts of it may wait for llvmlite's lock for
    ever (its callbacks are registered while another thread holds it). So ours import numba first,
    then parts of it.
    """
    for name in NEEDED:
        try:
            import_module(name)
        except Exception:  # noqa: BLE001  # the first task says what is missing, to the user
            return
