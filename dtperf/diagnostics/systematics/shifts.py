"""Shifts of efficiencies by other cuts on the same events, with their own uncertainties."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.typing import I64, AnyArray

__all__ = ["Shift", "least_moved", "moved", "subtracted"]

OUTCOME = np.array([0.0, 0.0, 1.0])
"""Of not counted, failed, passed."""
COUNTED = np.array([0.0, 1.0, 1.0])


class Shift(NamedTuple):
    """The efficiency with other cuts minus the nominal one, arrays of the same shape."""

    value: AnyArray
    """NaN without probes."""
    uncertainty: AnyArray
    """One standard deviation, by the probes that have moved: what both have in common has dropped
    out. NaN: not known."""


def moved(joint: I64) -> Shift:
    """Return the shift between two selections of the same events.

    Each probe changes the difference of two ratios by its influence, (outcome − efficiency) / total
    with the other cuts minus the same with the nominal ones; the variance is the sum of squares.
    Where fewer than one of the probes that came or went has failed, as many count there as are
    expected, one at most: that a few have all passed is no evidence.

    Args:
        joint: Probes by their outcome with the nominal cuts and with the others, each not counted,
            failed, passed: shape (…, 3, 3).

    Source: F. R. Hampel, J. Am. Stat. Assoc. 69 (1974) 383, for the influence.
    """
    before, after = joint.sum(axis=-1), joint.sum(axis=-2)
    (old, of_old), (new, of_new) = _influence(before), _influence(after)
    each = of_new[..., np.newaxis, :] - of_old[..., :, np.newaxis]
    counts, both = joint.astype(np.float64), (before + after)[..., 1:]
    counts[..., 0, 1:] = _at_least_expected(joint[..., 0, 1:], both)
    counts[..., 1:, 0] = _at_least_expected(joint[..., 1:, 0], both)
    return Shift(new - old, np.sqrt((counts * each**2).sum(axis=(-2, -1))))


def _at_least_expected(counts: I64, like: I64) -> AnyArray:
    """Return counts of failed and passed, of which none is below what others let expect, or one."""
    total = np.maximum(like.sum(axis=-1, keepdims=True), 1)
    expected = counts.sum(axis=-1, keepdims=True) * like / total
    return np.asarray(np.maximum(counts, np.minimum(expected, 1.0)))


def _influence(counts: I64) -> tuple[AnyArray, AnyArray]:
    """Return efficiencies, and how far a probe of each outcome moves them, shape (…, 3)."""
    total = counts[..., 1:].sum(axis=-1).astype(np.float64)
    some = np.where(total > 0, total, np.nan)
    efficiency = counts[..., 2] / some
    distance = (OUTCOME - efficiency[..., np.newaxis]) * COUNTED
    return efficiency, distance / some[..., np.newaxis]


def least_moved(before: I64, after: I64) -> I64:
    """Return the joint counts of two selections of which only the sums are known.

    As many probes as can be are taken for the same ones, so that the uncertainty is a lower limit.

    Args:
        before: Failed and passed with the nominal cuts, shape (…, 2).
        after: The same with the others.
    """
    joint = np.zeros((*before.shape[:-1], 3, 3), dtype=np.int64)
    same = np.minimum(before, after)
    lost, won = before - same, after - same
    for outcome in (0, 1):
        turned = np.minimum(lost[..., outcome], won[..., 1 - outcome])
        joint[..., outcome + 1, outcome + 1] = same[..., outcome]
        joint[..., outcome + 1, 2 - outcome] = turned
        joint[..., outcome + 1, 0] = lost[..., outcome] - turned
        joint[..., 0, 2 - outcome] = won[..., 1 - outcome] - turned
    return joint


def subtracted(
    counts: I64, background: I64, scale: AnyArray | float = 1.0, scale_error: AnyArray | float = 0.0
) -> Shift:
    """Return the shift where a background is subtracted that other probes tell.

    Args:
        counts: Failed and passed with the nominal cuts, shape (…, 2).
        background: Failed and passed of the others, same shape; none of them is among the first.
        scale: Background probes among the nominal ones for each of the others.
        scale_error: Its standard deviation.
    """
    total, other = counts.sum(axis=-1), background.sum(axis=-1)
    left = np.where(total > scale * other, total - scale * other, np.nan)
    nominal = counts[..., 1] / np.where(total > 0, total, np.nan)
    efficiency = (counts[..., 1] - scale * background[..., 1]) / left
    some = np.where(total > 0, total, np.nan)
    of_background = np.zeros(np.shape(left))
    of_counts = np.zeros(np.shape(left))
    seen = _at_least_expected(background, counts)  # as in `moved`
    for passed in (0, 1):
        here = (passed - efficiency) / left
        of_counts = of_counts + counts[..., passed] * (here - (passed - nominal) / some) ** 2
        of_background = of_background + seen[..., passed] * here**2
    of_scale = (efficiency * other - background[..., 1]) / left
    variance = of_counts + scale**2 * of_background + (of_scale * scale_error) ** 2
    return Shift(efficiency - nominal, np.sqrt(variance))
