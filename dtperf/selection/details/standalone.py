"""Find the segments that standalone tracks of muons are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from dtperf.compiled import compiled
from dtperf.selection.flat_collection import collection, has_columns
from dtperf.typing import I64, U32, AnyArray, Bools

__all__ = [
    "MATCH_DTYPES",
    "MUON_DTYPES",
    "StandaloneSegments",
    "has_standalone",
    "is_in_standalone",
    "of_muons",
    "read_standalone",
]

MUON_DTYPES: Mapping[str, Any] = dict.fromkeys(("staMatches_begin", "staMatches_end"), np.uint32)
MATCH_DTYPES: Mapping[str, Any] = {"MuSegIdx": np.uint32}


class StandaloneSegments(NamedTuple):
    """The segments of the standalone tracks of all muons."""

    muon_offsets: I64
    """Muons offsets[i] to offsets[i + 1] belong to event i, shape (events + 1,)."""
    begin: U32
    """Of each muon, its first one among those of its event, shape (muons,)."""
    end: U32
    """One behind its last one."""
    offsets: I64
    """As `muon_offsets`, for `segment`."""
    segment: U32
    """Number of the segment in its event."""


def has_standalone(events: Any) -> bool:
    """Return whether the events have what `read_standalone` reads."""
    return has_columns(events, "muon", MUON_DTYPES) and has_columns(
        events, "muon_staMatches", MATCH_DTYPES
    )


def read_standalone(events: Any) -> StandaloneSegments:
    """Return the segments of the standalone tracks of muons.

    Args:
        events: NanoEvents made with `dtperf.nanoaod.MuonDPGSchema`, or a slice of them.
    """
    muon_offsets, muons = collection(events, "muon", MUON_DTYPES)
    offsets, matches = collection(events, "muon_staMatches", MATCH_DTYPES)
    ranges = (muons["staMatches_begin"], muons["staMatches_end"])
    return StandaloneSegments(muon_offsets, *ranges, offsets, matches["MuSegIdx"])


@compiled
def _limits(tracks: StandaloneSegments, event: int, muon: int) -> tuple[int, int]:
    """Return where the segments of a muon begin and end; nowhere if they lie outside its event."""
    first, last = np.int64(tracks.begin[muon]), np.int64(tracks.end[muon])
    start, stop = tracks.offsets[event], tracks.offsets[event + 1]
    if not first <= last <= stop - start:
        return start, start
    return start + first, start + last


@compiled
def of_muons(tracks: StandaloneSegments, is_used: Bools, segment_offsets: I64) -> Bools:
    """Return which segments muons have in their standalone tracks, shape (segments,).

    Args:
        tracks: From `read_standalone`.
        is_used: Which muons count, shape (muons,).
        segment_offsets: Segments offsets[i] to offsets[i + 1] belong to event i, shape
            (events + 1,).
    """
    marked = np.zeros(segment_offsets[-1], dtype=np.bool_)
    for event in range(len(tracks.muon_offsets) - 1):
        n_segments = segment_offsets[event + 1] - segment_offsets[event]
        for muon in range(tracks.muon_offsets[event], tracks.muon_offsets[event + 1]):
            if not is_used[muon]:
                continue
            first, last = _limits(tracks, event, muon)
            for i in range(first, last):
                if tracks.segment[i] < n_segments:
                    marked[segment_offsets[event] + np.int64(tracks.segment[i])] = True
    return marked


@compiled
def is_in_standalone(
    tracks: StandaloneSegments, event: AnyArray, muon: AnyArray, segment: AnyArray, offsets: I64
) -> Bools:
    """Return whether a muon has a segment in its standalone track.

    Args:
        tracks: From `read_standalone`.
        event: Of each row, shape (rows,).
        muon: Number of the muon among those of all events, same shape.
        segment: The same of the segment, -1 for none, same shape.
        offsets: Of the segments, as in `of_muons`.
    """
    found = np.zeros(len(event), dtype=np.bool_)
    for row in range(len(event)):
        if segment[row] < 0:
            continue
        number = segment[row] - offsets[event[row]]
        first, last = _limits(tracks, event[row], muon[row])
        for i in range(first, last):
            found[row] |= np.int64(tracks.segment[i]) == number
    return found
