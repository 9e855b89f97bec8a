"""Test the parts of chambers, such as layers and rolls, against their peers and a reference."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.detector import Place, chambers
from dtperf.diagnostics.flags.low import LOW_MARGIN
from dtperf.diagnostics.flags.model import Flag, Kind, PlaceTest, percent
from dtperf.statistics import efficiency, exact_test, special
from dtperf.typing import F64, I64

__all__ = ["Parts", "dropped_parts", "low_parts"]

FEWEST = 20
"""Probes of a part that says what is usual."""
NAMED = 0.01
"""A part is named in the reason if it would be flagged alone with this p-value."""
MOST_NAMED = 4


class Parts(NamedTuple):
    """Passed and total of the parts of each chamber, in the order of `detector.chambers()`."""

    what: str
    """What is counted, such as 'efficiency of layers'."""
    names: tuple[tuple[str, ...], ...]
    """Of each part, by the number of the station, 0 for MB1."""
    kinds: I64
    """Parts of one kind are peers of each other, shape (parts,)."""
    passed: I64
    """Shape (250, parts)."""
    total: I64
    """The same shape; 0 of what a chamber does not have."""

    @property
    def value(self) -> F64:
        """Passed over total, NaN without probes."""
        return efficiency(self.passed, self.total)


def usual(parts: Parts) -> F64:
    """Return what is usual of the peers, shape (250, parts), NaN without any.

    Peers are parts of one kind in the station, in the wheel and the one of its other side: as
    many layers are crossed under as many angles. Usual is the median of those with `FEWEST` probes;
    where most have fewer it is the efficiency of all together, as a median of few is too high.
    """
    found = np.full(parts.total.shape, np.nan)
    rings = np.array([3 * chamber.station + abs(chamber.wheel) for chamber in chambers()])
    for ring in np.unique(rings):
        for kind in np.unique(parts.kinds):
            here = np.ix_(rings == ring, parts.kinds == kind)
            passed, total = parts.passed[here], parts.total[here]
            many = total >= FEWEST
            if total.sum() and 2 * many.sum() >= (total > 0).sum():
                found[here] = np.median(passed[many] / total[many])
            elif total.sum() >= FEWEST:
                found[here] = passed.sum() / total.sum()
    return found


def low_parts(
    parts: Parts | None, kind: Kind, remarks: dict[int, str] | None = None
) -> list[PlaceTest]:
    """Test whether a part of each chamber is more than `LOW_MARGIN` below what is usual.

    Args:
        parts: Counts; None: nothing was measured, and nothing is tested.
        kind: Of the flags.
        remarks: What to add to the reason, by the number of the chamber.

    Returns:
        One test per chamber that has probes. Its p-value is the smallest binomial one of its
        parts, each just `LOW_MARGIN` below, times their number.
    """
    if parts is None:
        return []
    before = usual(parts)
    known = (parts.total > 0) & np.isfinite(before)
    least = np.where(known, np.maximum(before - LOW_MARGIN, 0.0), 1.0)
    p_values = np.where(known, special.bdtr(parts.passed, np.maximum(parts.total, 1), least), 1.0)
    number = known.sum(axis=1)
    tests = []
    for at in np.flatnonzero(number).tolist():
        reason = _reason(parts, at, before[at], p_values[at] * number[at], "usual")
        if remarks and at in remarks:
            reason = f"{reason}; {remarks[at]}"
        worst = int(p_values[at].argmin())
        loss = float(before[at, worst] - parts.value[at, worst])
        p_value = float(min(p_values[at].min() * number[at], 1.0))
        flag = Flag(Place(*chambers()[at]), kind, reason, p_value, loss=loss)
        tests.append(PlaceTest(flag, loss > LOW_MARGIN))
    return tests


def dropped_parts(parts: Parts | None, reference: Parts | None, kind: Kind) -> list[PlaceTest]:
    """Test whether a part of each chamber has the efficiency of the reference.

    Args:
        parts: Counts; None: nothing was measured, and nothing is tested.
        reference: Of another result; of other parts nothing is tested.
        kind: Of the flags.

    Returns:
        One test per chamber that both have probes in. Its p-value is the smallest of Fisher's of
        the parts that are more than `LOW_MARGIN` below the reference, times the number of all.
    """
    if parts is None or reference is None or parts.names != reference.names:
        return []
    both = (parts.total > 0) & (reference.total > 0)
    loss = np.where(both, reference.value - parts.value, 0.0)
    p_values = np.ones(loss.shape)
    lower = loss > LOW_MARGIN
    p_values[lower] = exact_test(
        *(each[lower] for each in (parts.passed, parts.total)),
        *(each[lower] for each in (reference.passed, reference.total)),
    )
    number = both.sum(axis=1)
    tests = []
    for at in np.flatnonzero(number).tolist():
        corrected = p_values[at] * number[at]
        reason = _reason(parts, at, reference.value[at], corrected, "in the reference")
        worst = int(p_values[at].argmin())
        p_value = float(min(corrected.min(), 1.0))
        place = Place(*chambers()[at])
        flag = Flag(place, kind, reason, p_value, loss=float(loss[at, worst]))
        tests.append(PlaceTest(flag, bool(lower[at].any())))
    return tests


def _reason(parts: Parts, at: int, before: F64, p_values: F64, beside: str) -> str:
    """Name the parts that are low, the least probable first; at least one."""
    order = np.argsort(p_values, kind="stable")
    low = [part for part in order if p_values[part] < NAMED] or [order[0]]
    names = parts.names[chambers()[at].station - 1]
    words = [
        f"{names[part]} {percent(parts.value[at, part])} "
        f"({parts.passed[at, part]:,} of {parts.total[at, part]:,}; "
        f"{percent(before[part])} {beside})"
        for part in low[:MOST_NAMED]
    ]
    more = f", and {len(low) - MOST_NAMED} more" if len(low) > MOST_NAMED else ""
    return f"{parts.what}: {', '.join(words)}{more}"
