"""Dask workers: they measure chunks and add up what some of them found.

Sums of few chunks go to the client at once. A deeper tree would leave more with workers that can
die; a flatter one would send every chunk's histograms to the client. What cannot be added up, such
as parts of a skim, each chunk sends by itself.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

from coffea.processor.executor import WorkItem

from dtperf.addresses import is_remote
from dtperf.errors import OURS, DtperfError
from dtperf.execution.attempt import Function, Outcome, broken, worker_lost
from dtperf.execution.chunk_meta import meta_of
from dtperf.execution.clusters.client import NO_WORKERS, WORKER_S, is_forsaken
from dtperf.execution.clusters.dashboard import dashboard_of
from dtperf.execution.clusters.deaths import look
from dtperf.execution.credentials import CredentialSource
from dtperf.execution.dask_mailbox import Mailbox
from dtperf.execution.dask_queue import Kind, Task, TaskQueue
from dtperf.execution.dask_tasks import (
    SoftwareMismatch,
    SummedChunks,
    add_up,
    measure,
    sealed,
    unpack,
)
from dtperf.execution.pools import FinishedAttempts
from dtperf.nanoaod.faults import classify

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["DaskPool", "SideOutput"]

SENT_BYTES, AHEAD_BYTES = 1 << 26, 1 << 30
"""How much the scheduler keeps of what it has passed on, and how much may be on its way to us."""


class SideOutput:
    """Takes it from the mailbox, and knows of which chunks it has come."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._come: set[int] = set()
        self._largest = 0

    def take(self, number: int, tickets: Iterable[int]) -> Any:
        """Return what a task has sent, None if nothing has come.

        Args:
            number: Of the task, which has ended well.
            tickets: Of its chunks.
        """
        content = self._mailbox.take(number)
        if content is None:
            return None
        self._largest = max(self._largest, len(content))
        self._come.update(tickets)
        if self._mailbox.passed > SENT_BYTES:
            self._mailbox.tidy()
        return unpack(content)

    def is_whole(self, tickets: Iterable[int], has_sent: Iterable[bool]) -> bool:
        """Tell, once, whether all has come that these chunks have sent."""
        come = [ticket in self._come for ticket in tickets]
        self._come.difference_update(tickets)
        return all(has or not sent for has, sent in zip(come, has_sent, strict=True))

    def capacity(self, workers: int, most: int) -> int:
        """Return how many chunks may be handed in, so that not too much is on its way."""
        if not self._largest:
            return most
        return min(most, max(workers + 2, AHEAD_BYTES // self._largest))


FEWEST, MOST = 2, 32
"""How many chunks are summed on a worker: as many as there are cores, within these limits."""
LARGE_BYTES = 100_000
"""A work function of this size is sent apart from the chunks."""
WAIT_S = 1.0
"""How long a finished chunk waits for others to be summed with."""
CHECK_S = 2.0
"""How often to ask how many cores there are, and whether a chunk takes too long."""
NO_WORKER_S = 1800.0
"""How long to wait for workers when all are gone; batch systems may have sent them away."""


class DaskPool:
    """The workers of a Dask cluster, however many there are at the time."""

    def __init__(self, client: Client, *, lends: bool = False) -> None:
        """Take the workers of a client.

        Args:
            client: Connected.
            lends: They get our proxy and token, if the connection is encrypted.
        """
        self._client = client
        is_private = str(getattr(client.scheduler, "address", "")).startswith("tls://")
        self._lender = CredentialSource() if lends and is_private else None
        self._numbers = count()
        self._function: Any = None
        self._queue = TaskQueue(client)
        self._measured: dict[int, tuple[WorkItem, Future[Any]]] = {}
        """Chunks that wait to be summed, by ticket."""
        self._mailbox = Mailbox(client)
        self._side_output = SideOutput(self._mailbox)
        self._oldest = self._checked = 0.0
        """When the first of the chunks that wait was measured; when the last check was."""
        self.workers = 1
        self.dashboard = dashboard_of(client)
        self._empty_since: float | None = None
        self._count_cores()

    @property
    def memory(self) -> int | None:
        """What the worker with the least of it has for each of its threads."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        limits = [each["memory_limit"] // each["nthreads"] for each in workers]
        return min((limit for limit in limits if limit), default=None)

    @property
    def threads(self) -> int:
        """What the worker with the most of them has."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        return max((each["nthreads"] for each in workers), default=1)

    @property
    def capacity(self) -> int:
        """How many chunks to hand in ahead: enough for an adaptive cluster to see that it lacks."""
        return self._side_output.capacity(self.workers, 64 + 3 * self.workers)

    def compiling(self) -> None:
        """Return None: Dask's workers do not tell."""

    def begin(self, function: Function) -> None:
        """Take the work function; a large one, as with a table, is sent once and not each time."""
        content = sealed(function)
        self._function = content if len(content) < LARGE_BYTES else self._queue.keep(content)

    def submit(self, ticket: int, item: WorkItem) -> None:
        """Hand in an attempt."""
        meta = meta_of(item)
        if self._lender and is_remote(meta.source):
            item = replace(item, usermeta=replace(meta, credentials=self._lender.current()))
        self._submit("chunk", {ticket: item}, measure, self._function, item)

    def _submit(
        self, kind: Kind, items: dict[int, WorkItem], function: Callable[..., Any], *arguments: Any
    ) -> None:
        number = next(self._numbers)
        self._mailbox.expect(number)
        topic = self._mailbox.topic
        self._queue.submit(number, kind, items, function, topic, number, *arguments)

    def collect(self, timeout: float, *, last: bool) -> list[FinishedAttempts]:
        """Wait for sums; do again what is lost or late."""
        finished = self._queue.finished(min(timeout, WAIT_S))
        batches = [batch for each in finished for batch in self._note(*each)]
        self._add_up()
        if time.monotonic() - self._checked > CHECK_S:
            self._check(last)
        return batches

    def _note(self, number: int, task: Task, future: Future[Any]) -> Iterator[FinishedAttempts]:
        if future.status != "finished":
            self._mailbox.take(number)
            yield _failed(task, lambda item: _outcome(future, item))
        elif task.kind == "sum":
            yield self._received(task, self._mailbox.take(number))
        else:
            if not self._measured:
                self._oldest = time.monotonic()
            self._measured |= {ticket: (item, future) for ticket, item in task.items.items()}
            if (sent := self._side_output.take(number, task.items)) is not None:
                yield FinishedAttempts(sent, {})

    def _received(self, task: Task, content: Any) -> FinishedAttempts:
        if content is None:
            return _failed(task, lambda item: worker_lost(item, "its sum has not come"))
        summed: SummedChunks = pickle.loads(content)  # noqa: S301  # of our own workers
        if not self._side_output.is_whole(task.items, summed.has_sent):
            return _failed(task, lambda item: worker_lost(item, "what it has sent has not come"))
        outcomes = dict(zip(task.items, summed.outcomes, strict=True))
        return FinishedAttempts(unpack(summed.output), outcomes)

    def _add_up(self) -> None:
        """Sum what is measured, when it is enough or should not wait for more."""
        at_once = min(max(self.workers, FEWEST), MOST)
        has_waited = time.monotonic() - self._oldest > WAIT_S
        while self._measured:
            if len(self._measured) < at_once and self._queue.has("chunk") and not has_waited:
                return
            some = {t: self._measured.pop(t) for t in [*self._measured][:at_once]}
            items = {ticket: item for ticket, (item, _) in some.items()}
            self._submit("sum", items, add_up, [future for _, future in some.values()])
            self._oldest = time.monotonic()

    def _check(self, last: bool) -> None:
        self._checked = time.monotonic()
        if self._client.status != "running":
            look(self._client, 0)
            raise DtperfError(
                "the connection to the Dask scheduler is lost: what was measured is kept"
            )
        self._count_cores()
        self._mailbox.tidy()
        # a second copy of a chunk is for when nothing else is to be done
        self._queue.repeat_late(also_chunks=last)

    def _count_cores(self) -> None:
        cores = sum(self._client.nthreads().values())
        look(self._client, cores)
        self.workers = max(1, cores)
        if cores:
            self._empty_since = None
        elif self._empty_since is None:
            self._empty_since = time.monotonic()
        elif time.monotonic() - self._empty_since > WORKER_S and is_forsaken(self._client):
            raise DtperfError(f"{NO_WORKERS}. What was measured is kept")
        elif time.monotonic() - self._empty_since > NO_WORKER_S:
            raise DtperfError(
                f"no worker was there for {NO_WORKER_S / 60:.0f} minutes: what was measured is kept"
            )

    def close(self) -> None:
        """Take back all that has not ended."""
        self._mailbox.close()
        self._queue.close()


def _failed(task: Task, outcome: Callable[[WorkItem], Outcome]) -> FinishedAttempts:
    return FinishedAttempts(None, {ticket: outcome(item) for ticket, item in task.items.items()})


def _outcome(future: Future[Any], item: WorkItem) -> Outcome:
    """Return why a task has ended without a word of its own, such as before it could begin."""
    if future.status != "error":
        return worker_lost(item, "Dask lost it")
    error = future.exception()
    if isinstance(error, SoftwareMismatch):
        raise error
    if classify(error) in OURS:
        return broken(item, error)
    return worker_lost(item, f"Dask gave up: {error!r}")
