"""Numbers as a reader wants them, and the sentence that sums a result up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from dtperf.flags import losses

if TYPE_CHECKING:
    from dtperf.flags import Flag
    from dtperf.results import Result
    from dtperf.summary import Efficiency, Station

__all__ = [
    "capital",
    "count",
    "headlines",
    "hidden_losses",
    "interval",
    "percent",
    "plus_minus",
    "signed",
    "verdict",
]

NEAR = 0.002
"""A station that has moved by less than this counts as where it was."""
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


def signed(difference: float) -> str:
    """Write a difference in points of percent."""
    return f"{100 * difference:+.2f}".replace("-", "−")


def verdict(result: Result, flags: Sequence[Flag], reference: Result | None) -> str:
    """Sum a result up: the largest loss, then all in one sentence."""
    parts = [_flagged(result, flags), _stations(result), _skipped(result)]
    if reference is not None:
        parts.insert(2, _compared(result, reference))
    sentences = [*headlines(flags), "; ".join(part for part in parts if part)]
    return " ".join(_sentence(each) for each in sentences)


def headlines(flags: Iterable[Flag]) -> list[str]:
    """Name what is flagged, the largest place first and with the reason; none without flags."""
    found = losses(flags)
    if not found:
        return []
    first, *rest = found
    named = [f"{each.place.name} ({each.flags[0].kind})" for each in rest[:LONGEST_LIST]]
    if len(rest) > LONGEST_LIST:
        named.append(f"{len(rest) - LONGEST_LIST} more")
    then = [f"then {_listed(named)}"] if named else []
    return [f"{first.place.name}: {first.flags[0].reason}", *then]


def hidden_losses(flags: Iterable[Flag]) -> list[str]:
    """Name each loss that the efficiency hides, the largest place first, in one line each."""
    return [f"{capital(each.place.name)}: {each.flags[0].reason}" for each in losses(flags)]


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _sentence(text: str) -> str:
    return f"{capital(text)}{'' if text.endswith('?') else '.'}"


def capital(text: str) -> str:
    """Begin with a capital letter; the rest, such as MB1, stays."""
    return text[:1].upper() + text[1:]


def _flagged(result: Result, flags: Sequence[Flag]) -> str:
    rows = result.by_chamber()
    flagged = len({chamber for flag in flags for chamber in flag.place.chambers})
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


def _compared(result: Result, reference: Result) -> str:
    before = {station.name: efficiency for station, efficiency in _measured(reference)}
    both = [(now, before[each.name]) for each, now in _measured(result) if each.name in before]
    near = sum(abs(now.value - then.value) <= NEAR for now, then in both)
    return f"{near} of {len(both)} stations are within {100 * NEAR:g} points of the reference"


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
