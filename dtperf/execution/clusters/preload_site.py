"""Loaded by each Dask worker (``--preload``): an ordered end leaves no traceback in the log.

A heartbeat that is on its way while the worker closes finds its connection cut; distributed
reports that as a failure, and a site admin would take a clean end for a broken one.
"""

from __future__ import annotations

import logging
from typing import Protocol

from distributed.core import Status

__all__ = ["dask_setup"]

ENDING = {Status.closing, Status.closing_gracefully, Status.closed}


class _ClosingWorker(Protocol):
    status: Status


def dask_setup(worker: _ClosingWorker) -> None:
    """Drop what the heartbeat reports once the worker closes (dask calls this)."""

    def keep(record: logging.LogRecord) -> bool:
        return worker.status not in ENDING or "heartbeat" not in record.getMessage()

    logging.getLogger("distributed.worker").addFilter(keep)
