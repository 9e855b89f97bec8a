"""Which of the 250 chambers is ill, how, and since when: ``flag(result, reference)``."""

from __future__ import annotations

from collections.abc import Sequence

from dtperf.flags.drifting import drifting
from dtperf.flags.dropped import dropped
from dtperf.flags.low import low
from dtperf.flags.model import Flag, Kind, Look
from dtperf.flags.regions import dead_regions
from dtperf.results import Result
from dtperf.statistics import false_discovery

__all__ = ["Flag", "Kind", "flag"]


def flag(
    result: Result, reference: Result | None = None, false_alarms: float = 0.01
) -> tuple[Flag, ...]:
    """Look at every chamber in four ways.

    Args:
        result: What is not measured in it is not looked at.
        reference: An earlier result of other events, to find what has dropped since.
        false_alarms: Part of the flags of each kind that may be there by chance.

    Returns:
        Flags, the most conspicuous one first; a chamber may have several.
    """
    looks = [low(result), drifting(result), dead_regions(result)]
    if reference is not None:
        looks.append(dropped(result, reference))
    found = [flag for each in looks for flag in _corrected(each) if flag.p_value <= false_alarms]
    return tuple(sorted(found, key=lambda flag: (flag.p_value, flag.chamber.name)))


def _corrected(looks: Sequence[Look]) -> list[Flag]:
    """Correct for the number of looks of one kind; those that do not matter were looks, too."""
    values = false_discovery([look.flag.p_value for look in looks])
    return [
        look.flag._replace(p_value=float(value))
        for look, value in zip(looks, values, strict=True)
        if look.matters
    ]
