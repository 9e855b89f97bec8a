"""The best segment of a probe in one chamber."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numba
import numpy as np

from dtperf.typing import F32, I16, Bools

__all__ = ["PassingLimits", "best_segment", "distance"]


class PassingLimits(NamedTuple):
    """Cut values in the width they are compared in; max_dy is NaN where theta does not count."""

    max_dx: np.float32
    max_dy: np.float32
    max_dr: np.float32
    truncate: bool
    nearest: bool
    """Whether the nearest segment is the best one, not the one with most hits."""


@numba.njit(nogil=True, inline="always")
def distance(dx: np.float32, dy: np.float32) -> np.float32:
    """Give the distance in the chamber plane, cm."""
    return np.float32(sqrt(dx * dx + dy * dy))


@numba.njit(nogil=True, inline="always")
def best_segment(
    start: int,
    stop: int,
    codes: I16,
    segment_x: F32,
    segment_y: F32,
    has_phi: Bools,
    has_zed: Bools,
    hits: I16,
    code: int,
    x: np.float32,
    y: np.float32,
    limits: PassingLimits,
) -> int:
    """Find the segment with most hits, or the nearest one, that is close enough to the crossing.

    The nearest one is that of `getPassingProbeInCh` in the repository cmsdtoffline/DTTagAndProbe;
    which view has to be close enough is as for most hits.

    Args:
        start: First segment of the event.
        stop: One past the last segment of the event.
        codes: Chamber of each segment, shape (segments of all events,).
        segment_x: Its local x, cm, same shape.
        segment_y: Its local y, cm, same shape.
        has_phi: Whether it has a phi view, same shape.
        has_zed: Whether it has a theta view, same shape.
        hits: Hits of the views that it has, same shape.
        code: Chamber that is crossed.
        x: Local x of the crossing, cm.
        y: Local y of the crossing, cm.
        limits: Cut values.

    Returns:
        Index of the segment, -1 if there is none; of equals the first wins, and one without hits
        never does.
    """
    if limits.truncate:
        x, y = np.trunc(x), np.trunc(y)
    best = -1
    best_hits = 0
    max_dr = limits.max_dr
    for i in range(start, stop):
        if codes[i] != code or hits[i] <= best_hits:
            continue
        dx = abs(x - segment_x[i])
        dy = abs(y - segment_y[i])
        dr = distance(dx, dy)
        if dr < max_dr and (
            (has_phi[i] and dx < limits.max_dx) or (has_zed[i] and dy < limits.max_dy)
        ):
            best = i
            if limits.nearest:
                max_dr = dr
            else:
                best_hits = hits[i]
    return best
