"""Make the flat arrays of the kernels of NanoEvents."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dtperf.detector import edge_distances
from dtperf.selection.arrays import Matches, Muons, Segments
from dtperf.selection.branches import (
    EDGES,
    EVENT_COLUMNS,
    EXTRAPOLATION_DTYPES,
    MATCH_DTYPES,
    MUON_DTYPES,
    OPTIONAL_EVENT_COLUMNS,
    PF,
    SEGMENT_DTYPES,
    TRACKER_ISO,
    TRIGGER_COLUMNS,
    Isolations,
)
from dtperf.selection.cuts import LARGEST_CATEGORY, Extrapolation
from dtperf.selection.flat_collection import Collection, codes, collection
from dtperf.selection.luminosity import WITHOUT_LUMINOSITY
from dtperf.selection.ragged import Ranges, count_bad_ranges, mask_not_finite
from dtperf.typing import F32, AnyArray

__all__ = ["FlatEvents", "StoredMatches", "flatten"]


class StoredMatches(NamedTuple):
    """The file's extrapolation of inner tracks."""

    matches: Matches
    ranges: Ranges


class FlatEvents(NamedTuple):
    """The columns of some events that the selection needs."""

    events: dict[str, AnyArray]
    """Event columns, each of shape (events,)."""
    muons: Muons
    stored: StoredMatches | None
    """None where the file's extrapolation is not used."""
    dxy: F32 | None
    """Distance of closest approach of each muon, cm; None where it is not used."""
    tracker_iso: F32 | None
    """Isolation of each muon by tracks; None where it is not used."""
    segments: Segments
    anomalies: dict[str, int]
    """Number of entries that no detector writes, by kind of anomaly."""


def flatten(
    events: Any,
    trigger: str,
    extrapolation: Extrapolation = "ntuple",
    isolations: Isolations = PF,
) -> FlatEvents:
    """Return the declared columns of NanoEvents as flat arrays, and check them.

    Args:
        events: NanoEvents made with `dtperf.nanoaod.MuonDPGSchema`, or a slice of them.
        trigger: What a tag must have fired, one of `TagCuts.trigger`.
        extrapolation: Whose extrapolation is used, `AnalysisConfig.extrapolation`.
        isolations: Which are used.

    Returns:
        Flat arrays. Matches and segments in chambers that do not exist or with coordinates that
        are not finite are marked as unusable and counted; muons that are not finite, wild numbers
        of runs, and events without the luminosity that others have, are counted.

    Raises:
        InputError: A column that the selection needs is not there.
    """
    import awkward as ak  # not needed where a skim has flat columns

    fires = TRIGGER_COLUMNS[trigger]
    dtypes = MUON_DTYPES | EXTRAPOLATION_DTYPES[extrapolation] | isolations.branches
    tracks = collection(events, "muon", dtypes | ({fires: np.bool_} if fires else {}))
    always = np.ones(len(tracks.columns["pt"]), dtype=np.bool_)
    tracks.columns["fires"] = tracks.columns[fires] if fires else always
    tracks.columns.update(isolations.of(tracks.columns))
    segments, segment_anomalies = _segments(collection(events, "dtSegment", SEGMENT_DTYPES))
    per_event = {name: ak.to_numpy(events[name]) for name in EVENT_COLUMNS}
    for column, branch in OPTIONAL_EVENT_COLUMNS.items():
        if branch in events.fields:
            per_event[column] = ak.to_numpy(events[branch])
    stored, dxy = None, None
    if extrapolation == "ntuple":
        stored, anomalies = _stored(events, tracks)
    else:
        dxy = tracks.columns["trk_dxy"]
        anomalies = {"muon_dxy_not_finite": int(np.count_nonzero(~np.isfinite(dxy)))}
    anomalies |= segment_anomalies | {
        "muon_not_finite": _count_not_finite(tracks.columns, MUON_DTYPES),
        "run_beyond_31_bits": _count_beyond(per_event["run"]),
        "luminosity_block_beyond_31_bits": _count_beyond(per_event["luminosityBlock"]),
    }
    if without := int(np.count_nonzero(np.isnan(per_event.get("inst_lumi", np.empty(0))))):
        anomalies[WITHOUT_LUMINOSITY] = without
    muons = Muons(*tracks.in_order(Muons))
    found = (tracks.columns.get(TRACKER_ISO), segments, anomalies)
    return FlatEvents(per_event, muons, stored, dxy, *found)


def _count_not_finite(columns: dict[str, AnyArray], dtypes: dict[str, Any]) -> int:
    """Return how many entries have a number that is NaN or infinite; they fail all cuts on it."""
    wrong = np.zeros(len(columns["pt"]), dtype=np.bool_)
    for name, dtype in dtypes.items():
        if dtype is np.float32:
            wrong |= ~np.isfinite(columns[name])
    return int(np.count_nonzero(wrong))


def _count_beyond(numbers: AnyArray) -> int:
    """Return how many events have a number beyond the axes of categories."""
    return int(np.count_nonzero(numbers > LARGEST_CATEGORY))


def _stored(events: Any, tracks: Collection) -> tuple[StoredMatches, dict[str, int]]:
    found = collection(events, "muon_matches", MATCH_DTYPES, EDGES)
    columns = found.columns
    columns["code"] = code = codes(columns)
    unknown = int(np.count_nonzero(code < 0))
    if "edgeX" not in columns:
        columns["edgeX"], columns["edgeY"] = edge_distances(code, columns["x"], columns["y"])
    x, y = columns["x"], columns["y"]
    not_finite = mask_not_finite(code, x, y, columns["edgeX"], columns["edgeY"])
    begin, end = tracks.columns["matches_begin"], tracks.columns["matches_end"]
    ranges = Ranges(found.offsets, begin, end)
    anomalies = {
        "muon_matches_range_outside_event": count_bad_ranges(tracks.offsets, ranges),
        "match_in_unknown_chamber": unknown,
        "match_not_finite": not_finite,
    }
    matches = Matches(*(columns[name] for name in Matches._fields))
    return StoredMatches(matches, ranges), anomalies


def _segments(found: Collection) -> tuple[Segments, dict[str, int]]:
    columns = found.columns
    columns["code"] = code = codes(columns)
    unknown = int(np.count_nonzero(code < 0))
    x, y = columns["seg4D_posLoc_x"], columns["seg4D_posLoc_y"]
    not_finite = mask_not_finite(code, x, y, x, y)
    anomalies = {"segment_in_unknown_chamber": unknown, "segment_not_finite": not_finite}
    return Segments(*found.in_order(Segments)), anomalies
