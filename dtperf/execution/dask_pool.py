"""Dask workers: they measure runs of chunks and add up what some of them found.

Sums of few tasks go to the client at once. A deeper tree would leave more with workers that can
die; a flatter one would send every task's histograms to the client. What cannot be added up, such
as parts of a skim, each chunk sends by itself.
"""

from __future__ import annotations

import pickle
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from coffea.processor.executor import WorkItem

from dtperf.addresses import is_remote
from dtperf.errors import OURS, DtperfError
from dtperf.execution.attempt import Function, Outcome, broken, killing, worker_lost
from dtperf.execution.chunk_meta import meta_of
from dtperf.execution.clusters.client import NO_WORKERS, WORKER_S, is_forsaken
from dtperf.execution.clusters.dashboard import dashboard_of
from dtperf.execution.clusters.deaths import look
from dtperf.execution.credentials import CredentialSource
from dtperf.execution.dask_kernels import KernelExchange
from dtperf.execution.dask_mailbox import Mailbox
from dtperf.execution.dask_queue import Task, TaskQueue
from dtperf.execution.dask_side_output import SideOutput
from dtperf.execution.dask_tasks import (
    SoftwareMismatch,
    TaskOutput,
    add_up,
    measure,
    pack_items,
    sealed,
    unpack,
)
from dtperf.execution.pools import FinishedAttempts
from dtperf.execution.task_sizes import Backlog
from dtperf.execution.trials import Trials
from dtperf.nanoaod.faults import classify

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["DaskPool"]

