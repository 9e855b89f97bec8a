"""Numbers as a reader wants them, and the sentence that sums a result up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dtperf.flags import Flag
    from dtperf.results import Result
    from dtperf.summary import Efficiency, Station

__all__ = ["count", "interval", "percent", "plus_minus", "signed", "verdict"]

LONGEST_LIST = 3


def count(number: int) -> str:
    """Write a count."""
    return f"{number:,}"


def percent(efficiency: Efficiency | None, digits: int = 2) -> str:
    """Write an efficiency."""
    if efficiency is None:
        return "not measured"
    return f"{100 * efficiency.value:.{digits}f} %" if efficiency.total else "no probes"


def plus_minus(efficiency: Efficiency | None) -> str:
    """Write an efficiency with its two errors."""
    if efficiency is None or not efficiency.total:
        return percent(efficiency)
    up, down = efficiency.high - efficiency.value, efficiency.value - efficiency.low
    return f"{100 * efficiency.value:.3f} +{100 * up:.3f} −{100 * down:.3f}"


def interval(efficiency: Efficiency) -> str:
    """Write the ends of the interval."""
    if not efficiency.total:
        return "–"
    return f"{100 * efficiency.low:.2f} – {100 * efficiency.high:.2f}"


def signed(difference: float, digits: int = 2) -> str:
    """Write a difference in points of percent."""
    return f"{100 * difference:+.{digits}f}".replace("-", "−")


def verdict(result: Result, flags: Sequence[Flag], changed: str = "") -> str:
    """Sum a result up in one sentence.

    Args:
        result: What was measured.
        flags: What is wrong with it.
        changed: What has changed since a reference, if there is one.
    """
    since = f"since the reference {changed}" if changed else ""
    parts = [since, _flagged(result, flags), _stations(result), _skipped(result)]
    text = "; ".join(part for part in parts if part)
    return f"{text[0].upper()}{text[1:]}."


def _flagged(result: Result, flags: Sequence[Flag]) -> str:
    rows = result.by_chamber()
    flagged = len({flag.chamber for flag in flags})
    number = f"{flagged} of {len(rows)} chambers" if flagged else "no chamber"
    text = f"{number} {'are' if flagged > 1 else 'is'} flagged"
    empty = [row.chamber.name for row in rows if not row.efficiency.total]
    if not empty:
        return text
    names = ", ".join(empty) if len(empty) <= LONGEST_LIST else f"{len(empty)} chambers"
    return f"{text}, and {names} {'has' if len(empty) == 1 else 'have'} no probes"


def _measured(result: Result) -> list[tuple[Station, Efficiency]]:
    stations = result.by_station()
    return [(each, each.fiducial) for each in stations if each.fiducial and each.fiducial.total]


def _stations(result: Result) -> str:
    measured = _measured(result)
    if not measured:
        return "no station has probes"
    worst = min(measured, key=lambda each: each[1].value)
    best = max(measured, key=lambda each: each[1].value)
    return (
        f"the stations lie between {percent(worst[1])} ({worst[0].name}) and "
        f"{percent(best[1])} ({best[0].name})"
    )


def _skipped(result: Result) -> str:
    rows = [row for row in result.ledger if row.status == "skipped"]
    if not rows:
        return "nothing was skipped"
    causes = ", ".join(cause for cause, _ in Counter(row.cause for row in rows).most_common())
    files = result.skipped_files
    text = (
        f"{count(result.skipped_events)} events of {files:,} file{'s' * (files != 1)} were skipped"
    )
    unknown = f", not counting those of {result.unknown_files:,} never opened"
    return f"{text} ({causes}){unknown if result.unknown_files else ''}"
