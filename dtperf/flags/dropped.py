"""Chambers that are less efficient than in an earlier result."""

from __future__ import annotations

from dtperf.comparison import changes
from dtperf.flags.model import Flag, Look, percent
from dtperf.results import Result

__all__ = ["MARGIN", "dropped"]

MARGIN = 0.005
"""A smaller drop is not told, however sure it is."""


def dropped(result: Result, reference: Result) -> list[Look]:
    """Test whether each chamber has the efficiency of the reference.

    Args:
        result: With 'by_chamber', or nothing is looked at.
        reference: A result of other events, too.

    Returns:
        One look a chamber that both have probes in.
    """
    if not (result.by_chamber() and reference.by_chamber()):
        return []
    looks = []
    for change in changes(reference, result).chambers:
        now, then = change.after, change.before
        reason = (
            f"efficiency {percent(now.value)} ({now.passed:,} of {now.total:,}), "
            f"which was {percent(then.value)} ({then.passed:,} of {then.total:,}) in the reference"
        )
        flag = Flag(change.place, "dropped", reason, change.p_value, loss=-change.difference)
        looks.append(Look(flag, change.difference < -MARGIN))
    return looks