FEWEST, MOST = 2, 32
"""How many tasks are summed on a worker: as many as there are cores, within these limits."""
LARGE_BYTES = 100_000
"""A work function of this size is sent apart from the tasks."""
WAIT_S = 1.0
"""How long a finished task waits for others to be summed with."""
AHEAD, FIRST_AHEAD = 3, 64
"""How many tasks of each worker are handed in: one at work, one that it has beside it, and one that
waits at the scheduler. And how many more, for an adaptive cluster to see that it lacks workers."""
BATCH = 64
"""How many tasks to hand in before looking at what has ended."""
CHECK_S = 2.0
"""How often to ask how many cores there are, and whether a chunk takes too long."""
LOST_SUMS = 3
"""So many sums of a chunk may be lost: workers may die of what is added up, too."""
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
        self._function: Any = None
        self._number = 0
        """The next that nothing is expected under."""
        self._queue = TaskQueue(client)
        self._backlog = Backlog()
        self._trials = Trials()
        self._lost_sums: Counter[int] = Counter()
        """How many sums of each chunk were lost with their workers."""
        self._held = self._sums = 0
        """How many chunks have not been given back; how many sums were asked for."""
        self._measured: list[tuple[dict[int, WorkItem], Future[Any]]] = []
        """The chunks of tasks that wait to be summed."""
        self._mailbox = Mailbox(client)
        self._kernels = KernelExchange(client)
        self._side_output = SideOutput(self._mailbox)
        self._oldest = self._checked = 0.0
        """When the first of the tasks that wait had ended; when the last check was."""
        self.workers = 1
        self.dashboard = dashboard_of(client)
        self._empty_since: float | None = None
        self._count_cores()
        self._wanted = self._backlog.wanted(self.workers)
        """How many chunks should wait when the next tasks are made."""

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
        """How many chunks to hand in ahead: those that are out, and some to make tasks of."""
        out = self._held - len(self._backlog)
        return self._side_output.capacity(self.workers, out + self._wanted)

    def compiling(self) -> None:
        """Return None: Dask's workers do not tell."""

    def begin(self, function: Function) -> None:
        """Take the work function; a large one, as with a table, is sent once and not each time."""
        content = sealed(function, shares=self._kernels.begin())
        self._function = content if len(content) < LARGE_BYTES else self._queue.keep(content)

    def submit(self, ticket: int, item: WorkItem) -> None:
        """Hand in an attempt."""
        if self._trials.concerns(item):
            self._trials.accuse(ticket, item)
        else:
            self._backlog.add(ticket, item)
        self._held += 1

    def collect(self, timeout: float, *, last: bool) -> list[FinishedAttempts]:
        """Hand in tasks, and wait for sums; do again what is lost or late."""
        # by what waits before: as more are put there, there would be no end to it
        self._wanted = self._backlog.wanted(self.workers)
        could_more = self._hand_in(last or self._side_output.is_used)
        finished = self._queue.finished(0.0 if could_more else min(timeout, WAIT_S))
        batches = [batch for each in finished for batch in self._note(*each)]
        self._held -= sum(len(batch.outcomes) for batch in batches)
        self._add_up()
        if time.monotonic() - self._checked > CHECK_S:
            self._check(last)
        return batches

    def _hand_in(self, last: bool) -> bool:
        """Make tasks of chunks; tell whether there is room for more."""
        most = max(AHEAD * self.workers, self.workers + FIRST_AHEAD)
        if not self._backlog.is_timed:
            most = max(self.workers, FIRST_AHEAD)
        accused = self._trials.begin()
        tasks = [self._task(accused, 0.0)] if accused else []
        while self._backlog and len(tasks) < min(most - self._queue.running, BATCH):
            tasks.append(self._task(*self._backlog.next_task(self.workers, last=last)))
        self._queue.submit(tasks)
        return len(tasks) == BATCH

    def _task(self, items: dict[int, WorkItem], seconds: float) -> Task:
        number = self._expect(len(items))
        chunks = pack_items(map(self._with_credentials, items.values()))
        arguments = (self._mailbox.topic, number, self._function, chunks, seconds)
        return Task.of(number, "chunks", items, measure, *arguments)

    def _with_credentials(self, item: WorkItem) -> WorkItem:
        """Lend what we have now: a chunk may have waited for longer than a token lives."""
        meta = meta_of(item)
        if self._lender is None or not is_remote(meta.source):
            return item
        return replace(item, usermeta=replace(meta, credentials=self._lender.current()))

    def _expect(self, size: int) -> int:
        """Expect messages; returns the number of the first."""
        number = self._number
        self._number += size
        for each in range(number, self._number):
            self._mailbox.expect(each)
        return number

    def _note(self, task: Task, future: Future[Any]) -> Iterator[FinishedAttempts]:
        if task.kind == "sum":
            content = self._mailbox.take(task.number)
            if future.status == "finished":
                yield self._received(task, content)
            elif _deaths(future):
                yield self._again(task, future)
            else:
                yield _failed(task, lambda item: _outcome(future, item))
        elif future.status == "finished":
            self._trials.end(task.items)
            if not self._measured:
                self._oldest = time.monotonic()
            self._measured.append((task.items, future))
            for number, ticket in enumerate(task.items, task.number):
                if (sent := self._side_output.take(number, ticket)) is not None:
                    yield FinishedAttempts(sent, {})
        else:
            for number in range(task.number, task.number + len(task.items)):
                self._mailbox.take(number)
            deaths = _deaths(future)
            if not deaths:
                self._trials.end(task.items)
                yield _failed(task, lambda item: _outcome(future, item))
            elif len(task.items) > 1:
                # one of them may be to blame: the others shall not be
                self._backlog.suspect(task.items.values())
                for ticket, item in task.items.items():
                    self._backlog.add(ticket, item)
            else:
                yield from self._tried(task, deaths)

    def _again(self, task: Task, future: Future[Any]) -> FinishedAttempts:
        """Have chunks measured again whose sum was lost, which is the fault of none of them."""
        self._lost_sums.update(task.items.keys())
        self._side_output.forget(task.items)
        lost = {t: item for t, item in task.items.items() if self._lost_sums[t] > LOST_SUMS}
        self._backlog.put_back(each for each in task.items.items() if each[0] not in lost)
        return FinishedAttempts(None, {t: _outcome(future, item) for t, item in lost.items()})

    def _tried(self, task: Task, deaths: int) -> Iterator[FinishedAttempts]:
        """Give up a chunk that kills; one of which that is not sure yet is handed out again."""
        with suppress(OSError):  # the next check says that the scheduler is gone
            self._trials.see(self._client.nthreads())
        [(ticket, item)] = task.items.items()
        if self._trials.is_guilty(ticket, item, deaths):
            why = "worker after worker died that had it, and others did not"
            yield _failed(task, lambda item: killing(item, why))

    def _received(self, task: Task, content: Any) -> FinishedAttempts:
        if content is None:
            return _failed(task, lambda item: worker_lost(item, "its sum has not come"))
        summed: TaskOutput = pickle.loads(content)  # noqa: S301  # of our own workers
        if not self._side_output.is_whole(task.items, summed.has_sent):
            return _failed(task, lambda item: worker_lost(item, "what it has sent has not come"))
        outcomes = dict(zip(task.items, summed.outcomes, strict=True))
        self._backlog.put_back((t, task.items[t]) for t, found in outcomes.items() if found is None)
        ended = {ticket: found for ticket, found in outcomes.items() if found is not None}
        for ticket, outcome in ended.items():
            self._backlog.note(task.items[ticket], outcome)
        return FinishedAttempts(unpack(summed.output), ended)

    def _add_up(self) -> None:
        """Sum what is measured, when it is enough or should not wait for more."""
        # the first does not wait, so that there is something to see, and times are known
        at_once = min(max(self.workers, FEWEST), MOST, self._sums + 1)
        has_waited = time.monotonic() - self._oldest > WAIT_S
        while self._measured:
            if len(self._measured) < at_once and self._queue.running and not has_waited:
                return
            some, self._measured = self._measured[:at_once], self._measured[at_once:]
            items = {ticket: item for chunks, _ in some for ticket, item in chunks.items()}
            number, futures = self._expect(1), [future for _, future in some]
            arguments = (self._mailbox.topic, number, futures)
            self._queue.submit([Task.of(number, "sum", items, add_up, *arguments)])
            self._sums += 1
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
        threads = self._client.nthreads()
        self._trials.see(threads)
        cores = sum(threads.values())
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
        self._kernels.end()
        self._mailbox.close()
        self._queue.close()


def _deaths(future: Future[Any]) -> int:
    """Return how many workers have died that had a task, if Dask has given it up for that."""
    from distributed.scheduler import KilledWorker

    error = future.exception() if future.status == "error" else None
    return error.allowed_failures + 1 if isinstance(error, KilledWorker) else 0


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
