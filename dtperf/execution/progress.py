"""How far a run is, for whoever wants to show it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from dtperf.results.ledger import LedgerRow

if TYPE_CHECKING:
    from dtperf.execution.clusters.lifecycle import WorkerCount

__all__ = ["Progress", "ProgressReporter"]


class Progress(NamedTuple):
    """How far a run is."""

    stage: str
    """'checking' counts files, 'waiting' counts workers, 'measuring' counts events."""
    done: int
    total: int
    bytes: int = 0
    """Compressed bytes read so far."""
    skipped: int = 0
    """Events, among those that are done, that could not be read."""
    dashboard: str = ""
    """Told once: where the workers can be seen at work."""
    notice: str = ""
    """Told once: what to see to before it goes on."""


class ProgressReporter:
    """Turns rows of the ledger into progress."""

    def __init__(self, on_progress: Callable[[Progress], None]) -> None:
        self._tell = on_progress
        self._now = Progress("measuring", 0, 0)

    def begin(self, total: int, dashboard: str) -> None:
        """Report how many events are to be measured, and where the workers can be seen."""
        self._now = self._now._replace(total=total)
        self._tell(self._now._replace(dashboard=dashboard))

    def notice(self, text: str) -> None:
        """Report what a user should see to."""
        self._tell(Progress("checking", 1, 1, notice=text))

    def wait(self, waiting: WorkerCount) -> None:
        """Report how many workers have come."""
        self._tell(Progress("waiting", min(waiting.workers, waiting.wanted), waiting.wanted))

    def note(self, row: LedgerRow) -> None:
        """Report that a chunk has ended."""
        now, skipped = self._now, row.status == "skipped"
        self._now = now._replace(
            done=now.done + row.events,
            bytes=now.bytes + row.bytes,
            skipped=now.skipped + row.events * skipped,
        )
        self._tell(self._now)
