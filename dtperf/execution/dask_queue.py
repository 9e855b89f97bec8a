"""Tasks that are handed to Dask: of each the first copy counts, and a late one is done again."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from statistics import median
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from uuid import uuid4

from coffea.processor.executor import WorkItem

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["FinishedTask", "Kind", "Task", "TaskQueue"]

LATE_S, LATE = 30.0, 3.0
"""A task is late after so many seconds, and so many times the median of those with chunks."""
SAMPLE = 1000
"""How many tasks the median is taken of."""
Kind = Literal["chunks", "sum"]


class Task(NamedTuple):
    """Work for a Dask worker."""

    number: int
    kind: Kind
    items: dict[int, WorkItem]
    """The chunks that it is about, by ticket."""
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    begin: float
    copies: list[Future[Any]]
    """That have not ended: usually one; two once the first is late."""

    @classmethod
    def of(
        cls,
        number: int,
        kind: Kind,
        items: dict[int, WorkItem],
        function: Callable[..., Any],
        *arguments: Any,
    ) -> Task:
        """Describe a task, which begins to wait now, under a number of its own."""
        return cls(number, kind, items, function, arguments, time.monotonic(), [])


class FinishedTask(NamedTuple):
    """A task that has ended."""

    task: Task
    future: Future[Any]
    """The copy that finished first; or the last one, if none has finished."""


class TaskQueue:
    """Hands tasks to the workers of a client, and takes back each once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._run = uuid4().hex[:8]
        self._tasks: dict[int, Task] = {}
        self._ended: SimpleQueue[tuple[int, Future[Any]]] = SimpleQueue()
        self._task_seconds: deque[float] = deque(maxlen=SAMPLE)
        self.running = 0
        """How many tasks with chunks have not ended."""

    def submit(self, tasks: Sequence[Task]) -> None:
        """Hand in tasks of one kind: many at once cost the scheduler a third of one by one."""
        if not tasks:
            return
        self._tasks |= {task.number: task for task in tasks}
        self.running += len(tasks) * (tasks[0].kind == "chunks")
        futures = self._client.map(
            tasks[0].function,
            *zip(*(task.arguments for task in tasks), strict=True),
            key=[self._key(task) for task in tasks],
            pure=False,
            # sums go first: what is summed can be forgotten
            priority=10 * (tasks[0].kind == "sum"),
        )
        for task, future in zip(tasks, futures, strict=True):
            self._follow(task, future)

    def _key(self, task: Task) -> tuple[str, int, int]:
        # of one group: the scheduler then keeps what no worker is free for
        return (f"{task.kind}-{self._run}", task.number, len(task.copies))

    def _follow(self, task: Task, future: Future[Any]) -> None:
        task.copies.append(future)
        future.add_done_callback(lambda done: self._ended.put((task.number, done)))

    def _repeat(self, task: Task, workers: Sequence[str]) -> None:
        future = self._client.submit(
            task.function,
            *task.arguments,
            key=self._key(task),
            pure=False,
            workers=workers or None,
            allow_other_workers=bool(workers),
        )
        self._follow(task, future)

    def keep(self, content: bytes) -> Future[bytes]:
        """Send bytes once, that many tasks take: workers get them from each other.

        They are not scattered, since those are lost with the worker that has them.
        """
        key = (f"function-{self._run}", uuid4().hex[:8])
        return self._client.submit(bytes, content, key=key, pure=False)

    def finished(self, timeout_s: float) -> Iterator[FinishedTask]:
        """Wait for tasks to end; yield each once, whatever becomes of its other copy."""
        try:
            number, future = self._ended.get(timeout=timeout_s)
            while True:
                yield from self._first(number, future)
                number, future = self._ended.get_nowait()
        except Empty:
            return

    def _first(self, number: int, future: Future[Any]) -> Iterator[FinishedTask]:
        task = self._tasks.get(number)
        if task is None or future.status == "cancelled":
            return
        task.copies.remove(future)
        if task.copies and future.status != "finished":
            return  # the other copy may still do it
        del self._tasks[number]
        if task.copies:
            self._client.cancel(task.copies)
        if task.kind == "chunks":
            self.running -= 1
            if future.status == "finished":
                self._task_seconds.append(time.monotonic() - task.begin)
        yield FinishedTask(task, future)

    def repeat_late(self, *, also_chunks: bool) -> None:
        """Do late sums, and perhaps chunks, a second time, on other workers."""
        if not self._task_seconds:
            return
        late = time.monotonic() - max(LATE_S, LATE * median(self._task_seconds))
        tasks = [
            task
            for task in self._tasks.values()
            if task.begin < late and len(task.copies) == 1 and (also_chunks or task.kind == "sum")
        ]
        processing = self._client.processing() if tasks else {}
        for task in tasks:
            key = task.copies[0].key
            self._repeat(task, [each for each, keys in processing.items() if key not in keys])

    def close(self) -> None:
        """Take back all that has not ended."""
        self._client.cancel([copy for task in self._tasks.values() for copy in task.copies])
