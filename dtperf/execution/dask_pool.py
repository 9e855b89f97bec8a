"""Dask workers: they measure chunks and add up what some of them found.

Sums of few chunks go to the client at once. A deeper tree would leave more with workers that can
die; a flatter one would send every chunk's histograms to the client. What cannot be added up, such
as parts of a skim, each chunk sends by itself.
"""

from __future__ import annotations

import pickle
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from queue import Empty, SimpleQueue
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from coffea.processor.executor import WorkItem

from dtperf.addresses import is_remote
from dtperf.errors import OURS, DtperfError
from dtperf.execution.attempt import Function, Outcome, broken, worker_lost
from dtperf.execution.chunk_meta import meta_of
from dtperf.execution.clusters.dashboard import dashboard_of
from dtperf.execution.clusters.deaths import look
from dtperf.execution.credentials import CredentialSource
from dtperf.execution.dask_mailbox import Mailbox
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
PATIENCE_S = 1.0
"""How long a finished chunk waits for others to be summed with."""
LOOK_S = 2.0
"""How often to ask how many cores there are, and whether a chunk takes too long."""
LATE_S, LATE = 30.0, 3.0
"""A chunk is late after so many seconds, and so many times the median."""
ALONE_S = 1800.0
"""How long to wait for workers when all are gone; batch systems may have sent them away."""
SAMPLE = 1000
"""How many chunks the median is taken of."""


