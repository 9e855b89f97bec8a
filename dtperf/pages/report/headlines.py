"""The first lines on a result: what has changed, what is lost, and all in one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from dtperf.diagnostics import cells
from dtperf.diagnostics.flags import losses
from dtperf.pages.report.changed import what_changed
from dtperf.pages.report.words import capital, percent, sentence
from dtperf.wording import counted

if TYPE_CHECKING:
    from dtperf.diagnostics.comparison import Changes
    from dtperf.diagnostics.flags import Flag
    from dtperf.results.result import Result
    from dtperf.results.summary import Efficiency, StationEfficiency

__all__ = ["headlines", "hidden_losses", "verdict"]

LONGEST_LIST = 3


def verdict(result: Result, flags: Sequence[Flag], found: Changes | None = None) -> str:
    """Sum a result up: what has changed, the largest loss, then all in one sentence.

    Args:
        result: What was measured.
        flags: What is wrong with it.
        found: What has changed since a reference, if there is one.
    """
    since = [] if found is None else [f"since the reference {what_changed(found)}"]
    parts = [_flagged(result, flags), _cells(result), _stations(result), _skipped(result)]
    if found is not None and not found.named:
        # that nothing has changed is no headline
        parts, since = [*since, *parts], []
    sentences = [*since, *headlines(flags), "; ".join(part for part in parts if part)]
    return " ".join(sentence(each) for each in sentences)


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


def _cells(result: Result) -> str:
    """Count the cells that are ill; empty where they were not measured."""
    if any(name not in result.counts for name in cells.NEEDED):
        return ""
    kinds = Counter(each.kind for each in cells.find(result).flags)
    found = [f"{kinds[kind]:,} {kind}" for kind in ("dead", "weak", "noisy") if kinds[kind]]
    if not found:
        return "no cell is dead, weak or noisy"
    return f"{_listed(found)} cell{'s' * (sum(kinds.values()) != 1)}"


def _measured(result: Result) -> list[tuple[StationEfficiency, Efficiency]]:
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
    text = f"{counted(result.skipped_events, 'event')} of {counted(files, 'file')} were skipped"
    unknown = f", not counting those of {result.unknown_files:,} never opened"
    return f"{text} ({causes}){unknown if result.unknown_files else ''}"
