"""Content that no detector writes: counted, and kept out of the measurement."""

from __future__ import annotations

import numpy as np

from dtperf.compiled import compiled
from dtperf.kernels.ranges import Ranges
from dtperf.typing import F32, I16, I64

__all__ = ["count_bad_ranges", "mask_not_finite"]


@compiled
def mask_not_finite(codes: I16, x: F32, y: F32, edge_x: F32, edge_y: F32) -> int:
    """Take entries with a NaN or infinite coordinate out of use.

    Args:
        codes: Chamber codes, shape (n,); set to -1 in place where a coordinate is not finite.
        x: Local x, cm, shape (n,).
        y: Local y, cm, shape (n,).
        edge_x: Distance from the edge, or x again where there is none, shape (n,).
        edge_y: Distance from the edge, or y again where there is none, shape (n,).

    Returns:
        How many entries, known chamber or not, have a coordinate that is not finite.
    """
    count = 0
    for i in range(len(codes)):
        if not np.isfinite(
            np.float64(x[i]) + np.float64(y[i]) + np.float64(edge_x[i]) + np.float64(edge_y[i])
        ):
            codes[i] = -1
            count += 1
    return count


@compiled
def count_bad_ranges(muon_offsets: I64, ranges: Ranges) -> int:
    """Count the muons whose range of matches points outside their event."""
    begins, ends, offsets = ranges.begin, ranges.end, ranges.offsets
    count = 0
    for event in range(len(muon_offsets) - 1):
        available = offsets[event + 1] - offsets[event]
        for i in range(muon_offsets[event], muon_offsets[event + 1]):
            if begins[i] > ends[i] or ends[i] > available:
                count += 1
    return count
