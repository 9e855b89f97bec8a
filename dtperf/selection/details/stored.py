"""Read hits, expected wires and digis of segments from events."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dtperf.selection.details.branches import (
    DIGI_DTYPES,
    EXPECTED_DTYPES,
    HIT_DTYPES,
    RANGE_DTYPES,
)
from dtperf.selection.flat_collection import codes, collection, has_columns
from dtperf.typing import F32, I16, I64, U32

__all__ = [
    "LAYERS",
    "SUPERLAYERS",
    "THETA",
    "Digis",
    "SegmentContent",
    "no_digis",
    "read_digis",
    "read_segment_content",
]

SUPERLAYERS, LAYERS, THETA = 3, 4, 1
"""The second superlayer, counted from 0, measures theta."""


class SegmentContent(NamedTuple):
    """Hits and expected wires of the segments of all events."""

    hit_offsets: I64
    """Hits hit_offsets[i] to hit_offsets[i + 1] belong to event i, shape (events + 1,)."""
    hits_begin: U32
    """First hit of each segment, counted within its event, shape (segments,)."""
    hits_end: U32
    superlayer: I16
    """Of each hit, shape (hits,), as the next three."""
    layer: I16
    time: F32
    """ns, with the pedestal, as in digis."""
    time_cali: F32
    """ns, without it."""
    expected_offsets: I64
    """Shape (events + 1,)."""
    expected_begin: U32
    """First expected wire of each segment, counted within its event, shape (segments,)."""
    expected_end: U32
    expected_wire: I16
    """Shape (expected wires,)."""


class Digis(NamedTuple):
    """Digis of all events."""

    offsets: I64
    code: I16
    """Chamber, -1 if there is none."""
    superlayer: I16
    layer: I16
    wire: I16
    time: F32
    """ns, with the pedestal."""


def read_segment_content(events: Any) -> SegmentContent | None:
    """Return hits and expected wires of segments; None where the events do not have them."""
    has_all = (
        has_columns(events, "dtSegment", RANGE_DTYPES)
        and has_columns(events, "dtSegment_hits", HIT_DTYPES)
        and has_columns(events, "dtSegment_extr", EXPECTED_DTYPES)
    )
    if not has_all:
        return None
    _, ranges = collection(events, "dtSegment", RANGE_DTYPES)
    hit_offsets, hits = collection(events, "dtSegment_hits", HIT_DTYPES)
    expected_offsets, expected = collection(events, "dtSegment_extr", EXPECTED_DTYPES)
    return SegmentContent(
        *(hit_offsets, ranges["seg2D_hits_begin"], ranges["seg2D_hits_end"]),
        *(hits["superLayer"], hits["layer"], hits["time"], hits["timeCali"]),
        *(expected_offsets, ranges["seg4D_extr_begin"], ranges["seg4D_extr_end"]),
        expected["ExpWire"],
    )


def read_digis(events: Any) -> Digis | None:
    """Return the digis; None where the events do not have them."""
    if not has_columns(events, "dtDigi", DIGI_DTYPES):
        return None
    offsets, columns = collection(events, "dtDigi", DIGI_DTYPES)
    places = (columns["superLayer"], columns["layer"], columns["wire"])
    return Digis(offsets, codes(columns), *places, columns["time"])


def no_digis(events: int) -> Digis:
    """Return the digis of events without any."""
    nothing = np.empty(0, dtype=np.int16)
    offsets = np.zeros(events + 1, dtype=np.int64)
    return Digis(offsets, nothing, nothing, nothing, nothing, np.empty(0, dtype=np.float32))
