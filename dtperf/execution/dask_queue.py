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
"""A task is late after so many seconds, and so many times the median of the chunks."""
SAMPLE = 1000
"""How many chunks the median is taken of."""
Kind = Literal["chunk", "sum"]


class Task(NamedTuple):
    """Work for a Dask worker."""

    kind: Kind
    items: dict[int, WorkItem]
    """The chunks that it is about, by ticket."""
    function: Callable[..., Any]
    arguments: Any
    begin: float
    copies: list[Future[Any]]
    """That have not ended: usually one; two once the first is late."""


class FinishedTask(NamedTuple):
    """A task that has ended."""

    number: int
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
        self._chunk_seconds: deque[float] = deque(maxlen=SAMPLE)

    def submit(
        self,
        number: int,
        kind: Kind,
        items: dict[int, WorkItem],
        function: Callable[..., Any],
        *arguments: Any,
    ) -> None:
        """Hand in a task under a number of its own."""
        self._tasks[number] = Task(kind, items, function, arguments, time.monotonic(), [])
        self._send(number)

    def _send(self, number: int, workers: Sequence[str] = ()) -> None:
        task = self._tasks[number]
        future = self._client.submit(
            task.function,
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
        future.add_done_callback(lambda done: self._ended.put((number, done)))

    def keep(self, content: bytes) -> Future[bytes]:
        """Send bytes once, that many tasks take: workers get them from each other.

        They are not scattered, since those are lost with the worker that has them.
        """
        key = (f"function-{self._run}", uuid4().hex[:8])
        return self._client.submit(bytes, content, key=key, pure=False)

    def has(self, kind: Kind) -> bool:
        """Return whether a task of this kind has not ended."""
        return any(task.kind == kind for task in self._tasks.values())

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
        if task.kind == "chunk" and future.status == "finished":
            self._chunk_seconds.append(time.monotonic() - task.begin)
        yield FinishedTask(number, task, future)

    def repeat_late(self, *, also_chunks: bool) -> None:
        """Do late sums, and perhaps chunks, a second time, on other workers."""
        if not self._chunk_seconds:
            return
        late = time.monotonic() - max(LATE_S, LATE * median(self._chunk_seconds))
        numbers = [
            number
            for number, task in self._tasks.items()
            if task.begin < late and len(task.copies) == 1 and (also_chunks or task.kind == "sum")
        ]
        processing = self._client.processing() if numbers else {}
        for number in numbers:
            key = self._tasks[number].copies[0].key
            self._send(number, [each for each, keys in processing.items() if key not in keys])

    def close(self) -> None:
        """Take back all that has not ended."""
        self._client.cancel([copy for task in self._tasks.values() for copy in task.copies])
