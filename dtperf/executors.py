"""How chunks are worked on: here, in local processes, or on Dask workers.

coffea's Runner drives an executor of our own, because its executors report nothing until the end:
here every chunk is told of when it is done.
"""

from __future__ import annotations

import os
import socket
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from coffea.processor.accumulator import accumulate
from coffea.processor.executor import ExecutorBase

from dtperf.errors import DtperfError

if TYPE_CHECKING:
    from coffea.processor.executor import WorkItem

    from dtperf.config import AnalysisConfig

__all__ = ["ChunkExecutor", "Outcome", "worker_pool"]


class Outcome(NamedTuple):
    """What became of one chunk on its worker."""

    output: Any
    """What coffea's work function returned; None if it failed."""
    error: DtperfError | None
    seconds: float
    worker: str


@dataclass
class ChunkExecutor(ExecutorBase):  # type: ignore[misc]  # coffea is untyped
    """Work on chunks in any pool, a few ahead of what is finished.

    A dataclass, because the Runner copies it through its fields.
    """

    pool: Executor | None = None
    """None: in this process."""
    workers: int = 1
    on_done: Callable[[WorkItem, Outcome], None] = lambda *_: None
    retries: int = 0

    def __call__(
        self, items: Iterable[WorkItem], function: Callable[[WorkItem], Any], accumulator: Any
    ) -> tuple[Any, int]:
        """Sum up the function's output over all items.

        Raises:
            DtperfError: A chunk failed.
        """
        for item, outcome in self._outcomes(items, partial(_attempt, function)):
            if outcome.error is not None:
                raise outcome.error
            self.on_done(item, outcome)
            accumulator = accumulate([outcome.output], accumulator)
        return accumulator, 0

    def _outcomes(
        self, items: Iterable[WorkItem], work: Callable[[WorkItem], Outcome]
    ) -> Iterator[tuple[WorkItem, Outcome]]:
        if self.pool is None:
            yield from ((item, work(item)) for item in items)
            return
        # so many that no worker waits, so few that finished chunks do not pile up
        ahead = 2 * self.workers + 2
        pending: dict[Future[Outcome], WorkItem] = {}
        waiting = iter(items)
        try:
            while True:
                while len(pending) < ahead and (item := next(waiting, None)) is not None:
                    pending[self.pool.submit(work, item)] = item
                if not pending:
                    return
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    yield pending.pop(future), future.result()
        finally:
            for future in pending:
                future.cancel()


def _attempt(function: Callable[[WorkItem], Any], item: WorkItem) -> Outcome:
    start = time.perf_counter()
    output, error = None, None
    try:
        output = function(item)
    except Exception as failure:  # noqa: BLE001  # whatever it is, the client is told
        error = _explain(item, failure)
    seconds = time.perf_counter() - start
    return Outcome(output, error, seconds, f"{socket.gethostname()}:{os.getpid()}")


def _explain(item: WorkItem, failure: Exception) -> DtperfError:
    """Say which events of which file failed; the traceback goes along as a note."""
    if isinstance(failure, DtperfError):
        error = failure
    else:
        where = f"{item.filename}: events {item.entrystart} to {item.entrystop}"
        error = DtperfError(f"{where}: measuring failed: {failure!r}; please report it")
    error.add_note("".join(traceback.format_exception(failure)))
    return error


@contextmanager
def worker_pool(
    config: AnalysisConfig, client: Any = None
) -> Iterator[tuple[Executor | None, int]]:
    """Provide the workers that a config asks for, and end them afterwards.

    Args:
        config: The analysis; `run.executor` and `run.workers` count.
        client: A connected Dask client, used instead of a cluster of our own.

    Yields:
        The pool, None for this process, and the number of workers.
    """
    workers = config.run.workers or os.cpu_count() or 1
    if client is not None:
        yield client.get_executor(pure=False), sum(client.ncores().values())
    elif config.run.executor == "iterative":
        yield None, 1
    elif config.run.executor == "futures":
        from loky import ProcessPoolExecutor

        pool = ProcessPoolExecutor(max_workers=workers)
        try:
            yield pool, workers
        finally:
            pool.shutdown(kill_workers=True)
    else:
        from distributed import Client, LocalCluster

        with (
            LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=None
            ) as cluster,
            Client(cluster) as own,
        ):
            yield own.get_executor(pure=False), workers
