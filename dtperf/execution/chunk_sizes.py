"""How many events a chunk has, by the memory that chunks of this run have taken.

What an event takes depends on the measurements, on the file's contents and on the processor of
somebody else: no constant knows it. The first chunks are small, later ones as large as fits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from coffea.processor.executor import WorkItem

from dtperf.execution.attempt import Outcome
from dtperf.execution.chunk_meta import meta_of
from dtperf.execution.planning import LARGEST, USED, WHOLE, cut, events_at_once

__all__ = ["ChunkSizes"]

LEAST = 0.05
"""Part of it that every worker can have; with less a chunk costs more than its events."""
PILOT = 0.25
"""Part of the size that is expected to fit, with which each worker begins."""
ROUNDING = 1.2
"""A chunk may be so much larger to end with a cluster: its memory is measured from above."""
GROWTH = 2
"""So many times the largest chunk that was measured is as far as its memory is believed."""
MOST_BYTES = 1_000_000_000
"""That a chunk may take, however much there is: with more it is no faster."""
LEAST_EVENT_BYTES = 500
"""Less is no measurement: a chunk had most of its memory from the one before."""


class _Seen(NamedTuple):
    """A chunk that has raised the most that its process has had."""

    events: int
    base: int
    """Bytes of the process when its first chunk began."""
    peak: int
    """The most bytes that it has had so far."""

    @property
    def event_bytes(self) -> float:
        """Bytes an event, at most: what is had once for all events is counted, too."""
        return max((self.peak - self.base) / self.events, LEAST_EVENT_BYTES)


class ChunkSizes:
    """Cuts ranges of events into chunks, the next one as large as the last ones have shown to fit.

    Source of the bound: a chunk of n events takes base + fixed + n s bytes. What one of m events
    took, less the base, by m is s + fixed/m: no less than what each event of a larger one takes.
    """

    def __init__(self, memory: int | None, expected: int, workers: int) -> None:
        """Begin with what is expected of an event.

        Args:
            memory: Bytes that a process may take, with one chunk at a time; None: no limit.
            expected: Bytes that an event takes, from `planning.event_bytes`.
            workers: How many chunks are worked on at a time.
        """
        self._memory = memory
        self._pilots = workers
        self.events = events_at_once(memory, expected)
        """Of the next chunk, at most, after the first ones."""
        self._least = max(1, int(LEAST * self.events))
        self._most = WHOLE
        self._bases: dict[str, int] = {}
        self._seen: list[_Seen] = []

    def cut(self, ranges: Iterable[WorkItem]) -> Iterator[WorkItem]:
        """Cut ranges of events, each when it is asked for, so that what was noted counts."""
        for item in ranges:
            start = item.entrystart
            while start < item.entrystop:
                size = self._next(item.entrystop - start)
                cluster = meta_of(item).cluster
                if cluster and self._seen and cluster <= size:
                    # a whole cluster more or less may be half a chunk
                    size = max(size, int(ROUNDING * size) // cluster * cluster)
                first = next(cut(start, item.entrystop, size, cluster))
                yield replace(item, entrystart=first[0], entrystop=first[1])
                start = first[1]

    def _next(self, left: int) -> int:
        if self._pilots and not self._seen and left > self.events:
            self._pilots -= 1
            return max(1, int(PILOT * self.events))
        return self.events

    def note(self, events: int, outcome: Outcome) -> None:
        """Take note of a chunk that has ended.

        Args:
            events: In it.
            outcome: Of its last attempt.
        """
        base = self._bases.setdefault(outcome.worker, outcome.memory_before)
        # a chunk that has not raised it tells nothing: it was as small as one before
        if outcome.error is None and events and outcome.memory > outcome.memory_before:
            self._seen.append(_Seen(events, base, outcome.memory))
            largest = max(seen.events for seen in self._seen)
            self._seen = [seen for seen in self._seen if GROWTH * seen.events >= largest]
            self.events = self._fitting(largest)

    def lost(self, events: int) -> None:
        """Take note that no worker lived to finish a chunk of so many events."""
        self._most = max(1, min(self._most, events // 2))
        self.events = min(self.events, self._most)

    def _fitting(self, largest: int) -> int:
        of_event = max(seen.event_bytes for seen in self._seen)
        base = max(seen.base for seen in self._seen)
        room = MOST_BYTES if self._memory is None else USED * self._memory - base
        fitting = int(min(room, MOST_BYTES) / of_event)
        return max(1, min(max(fitting, self._least), LARGEST, GROWTH * largest, self._most))
