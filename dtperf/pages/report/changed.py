"""What has changed between results, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dtperf.detector import Place
from dtperf.diagnostics.comparison.spread import FEWEST
from dtperf.pages.report.words import count, signed

if TYPE_CHECKING:
    from dtperf.detector import Chamber
    from dtperf.diagnostics.comparison import Change, Changes, Spread

__all__ = ["allowance", "guarantee", "name", "points", "reason", "variation", "what_changed"]

MOST_NAMED = 3
FEWEST_RUNS = 3 * FEWEST // 2 + 2
"""In two results together."""
LONGEST_LIST = 3
MOST_DIGITS = 4
STATION = Place(station=1)


def points(change: Change) -> str:
    """Write a difference with its uncertainty, in points of percent."""
    error = 100 * change.uncertainty
    digits = 2
    if error > 0:
        digits = min(max(1 - math.floor(math.log10(error)), 2), MOST_DIGITS)
    return f"{signed(change.difference, digits)} ± {error:.{digits}f}"


def name(change: Change) -> str:
    """Name what has changed."""
    excluded = [place.name for place in change.without]
    if not excluded:
        return change.place.name
    parts = ", ".join(excluded) if len(excluded) <= LONGEST_LIST else f"{len(excluded)} parts"
    return f"{change.place.name} without {parts}"


def what_changed(found: Changes, names: Sequence[str] | None = None) -> str:
    """Return in one sentence, without a full stop, what has changed: the surest change first.

    Args:
        found: The changes.
        names: Of the results, to tell with which one it changed.
    """
    if not found.named:
        barrel = found.of(Place())
        moved = f": {barrel.place.name} has moved by {points(barrel)} points" if barrel else ""
        return f"nothing has changed beyond chance{moved}"
    first, *others = found.named
    text = f"{name(first)} has changed by {_how(first, names)}"
    text += "".join(f"; {name(each)} by {_how(each, names)}" for each in others[: MOST_NAMED - 1])
    more = len(others) - MOST_NAMED + 1
    return text + (f"; and {more} more" if more > 0 else "")


def _how(change: Change, names: Sequence[str] | None) -> str:
    since = f", from {names[change.at]} on" if names else ""
    return f"{points(change)} points ({change.sigmas:.1f} sigma{since})"


def reason(found: Changes, chamber: Chamber) -> str:
    """Return which change a chamber has its part in; empty if in none."""
    change = found.part_of(chamber)
    return "" if change is None else f"{name(change)} has changed by {points(change)} points"


def guarantee(found: Changes) -> str:
    """Return what was tested, and how often a change is named that is none."""
    return (
        f"{count(len(found.looks))} looks, from the whole barrel to the chambers, each compared "
        f"chamber by chamber; at most {100 * found.false_alarms:g} % of the changes named are "
        "there by chance"
    )


def allowance(found: Changes) -> str:
    """Return how uncertainties allow for what differs from run to run."""
    return variation(found.spread)


def variation(spread: Spread) -> str:
    """Return how much efficiencies vary from run to run, or why that is not known."""
    if spread.is_known:
        smallest = spread.family.places[-1]
        station, cell = (100 * spread.of_kind(each) for each in (STATION, smallest))
        what = "a chamber" if smallest.level == 0 else "one of its wheels"
        of_cell = f", {cell:.2f} of {what}" if smallest.level < STATION.level else ""
        return (
            "uncertainties allow for what differs from run to run beyond the counts, as estimated "
            f"from {count(spread.runs)} runs: {station:.2f} points of a station in one run"
            f"{of_cell}; p-values are Student's, since this is itself an estimate"
        )
    few = "what differs from run to run is not known: not all have measured 'by_chamber_and_run'"
    if spread.runs:
        few = (
            f"{spread.runs} runs are too few to tell what differs from run to run (it takes about "
            f"{FEWEST_RUNS} of equal size)"
        )
    return (
        f"{few}. Uncertainties are those of the counts alone: a change of conditions would be "
        "named as one of the detector"
    )
