"""How many chunks a worker gets at a time: as many as take it about two seconds.

A scheduler hands out some hundred tasks a second, whatever is in them. With a chunk in each, a
hundred workers would wait for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from math import ceil, sqrt

from coffea.processor.executor import WorkItem

from dtperf.execution.attempt import Outcome
from dtperf.execution.chunk_meta import EventRanges

__all__ = ["TASK_S", "Backlog"]

TASK_S = 2.0
"""How long a task takes: long beside what it costs the scheduler, short beside what is lost with a
worker."""
HAND_OUT_S = 0.002
"""What a task costs a scheduler that has other things to do as well: with tasks of so much for each
worker it can just follow, with tasks of twice as much it has time to spare."""
SHARES = 2
"""Towards the end a task is this part of what is left for each worker, so that all end together:
guided self-scheduling (C. Polychronopoulos and D. Kuck, IEEE Trans. Computers 36 (1987) 1425)."""
PATIENCE = 2.0
"""After so many times what a task should take it begins no other chunk."""
KEPT = 0.99
"""How much a time counts beside that of the next chunk."""
SOON, GUESS = 8, 16
"""As long as nobody knows how long a chunk takes, so many tasks have one, so that something is soon
known, and others this many, of which they do what they have time for."""
GROWTH = 2048
"""How many chunks to take in at once: whoever makes them must not keep the workers waiting."""


class Backlog:
    """Chunks that wait to be handed out, in their order: neighbours share an open file."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, WorkItem]] = deque()
        self._alone: deque[tuple[int, WorkItem]] = deque()
        self._suspects = EventRanges()
        """Of a task at which workers have died."""
        self._tasks = self._events = 0
        """How many tasks were made; how many events wait, but for those of chunks that go alone."""
        self._seconds = self._measured_events = self._measured_chunks = 0.0

    def __len__(self) -> int:
        """Return how many chunks wait."""
        return len(self._waiting) + len(self._alone)

    def add(self, ticket: int, item: WorkItem) -> None:
        """Put a chunk at the end; one that may kill, or a part of it, goes before all, alone."""
        if item in self._suspects:
            self._alone.append((ticket, item))
            return
        self._waiting.append((ticket, item))
        self._events += len(item)

    def put_back(self, chunks: Iterable[tuple[int, WorkItem]]) -> None:
        """Put chunks at the front, of which a task had more than time for."""
        for ticket, item in reversed([*chunks]):
            self._waiting.appendleft((ticket, item))
            self._events += len(item)

    def suspect(self, items: Iterable[WorkItem]) -> None:
        """Hand out chunks each alone from now on: one of them may kill its worker."""
        for item in items:
            self._suspects.add(item)

    def note(self, item: WorkItem, outcome: Outcome) -> None:
        """Learn from a chunk how long others take."""
        if outcome.error is None and len(item):
            self._seconds = KEPT * self._seconds + max(outcome.seconds, 1e-6)
            self._measured_events = KEPT * self._measured_events + len(item)
            self._measured_chunks = KEPT * self._measured_chunks + 1.0

    @property
    def is_timed(self) -> bool:
        """Whether it is known how long a chunk takes."""
        return self._measured_chunks > 0

    def wanted(self, workers: int) -> int:
        """Return how many chunks should wait, so that the end is seen when it comes near."""
        enough = SHARES * workers * GUESS
        if self.is_timed:
            chunk_s = self._seconds / self._measured_chunks
            enough = ceil(SHARES * workers * self._longest(workers) / chunk_s)
        return max(workers, min(enough, len(self) + GROWTH))

    def next_task(self, workers: int, *, last: bool) -> tuple[dict[int, WorkItem], float]:
        """Take the next chunks.

        Args:
            workers: Among how many they are shared.
            last: No others follow those that wait, or not at once.

        Returns:
            Chunks, by ticket, one at least; and after how many seconds to begin no other of them.
        """
        self._tasks += 1
        if self._alone:
            return dict([self._alone.popleft()]), 0.0
        if not self.is_timed:
            number = len(self._waiting) // (SHARES * workers)
            return self._take(max(min(number, GUESS), 1) if self._tasks > SOON else 1), TASK_S
        seconds = self._task_seconds(workers, last=last)
        room, number = seconds * self._measured_events / self._seconds, 0
        for _, item in self._waiting:
            room -= len(item)
            if room < 0:
                break
            number += 1
        return self._take(max(number, 1)), PATIENCE * seconds

    def _take(self, number: int) -> dict[int, WorkItem]:
        taken = dict(self._waiting.popleft() for _ in range(number))
        self._events -= sum(map(len, taken.values()))
        return taken

    def _task_seconds(self, workers: int, *, last: bool) -> float:
        """Return how long the next task should take."""
        longest = self._longest(workers)
        if not last:
            return longest
        left = self._events * self._seconds / self._measured_events
        # handing out n tasks and working on the last of them take n h + left / n: least if that is
        # the root of left h
        shortest = min(workers * HAND_OUT_S, sqrt(left * HAND_OUT_S))
        return max(min(longest, left / (SHARES * workers)), shortest)

    @staticmethod
    def _longest(workers: int) -> float:
        return max(TASK_S, 2 * workers * HAND_OUT_S)
