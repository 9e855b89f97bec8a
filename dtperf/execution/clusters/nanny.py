"""The process that watches a worker of this machine, and starts it again when it dies."""

from __future__ import annotations

import signal
from typing import Any

from distributed import Nanny
from distributed.core import Status

__all__ = ["OneStartAtATime"]

TRIES = 3
KILLED = {-signal.SIGKILL, -signal.SIGTERM}
"""Exit codes of a process that somebody else has ended: that it starts badly is not said by it."""
OVER = {Status.closing, Status.closing_gracefully, Status.closed, Status.failed}


class OneStartAtATime(Nanny):
    """Start a worker that dies while it starts again, but not before that start has ended.

    Dask's own begins the second start beside the first one; each then waits for a message that the
    other has taken, and neither ends. A worker that ends by itself each time is given up; one that
    is killed, by whomever, is not: nobody would start it later.
    """

    _is_starting = False
    _exit_code: int | None = None

    async def instantiate(self) -> Status:
        """Start the worker process; says what has become of it."""
        self._is_starting = True
        tries = 0
        try:
            while True:
                self._exit_code = None
                status: Status = await super().instantiate()
                tries += self._exit_code not in KILLED
                if status == Status.running or tries == TRIES or self.status in OVER:
                    return status
        finally:
            self._is_starting = False

    def _on_worker_exit_sync(self, exitcode: Any) -> None:
        self._exit_code = exitcode
        super()._on_worker_exit_sync(exitcode)  # type: ignore[no-untyped-call]  # as most of Dask

    async def _on_worker_exit(self, exitcode: int) -> None:
        if not self._is_starting:
            await super()._on_worker_exit(exitcode)
