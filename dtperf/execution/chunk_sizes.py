"""How many events a chunk has, by the memory that chunks of this run have taken.

What an event takes depends on the measurements, on the file's contents and on the processor of
somebody else: no constant knows it. The first chunks are small, later ones as large as fits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from coffea.processor.executor import WorkItem

from dtperf.execution.attempt import Outcome
from dtperf.execution.chunk_meta import meta_of
from dtperf.execution.planning import LARGEST, USED, WHOLE, cut, events_at_once
from dtperf.execution.pools import Pool

__all__ = ["ChunkSizes"]

LEAST = 0.05
"""Part of it that every worker can have; with less a chunk costs more than its events."""
PILOT = 0.25
"""Part of the size that is expected to fit, with which all begin."""
FIRST, FIRST_OF_EACH = 16, 2
"""So many of these are handed in at least, and for each worker: one at work, and one beside it. The
second one shows what the first one, with which libraries came, cannot."""
ROUNDING = 1.2
"""A chunk may be so much larger to end with a cluster: its memory is measured from above."""
GROWTH = 2
"""So many times the largest chunk that was measured is as far as its memory is believed."""
MOST_BYTES = 750_000_000
"""That a chunk may take, however much there is: with more it is no faster."""
LEAST_EVENT_BYTES = 500
"""Less is no measurement: a chunk had most of its memory from the one before."""


class _Seen(NamedTuple):
    """A chunk that has raised the most that its process has had."""

    events: int
    worker: str
    peak: int
    """The most bytes that the process has had so far."""
    base: int | None
    """Bytes that it had before; None: it had had more, so nobody knows."""


class ChunkSizes:
    """Cuts ranges of events into chunks, the next one as large as the last ones have shown to fit.

    Source of the bound: a chunk of n events takes base + fixed + n s bytes. What one of m events
    took, less the base, by m is s + fixed/m: no less than what each event of a larger one takes.
    """

    def __init__(self, memory: int | None, expected: int) -> None:
        """Begin with what is expected of an event.

        Args:
            memory: Bytes that a process may take, with one chunk at a time; None: no limit.
            expected: Bytes that an event takes, from `planning.event_bytes`.
        """
        self._memory = memory
        self.events = events_at_once(memory, expected)
        """Of the next chunk, at most, after the first ones."""
        self._pilot = max(1, int(PILOT * self.events))
        self._has_measured = False
        self._least = max(1, int(LEAST * self.events))
        self._most = WHOLE
        self._bases: dict[str, int] = {}
        """Bytes of each process before the first of its chunks that is known of."""
        self._bare: dict[str, int] = {}
        """Bytes of each process without a chunk, if it can tell."""
        self._ended: Counter[str] = Counter()
        """Chunks by process."""
        self._seen: list[_Seen] = []

    def cut(self, ranges: Iterable[WorkItem]) -> Iterator[WorkItem]:
        """Cut ranges of events, each when it is asked for, so that what was noted counts."""
        for item in ranges:
            start = item.entrystart
            while start < item.entrystop:
                meta, is_pilot = meta_of(item), not self._has_measured
                size = min(self.events, self._pilot) if is_pilot else self.events
                if meta.cluster and self._seen and meta.cluster <= size:
                    # a whole cluster more or less may be half a chunk
                    size = max(size, int(ROUNDING * size) // meta.cluster * meta.cluster)
                first = next(cut(start, item.entrystop, size, meta.cluster))
                its = replace(meta, is_pilot=is_pilot)
                yield replace(item, entrystart=first[0], entrystop=first[1], usermeta=its)
                start = first[1]

    def ahead(self, pool: Pool) -> int:
        """Return how many chunks to hand in: few until some have ended, since they are small."""
        if self._has_measured:
            return pool.capacity
        return min(pool.capacity, max(FIRST_OF_EACH * pool.workers, FIRST))

    def note(self, events: int, outcome: Outcome) -> None:
        """Take note of a chunk that has ended.

        Args:
            events: In it.
            outcome: Of its last attempt.
        """
        worker, before = outcome.worker, outcome.memory_before
        # of two chunks the sum of the later one may come first
        self._bases[worker] = min(self._bases.get(worker, before), before)
        if outcome.is_anew:
            self._bare[worker] = max(self._bare.get(worker, before), before)
        if outcome.error is not None or not events:
            return
        self._ended[worker] += 1
        self._has_measured |= self._ended[worker] >= FIRST_OF_EACH or self._ended.total() >= FIRST
        # a chunk that has not raised it tells nothing: it was as small as one before
        if outcome.memory > before:
            base = before if outcome.is_anew else None
            self._seen.append(_Seen(events, worker, outcome.memory, base))
            largest = max(seen.events for seen in self._seen)
            self._seen = [seen for seen in self._seen if GROWTH * seen.events >= largest]
            self.events = self._fitting(largest)

    def lost(self, events: int) -> None:
        """Take note that no worker lived to finish a chunk of so many events."""
        self._most = max(1, min(self._most, events // 2))
        self.events = min(self.events, self._most)

    def _fitting(self, largest: int) -> int:
        of_event = max(self._event_bytes(seen) for seen in self._seen)
        base = max(self._base(seen.worker) for seen in self._seen)
        room = MOST_BYTES if self._memory is None else USED * self._memory - base
        fitting = int(min(room, MOST_BYTES) / of_event)
        return max(1, min(max(fitting, self._least), LARGEST, GROWTH * largest, self._most))

    def _base(self, worker: str) -> int:
        return self._bare.get(worker, self._bases[worker])

    def _event_bytes(self, seen: _Seen) -> float:
        """Return bytes an event, at most: what is had once for all events is counted, too."""
        base = self._base(seen.worker) if seen.base is None else seen.base
        return max((seen.peak - base) / seen.events, LEAST_EVENT_BYTES)
