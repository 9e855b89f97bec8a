"""Which chunk kills its workers, and which were only there when a worker died.

Sites take nodes back, and with a worker Dask loses all tasks that it had, begun or not. So a chunk
at which workers have died is tried again, one such chunk at a time; it is found guilty if its
workers die several times as often as the others do meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from coffea.processor.executor import WorkItem

from dtperf.execution.chunk_meta import EventRanges

__all__ = ["Trials"]

FEWEST, MOST = 4, 32
"""So many of its workers die, at least, before a chunk is found guilty; and at most."""
AS_OFTEN = 4.0
"""So many times as often as others they die then. Of a chunk that is not to blame, four die in a
row once in ten thousand times where every tenth does; and the same has happened to it before."""


class _Accused(NamedTuple):
    ticket: int
    item: WorkItem
    deaths: int = 0
    """Of its workers, in all trials."""
    expected: float = 0.0
    """So many it would have been, had they died as often as those of others."""


@dataclass
class _Trial:
    accused: _Accused
    gone: int = 0
    """Workers that have gone since it began."""


class Trials:
    """Chunks at which workers have died, one on trial at a time."""

    def __init__(self) -> None:
        self._waiting: deque[_Accused] = deque()
        self._trial: _Trial | None = None
        self._workers = frozenset[str]()
        self._guilty = EventRanges()

    def see(self, workers: Iterable[str]) -> None:
        """Take note of which workers there are now."""
        now = frozenset(workers)
        if self._trial is not None:
            self._trial.gone += len(self._workers - now)
        self._workers = now

    def concerns(self, item: WorkItem) -> bool:
        """Return whether a chunk is part of one that was found guilty."""
        return item in self._guilty

    def accuse(self, ticket: int, item: WorkItem) -> None:
        """Put a chunk on trial when all before it have had theirs."""
        self._waiting.append(_Accused(ticket, item))

    def begin(self) -> dict[int, WorkItem]:
        """Take the next chunk to hand out, by ticket; none while one is on trial."""
        if self._trial is not None or not self._waiting:
            return {}
        accused = self._waiting.popleft()
        self._trial = _Trial(accused)
        return {accused.ticket: accused.item}

    def end(self, tickets: Iterable[int]) -> None:
        """End the trial if it was of one of these, whose task has ended otherwise than by death."""
        if self._trial is not None and self._trial.accused.ticket in tickets:
            self._trial = None

    def is_guilty(self, ticket: int, item: WorkItem, deaths: int) -> bool:
        """Say whether a chunk kills whose workers have died; if that is not clear it is tried.

        Args:
            ticket: Its own.
            item: The chunk.
            deaths: How many of its workers have died, one after the other.
        """
        trial = self._trial
        if trial is None or trial.accused.ticket != ticket:
            self.accuse(ticket, item)
            return False
        self._trial = None
        others = max(trial.gone - deaths, 0) / max(len(self._workers) - 1, 1)
        deaths += trial.accused.deaths
        expected = trial.accused.expected + others
        is_clear = deaths >= FEWEST and deaths >= AS_OFTEN * expected
        if is_clear or deaths >= MOST:
            self._guilty.add(item)
            return True
        self._waiting.append(_Accused(ticket, item, deaths, expected))
        return False