class _Task(NamedTuple):
    """Work that was handed to Dask; what is late is done a second time beside it."""

    kind: str
    """'chunk' or 'sum'."""
    items: dict[int, WorkItem]
    """What it is about, by ticket."""
    work: Callable[..., Any]
    arguments: Any
    begin: float
    copies: list[Future[Any]]


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
        self._run = uuid4().hex[:8]
        self._numbers = count()
        self._tasks: dict[int, _Task] = {}
        self._measured: dict[int, tuple[WorkItem, Future[Any]]] = {}
        self._mailbox = Mailbox(client)
        self._apart = SideOutput(self._mailbox)
        self._events: SimpleQueue[tuple[int, Future[Any]]] = SimpleQueue()
        self._times: deque[float] = deque(maxlen=SAMPLE)
        self._oldest = self._looked = 0.0
        self.workers = 1
        self.dashboard = dashboard_of(client)
        self._alone_since: float | None = None
        self._count_cores()

    @property
    def memory(self) -> int | None:
        """What the worker with the least of it has for each of its threads."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        limits = [each["memory_limit"] // each["nthreads"] for each in workers]
        return min((limit for limit in limits if limit), default=None)

    @property
    def capacity(self) -> int:
        """How many chunks to hand in ahead: enough for an adaptive cluster to see that it lacks."""
        return self._apart.capacity(self.workers, 64 + 3 * self.workers)

    def begin(self, function: Function) -> None:
        """Take the work function."""
        self._function = sealed(function)

    def submit(self, ticket: int, item: WorkItem) -> None:
        """Hand in an attempt."""
        number = next(self._numbers)
        self._mailbox.expect(number)
        meta = meta_of(item)
        if self._lender and is_remote(meta.source):
            item = replace(item, usermeta=replace(meta, credentials=self._lender.current()))
        arguments = (self._mailbox.topic, number, self._function, item)
        self._start("chunk", {ticket: item}, measure, arguments, number)

    def _start(
        self,
        kind: str,
        items: dict[int, WorkItem],
        work: Callable[..., Any],
        arguments: Any,
        number: int,
    ) -> None:
        self._tasks[number] = _Task(kind, items, work, arguments, time.monotonic(), [])
        self._send(number)

    def _send(self, number: int, workers: Sequence[str] = ()) -> None:
        task = self._tasks[number]
        future = self._client.submit(
            task.work,
            *task.arguments,
            # of one group: the scheduler then keeps what no worker is free for
            key=(f"{task.kind}-{self._run}", number, len(task.copies)),
            pure=False,
            # sums go first: what is summed can be forgotten
            priority=10 * (task.kind == "sum"),
            workers=workers or None,
            allow_other_workers=bool(workers),
        )
        task.copies.append(future)
        future.add_done_callback(lambda done: self._events.put((number, done)))

    def collect(self, timeout: float, *, last: bool) -> list[FinishedAttempts]:
        """Wait for sums; see to what is lost or late."""
        batches = [batch for event in self._ended(timeout) for batch in self._note(*event)]
        self._add_up()
        if time.monotonic() - self._looked > LOOK_S:
            self._look(last)
        return batches

    def _ended(self, timeout: float) -> Iterator[tuple[int, Future[Any]]]:
        try:
            yield self._events.get(timeout=min(timeout, PATIENCE_S))
            while True:
                yield self._events.get_nowait()
        except Empty:
            return

    def _note(self, number: int, future: Future[Any]) -> Iterator[FinishedAttempts]:
        """Take the first copy that ends; the others are of no use any more."""
        task = self._tasks.get(number)
        if task is None or future.status == "cancelled":
            return
        task.copies.remove(future)
        if future.status != "finished":
            error = future.exception() if future.status == "error" else None
            if isinstance(error, SoftwareMismatch):
                raise error
            if not task.copies:
                del self._tasks[number]
                self._mailbox.take(number)
                yield FinishedAttempts(
                    None, {n: _ended(future, item) for n, item in task.items.items()}
                )
            return
        del self._tasks[number]
        if task.copies:
            self._client.cancel(task.copies)
        if task.kind == "chunk":
            self._times.append(time.monotonic() - task.begin)
            if not self._measured:
                self._oldest = time.monotonic()
            for ticket, item in task.items.items():
                self._measured[ticket] = (item, future)
            if (sent := self._apart.take(number, task.items)) is not None:
                yield FinishedAttempts(sent, {})
        else:
            yield self._received(number, task)

    def _received(self, number: int, task: _Task) -> FinishedAttempts:
        content = self._mailbox.take(number)
        if content is None:
            return _missing(task, "its sum has not come")
        told: SummedChunks = pickle.loads(content)  # noqa: S301  # of our own workers
        if not self._apart.is_whole(task.items, told.has_sent):
            return _missing(task, "what it has sent has not come")
        return FinishedAttempts(
            unpack(told.output), dict(zip(task.items, told.outcomes, strict=True))
        )

    def _add_up(self) -> None:
        """Sum what is measured, when it is enough or should not wait for more."""
        at_once = min(max(self.workers, FEWEST), MOST)
        waited = time.monotonic() - self._oldest > PATIENCE_S
        while self._measured:
            more_comes = any(task.kind == "chunk" for task in self._tasks.values())
            if len(self._measured) < at_once and more_comes and not waited:
                return
            some = {t: self._measured.pop(t) for t in [*self._measured][:at_once]}
            items = {ticket: item for ticket, (item, _) in some.items()}
            chunks = [future for _, future in some.values()]
            number = next(self._numbers)
            self._mailbox.expect(number)
            self._start("sum", items, add_up, (self._mailbox.topic, number, chunks), number)
            self._oldest = time.monotonic()

    def _look(self, last: bool) -> None:
        self._looked = time.monotonic()
        if self._client.status != "running":
            look(self._client, 0)
            raise DtperfError(
                "the connection to the Dask scheduler is lost: what was measured is kept"
            )
        self._count_cores()
        self._mailbox.tidy()
        if self._times:
            late = self._looked - max(LATE_S, LATE * median(self._times))
            # a second copy of a chunk is for when nothing else is to be done
            kinds = {"chunk", "sum"} if last else {"sum"}
            self._double([n for n, t in self._tasks.items() if t.begin < late and t.kind in kinds])

    def _double(self, numbers: Iterable[int]) -> None:
        """Do again, elsewhere, what is late."""
        numbers = [number for number in numbers if len(self._tasks[number].copies) == 1]
        if not numbers:
            return
        processing = self._client.processing()
        for number in numbers:
            key = self._tasks[number].copies[0].key
            self._send(number, [each for each, keys in processing.items() if key not in keys])

    def _count_cores(self) -> None:
        cores = sum(self._client.nthreads().values())
        look(self._client, cores)
        self.workers = max(1, cores)
        if cores:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = time.monotonic()
        elif time.monotonic() - self._alone_since > ALONE_S:
            raise DtperfError(
                f"no worker was there for {ALONE_S / 60:.0f} minutes: what was measured is kept"
            )

    def close(self) -> None:
        """Take back all that has not ended."""
        self._mailbox.close()
        self._client.cancel([copy for task in self._tasks.values() for copy in task.copies])


def _missing(task: _Task, why: str) -> FinishedAttempts:
    return FinishedAttempts(
        None, {ticket: worker_lost(item, why) for ticket, item in task.items.items()}
    )


def _ended(future: Future[Any], item: WorkItem) -> Outcome:
    """Return why a task has ended without a word of its own, such as before it could begin."""
    if future.status != "error":
        return worker_lost(item, "Dask lost it")
    error = future.exception()
    if classify(error) in OURS:
        return broken(item, error)
    return worker_lost(item, f"Dask gave up: {error!r}")
