"""Baskets or pages that threads unpack ahead of their turn: ``for each in in_turn(jobs, 2): …``.

What decompresses does not hold Python's lock: two threads take half as long.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from dtperf.typing import U8

__all__ = ["Job", "Room", "in_turn"]

T = TypeVar("T")


class Room:
    """One buffer for many baskets or pages, one after the other."""

    def __init__(self) -> None:
        """Begin with none."""
        self._buffer = np.empty(0, dtype=np.uint8)

    def __call__(self, size: int) -> U8:
        """Give so many bytes, which the last one had."""
        if len(self._buffer) < size:
            self._buffer = np.empty(max(size, 2 * len(self._buffer)), dtype=np.uint8)
        return self._buffer[:size]


class Job(NamedTuple, Generic[T]):
    """One basket or page that is to be unpacked."""

    unpack: Callable[[Room], T]
    is_slow: bool
    """Whether it takes much longer than to hand it to a thread."""


def in_turn(jobs: Iterable[Job[T]], threads: int) -> Generator[T]:
    """Unpack baskets or pages, slow ones a few ahead of their turn.

    Args:
        jobs: Each is taken shortly before it is done.
        threads: How many work ahead; 1: none, all is done here and in its turn.

    Yields:
        What was unpacked, in order; the buffer of each is another's when the next is asked for.
        What a job raises is raised when it is its turn. To be closed: no thread is at work then.
    """
    rooms = [Room() for _ in range(2 * threads if threads > 1 else 1)]
    waiting: deque[Callable[[], T]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for job, room in zip(jobs, cycle(rooms), strict=False):
            ahead = threads > 1 and job.is_slow
            unpack = partial(job.unpack, room)
            waiting.append(pool.submit(unpack).result if ahead else unpack)
            if len(waiting) == len(rooms):
                yield waiting.popleft()()
        while waiting:
            yield waiting.popleft()()
    finally:
        pool.shutdown(cancel_futures=True)
