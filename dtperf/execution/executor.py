"""Every chunk is tried until it is read, or until nothing is left to try.

coffea's Runner drives an executor of our own, because its executors report nothing until the end,
keep everything in memory until then, and forget which chunk failed and why.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from coffea.processor.executor import ExecutorBase

from dtperf.addresses import secret_of
from dtperf.execution.attempt import Outcome, WorkerKiller
from dtperf.execution.chunk_meta import meta_of
from dtperf.execution.pools import InProcessPool, Pool
from dtperf.filesets.replicas import Replicas
from dtperf.process import raise_if_interrupted

if TYPE_CHECKING:
    from coffea.processor.executor import WorkItem

__all__ = ["ChunkExecutor", "ChunkResult", "Update"]

TICK_S = 1.0
MOST_CUTS = 2
"""A chunk with which workers die is halved so often: what is wrong is not its size after that."""


class ChunkResult(NamedTuple):
    """A chunk of which nothing more will come."""

    item: WorkItem
    outcome: Outcome
    """Of the last attempt."""
    source: str
    """The address that was tried last."""
    attempts: int
    seconds: float
    """Of all attempts."""


class Update(NamedTuple):
    """What has come since the last time."""

    output: Any
    """Sum of the processor's outputs; None if there are none."""
    ended: list[ChunkResult]


@dataclass
class _ChunkTask:
    item: WorkItem
    replicas: Replicas
    seconds: float = 0.0
    cuts: int = 0
    """How often it was halved."""

    def next_attempt(self) -> WorkItem:
        address = self.replicas.address
        meta = replace(meta_of(self.item), source=address, secret=secret_of(address))
        return replace(self.item, usermeta=meta)

    def note(self, outcome: Outcome) -> float | None:
        """Return in how many seconds to try again; None: it has ended."""
        self.seconds += outcome.seconds
        if outcome.error is not None:
            wait = self.replicas.failed(outcome.error.cause)
            return None if isinstance(outcome.error, WorkerKiller) else wait
        self.replicas.attempts += 1
        return None

    def is_too_large(self, outcome: Outcome) -> bool:
        """Return whether it may have taken the memory of the workers that died at it."""
        lost = outcome.error is not None and outcome.error.cause == "worker-lost"
        return lost and self.cuts < MOST_CUTS and len(self.item) > 1

    def halved(self) -> tuple[WorkItem, WorkItem]:
        middle = (self.item.entrystart + self.item.entrystop) // 2
        return replace(self.item, entrystop=middle), replace(self.item, entrystart=middle)

    def end(self, outcome: Outcome) -> ChunkResult:
        source, attempts = self.replicas.address, self.replicas.attempts
        return ChunkResult(self.item, outcome, source, attempts, self.seconds)


@dataclass
class ChunkExecutor(ExecutorBase):  # type: ignore[misc]  # coffea is untyped
    """Work on chunks in any pool, a few ahead of what has ended.

    A dataclass, because the Runner copies it through its fields.
    """

    pool: Pool = field(default_factory=InProcessPool)
    replicas: Callable[[WorkItem], Replicas] = lambda item: Replicas([item.filename], 0, 0.0)
    """Where to try to read a chunk, how often, and when."""
    retries: int = 0
    """coffea's own way to try again, of which nobody is told: not used."""
    cut: Callable[[Iterable[WorkItem]], Iterable[WorkItem]] = iter
    """Makes chunks of the items, each when it is needed."""
    ahead: Callable[[Pool], int] = lambda pool: pool.capacity
    """How many chunks to hand in ahead of what has ended."""
    on_lost: Callable[[int], None] = lambda _: None
    """Called with the events of a chunk for which no worker lived, before it is halved."""
    on_progress: Callable[[Update], None] = lambda _: None
    """Called about once a second at least. It may raise, which ends the work."""

    def __call__(
        self,
        items: Iterable[WorkItem],
        function: Callable[[WorkItem], Any],
        accumulator: Any,  # noqa: ARG002  # coffea's, and of no use here
    ) -> tuple[Any, int]:
        """Do all items; what they give goes to `on_progress`."""
        self.pool.begin(function)
        for progressed in self._work(iter(self.cut(items))):
            self.on_progress(progressed)
            raise_if_interrupted()
        return {"out": None}, 0

    def _work(self, items: Iterator[WorkItem]) -> Iterator[Update]:
        running: dict[int, _ChunkTask] = {}
        waiting: list[tuple[float, int, _ChunkTask]] = []
        halves: list[_ChunkTask] = []
        tickets = count()
        more = True
        while True:
            while len(running) < self.ahead(self.pool):
                if waiting and waiting[0][0] <= time.monotonic():
                    task = heapq.heappop(waiting)[2]
                elif halves:
                    task = halves.pop()
                elif more and (item := next(items, None)) is not None:
                    task = _ChunkTask(item, self.replicas(item))
                else:
                    more = False
                    break
                ticket = next(tickets)
                running[ticket] = task
                self.pool.submit(ticket, task.next_attempt())
            if not running and not waiting and not halves:
                return
            for batch in self.pool.collect(_until(waiting), last=not more):
                ended = []
                for ticket, outcome in batch.outcomes.items():
                    task = running.pop(ticket)
                    wait = task.note(outcome)
                    if wait is None and task.is_too_large(outcome):
                        self.on_lost(len(task.item))
                        halves += [
                            _ChunkTask(item, self.replicas(item), cuts=task.cuts + 1)
                            for item in task.halved()
                        ]
                    elif wait is None:
                        ended.append(task.end(outcome))
                    else:
                        heapq.heappush(waiting, (time.monotonic() + wait, ticket, task))
                yield Update(batch.output, ended)
            yield Update(None, [])


def _until(waiting: list[tuple[float, int, _ChunkTask]]) -> float:
    """Return the seconds until the first task has rested, a tick at most."""
    return min(max(waiting[0][0] - time.monotonic(), 0.0), TICK_S) if waiting else TICK_S
