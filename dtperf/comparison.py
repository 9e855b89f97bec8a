"""Two results side by side: which chambers have changed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf import geometry
from dtperf.errors import InputError
from dtperf.results import Result
from dtperf.statistics import exact_test, false_discovery
from dtperf.summary import Chamber, Efficiency

__all__ = ["Change", "changes", "shared_files"]


class Change(NamedTuple):
    """The fiducial efficiency of a chamber in two results."""

    chamber: geometry.Chamber
    before: Efficiency
    after: Efficiency
    p_value: float
    """Of equal efficiencies, to differ as much as these or more."""
    false_alarms: float
    """Part of false alarms among all chambers that are at least as conspicuous as this one."""

    @property
    def difference(self) -> float:
        """After minus before."""
        return self.after.value - self.before.value


def changes(before: Result, after: Result) -> tuple[Change, ...]:
    """Compare the fiducial efficiencies of the chambers.

    Args:
        before: The reference.
        after: What is compared with it. The p-values mean something only if it has measured other
            events, see `shared_files`.

    Returns:
        One row a chamber that both have probes in, the most conspicuous one first.

    Raises:
        InputError: One of them has not measured 'by_chamber'.
    """
    both = [
        (old.chamber, old.efficiency, new.efficiency)
        for old, new in zip(_chambers(before, "first"), _chambers(after, "second"), strict=True)
        if old.efficiency.total and new.efficiency.total
    ]
    counts = np.array(
        [(new.passed, new.total, old.passed, old.total) for _, old, new in both], dtype=np.int64
    ).reshape(-1, 4)
    p_values = exact_test(*counts.T)
    alarms = false_discovery(p_values)
    rows = [
        Change(*each, float(p), float(q)) for each, p, q in zip(both, p_values, alarms, strict=True)
    ]
    return tuple(sorted(rows, key=lambda row: row.p_value))


def shared_files(before: Result, after: Result) -> int:
    """Count the files that both have read: what comes of the same events is no second sample."""
    read = [
        {row.identity for row in each.ledger if row.status == "read" and row.events}
        for each in (before, after)
    ]
    return len(read[0] & read[1])


def _chambers(result: Result, which: str) -> tuple[Chamber, ...]:
    found = result.by_chamber()
    if not found:
        raise InputError(f"the {which} result lacks 'by_chamber': measure it, to compare chambers")
    return found
