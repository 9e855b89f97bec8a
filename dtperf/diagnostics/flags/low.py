"""Test for chambers below the median of their station, or below an earlier result."""

from __future__ import annotations

import numpy as np

from dtperf.detector import Place
from dtperf.diagnostics.comparison import Changes, changes
from dtperf.diagnostics.flags.model import Flag, PlaceTest, percent
from dtperf.results.result import Result
from dtperf.statistics import special

__all__ = ["DROPPED_MARGIN", "LOW_MARGIN", "dropped", "low"]

LOW_MARGIN = 0.01
"""Healthy chambers differ by less."""


def low(result: Result) -> list[PlaceTest]:
    """Test whether each chamber is more than `LOW_MARGIN` below the median of its station.

    Args:
        result: With 'by_chamber', else nothing is tested.

    Returns:
        One test per chamber that has probes. Its p-value is the probability that a chamber just
        `LOW_MARGIN` below the median passes as few probes.
    """
    rows = [row for row in result.by_chamber() if row.efficiency.total]
    tests = []
    for station in range(1, 5):
        peers = [row for row in rows if row.chamber.station == station]
        usual = float(np.median([row.efficiency.value for row in peers])) if peers else 0.0
        for row in peers:
            k, n = row.efficiency.passed, row.efficiency.total
            reason = (
                f"efficiency {percent(row.efficiency.value)} ({k:,} of {n:,}); "
                f"the median of MB{station} is {percent(usual)}"
            )
            p_value = float(special.bdtr(k, n, max(usual - LOW_MARGIN, 0.0)))
            loss = usual - row.efficiency.value
            found = Flag(Place(*row.chamber), "low", reason, p_value, loss=loss)
            tests.append(PlaceTest(found, row.efficiency.value < usual - LOW_MARGIN))
    return tests


DROPPED_MARGIN = 0.005
"""A smaller drop is not flagged, however significant it is."""


def dropped(result: Result, reference: Result, found: Changes | None = None) -> list[PlaceTest]:
    """Test whether each chamber has the efficiency of the reference.

    Args:
        result: With 'by_chamber', else nothing is tested.
        reference: A result of other events, too.
        found: What `changes(reference, result)` gives, where it is known.

    Returns:
        One test per chamber that both have probes in.
    """
    if not (result.by_chamber() and reference.by_chamber()):
        return []
    tests = []
    for change in (found or changes(reference, result)).chambers:
        now, then = change.after, change.before
        reason = (
            f"efficiency {percent(now.value)} ({now.passed:,} of {now.total:,}), "
            f"which was {percent(then.value)} ({then.passed:,} of {then.total:,}) in the reference"
        )
        flag = Flag(change.place, "dropped", reason, change.p_value, loss=-change.difference)
        tests.append(PlaceTest(flag, change.difference < -DROPPED_MARGIN))
    return tests
