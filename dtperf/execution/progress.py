"""What the ledger says of how far a run is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dtperf.progress import Progress
from dtperf.results.ledger import LedgerRow

if TYPE_CHECKING:
    from dtperf.execution.clusters.lifecycle import WorkerCount
    from dtperf.execution.pools import Pool

__all__ = ["ProgressReporter"]


class ProgressReporter:
    """Turns rows of the ledger into progress."""

    def __init__(self, on_progress: Callable[[Progress], None]) -> None:
        self._tell = on_progress
        self._now = Progress("measuring", 0, 0)

    def begin(self, total: int, pool: Pool) -> None:
        """Report how many events are to be measured, and where the workers can be seen."""
        self._now = self._now._replace(total=total, compiling=pool.compiling())
        self._tell(self._now._replace(dashboard=pool.dashboard))

    def notice(self, text: str) -> None:
        """Report what a user should see to."""
        self._tell(Progress("checking", 1, 1, notice=text))

    def wait(self, waiting: WorkerCount) -> None:
        """Report how many workers have come."""
        self._tell(Progress("waiting", min(waiting.workers, waiting.wanted), waiting.wanted))

    def look(self, pool: Pool) -> None:
        """Report what workers compile, if that has changed."""
        if (name := pool.compiling()) != self._now.compiling:
            self._now = self._now._replace(compiling=name)
            self._tell(self._now)

    def note(self, row: LedgerRow) -> None:
        """Report that a chunk has ended."""
        now, skipped = self._now, row.status == "skipped"
        self._now = now._replace(
            done=now.done + row.events,
            bytes=now.bytes + row.bytes,
            skipped=now.skipped + row.events * skipped,
        )
        self._tell(self._now)
