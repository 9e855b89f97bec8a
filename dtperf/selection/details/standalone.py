"""Find the segments that standalone tracks of muons are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dtperf.compiled import compiled
from dtperf.selection.flat_collection import collection, has_columns
from dtperf.typing import I64, U32, Bools

__all__ = ["MATCH_DTYPES", "MUON_DTYPES", "has_standalone", "of_global_muons"]

MUON_DTYPES: Mapping[str, Any] = {
    **dict.fromkeys(("staMatches_begin", "staMatches_end"), np.uint32),
    "isGlobal": np.bool_,
}
MATCH_DTYPES: Mapping[str, Any] = {"MuSegIdx": np.uint32}


def has_standalone(events: Any) -> bool:
    """Return whether the events have what `of_global_muons` reads."""
    return has_columns(events, "muon", MUON_DTYPES) and has_columns(
        events, "muon_staMatches", MATCH_DTYPES
    )


def of_global_muons(events: Any, segment_offsets: I64) -> Bools:
    """Return which segments a global muon has in its standalone track, shape (segments,).

    Args:
        events: NanoEvents made with `dtperf.nanoaod.MuonDPGSchema`, or a slice of them.
        segment_offsets: Segments offsets[i] to offsets[i + 1] belong to event i, shape
            (events + 1,).
    """
    muon_offsets, muons = collection(events, "muon", MUON_DTYPES)
    offsets, matches = collection(events, "muon_staMatches", MATCH_DTYPES)
    begin, end = muons["staMatches_begin"], muons["staMatches_end"]
    pointed = (muons["isGlobal"], begin, end, offsets, matches["MuSegIdx"])
    return _mark(muon_offsets, *pointed, segment_offsets)


@compiled
def _mark(
    muon_offsets: I64,
    is_global: Bools,
    begin: U32,
    end: U32,
    match_offsets: I64,
    index: U32,
    segment_offsets: I64,
) -> Bools:
    marked = np.zeros(segment_offsets[-1], dtype=np.bool_)
    for event in range(len(muon_offsets) - 1):
        n_matches = match_offsets[event + 1] - match_offsets[event]
        n_segments = segment_offsets[event + 1] - segment_offsets[event]
        for muon in range(muon_offsets[event], muon_offsets[event + 1]):
            first, last = np.int64(begin[muon]), np.int64(end[muon])
            # what points outside its event points at nothing
            if not is_global[muon] or not first <= last <= n_matches:
                continue
            for match in range(match_offsets[event] + first, match_offsets[event] + last):
                if index[match] < n_segments:
                    marked[segment_offsets[event] + np.int64(index[match])] = True
    return marked
