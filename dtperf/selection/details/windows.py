"""When a digi of a segment is in time: in a fixed window, or by the pedestal of its hits."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.compiled import compiled, inlined
from dtperf.selection.details.stored import SUPERLAYERS, SegmentContent
from dtperf.typing import F32

__all__ = ["DigiLimits", "find_windows"]

FEW_HITS = 16
"""Up to this number of hits insertion is the fastest way to sort them."""


class DigiLimits(NamedTuple):
    """When a digi is in time: in a fixed window, or by the pedestal of the segment's hits."""

    low_ns: np.float32
    """Beginning of the window; NaN: by the pedestal."""
    high_ns: np.float32
    before_ns: np.float32
    """How long before the pedestal the window begins."""
    after_ns: np.float32


@inlined
def _median(values: F32, number: int) -> np.float32:
    """Return the median of the first values, NaN of none; puts them in order, NaN last."""
    if not number:
        return np.float32(np.nan)
    if number > FEW_HITS:
        values[:number] = np.sort(values[:number])
    else:
        for i in range(1, number):
            value, at = values[i], i
            while at and (
                values[at - 1] > value or (np.isnan(values[at - 1]) and not np.isnan(value))
            ):
                values[at] = values[at - 1]
                at -= 1
            values[at] = value
    middle = number // 2
    if number % 2:
        return np.float32(values[middle])
    return np.float32((values[middle - 1] + values[middle]) / 2)


@compiled
def find_windows(
    content: SegmentContent,
    begin: int,
    end: int,
    limits: DigiLimits,
    pedestals: F32,
    low: F32,
    high: F32,
) -> None:
    """Put into low and high, shape (3,), when digis of each superlayer are in time.

    The pedestal is the median over the segment's hits in the superlayer; without such hits, over
    those in the other one of the view; NaN, of neither, lets no digi pass. `pedestals` is memory
    for as many numbers as there are hits.
    """
    superlayers, times, calibrated = content.superlayer, content.time, content.time_cali
    if not np.isnan(limits.low_ns):
        low[:], high[:] = limits.low_ns, limits.high_ns
        return
    for superlayer in range(SUPERLAYERS):
        number = 0
        for i in range(begin, end):
            if superlayers[i] == superlayer + 1:
                pedestals[number] = times[i] - calibrated[i]
                number += 1
        low[superlayer] = high[superlayer] = _median(pedestals, number)
    for superlayer, other in ((0, 2), (2, 0)):
        if np.isnan(low[superlayer]):
            low[superlayer] = high[superlayer] = high[other]
    for superlayer in range(SUPERLAYERS):
        low[superlayer] -= limits.before_ns
        high[superlayer] += limits.after_ns
