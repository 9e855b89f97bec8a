"""The process that watches a worker of this machine, and starts it again when it dies."""

from __future__ import annotations

from distributed import Nanny
from distributed.core import Status

__all__ = ["OneStartAtATime"]

TRIES = 3


class OneStartAtATime(Nanny):
    """Start a worker that dies while it starts again, but not before that start has ended.

    Dask's own begins the second start beside the first one; each then waits for a message that the
    other has taken, and neither ends.
    """

    _is_starting = False

    async def instantiate(self) -> Status:
        """Start the worker process; says what has become of it."""
        self._is_starting = True
        try:
            for _ in range(TRIES):
                status: Status = await super().instantiate()
                if status == Status.running:
                    break
        finally:
            self._is_starting = False
        return status

    async def _on_worker_exit(self, exitcode: int) -> None:
        if not self._is_starting:
            await super()._on_worker_exit(exitcode)
