"""What `--json` tells of a result: the numbers and words of a run's last lines, and its flags."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dtperf.diagnostics.comparison import Changes
    from dtperf.diagnostics.flags import Flag
    from dtperf.results.ledger import LedgerRow
    from dtperf.results.result import Result

__all__ = ["summary"]


def summary(
    result: Result, out: Path, reference: Result | None = None, found: Changes | None = None
) -> dict[str, Any]:
    """Sum up a result.

    Args:
        result: What was measured.
        out: Where it is saved.
        reference: Another result, to find what has dropped since.
        found: What has changed from that to this.

    Returns:
        What `print_json` prints.
    """
    from dtperf.diagnostics.flags import flag  # loads scipy
    from dtperf.results.cost import cost_of

    cost = cost_of(result)
    flags = flag(result, reference, found=found)
    skipped = [row for row in result.ledger if row.status == "skipped"]
    causes = sorted({row.cause for row in skipped})
    return {
        "path": out,
        "verdict": _verdict(result, flags, found),
        "flags": flags,
        "stations": result.by_station(),
        "events_read": result.ledger.events("read"),
        "events_skipped": result.skipped_events,
        "files_skipped": result.skipped_files,
        "files_unknown": result.unknown_files,
        "skipped": {cause: _of_cause(skipped, cause) for cause in causes},
        "totals": result.totals,
        "own": {name: _number(value) for name, value in result.extra.items()},
        "anomalies": result.anomalies,
        "remarks": [*result.event_remarks, *(f"{f}: {r}" for f, r in result.remarks.items())],
        "left_out": result.left_out,
        "cost": cost._asdict() | {"energy_kwh": cost.energy_kwh},
        "seconds": sum(job.get("seconds_measuring", 0.0) for job in result.jobs),
    }


def _verdict(result: Result, flags: Sequence[Flag], found: Changes | None) -> str | None:
    """Return the result in one sentence; None where no chamber was measured."""
    from dtperf.pages.report import verdict

    return verdict(result, flags, found) if result.by_chamber() else None


def _of_cause(skipped: Sequence[LedgerRow], cause: str) -> dict[str, int]:
    rows = [row for row in skipped if row.cause == cause]
    return {"events": sum(row.events for row in rows), "files": len({row.identity for row in rows})}


def _number(value: Any) -> float:
    """Return a number of the processor's own, or the entries of its histogram."""
    return value if isinstance(value, int | float) else float(value.values(flow=True).sum())
