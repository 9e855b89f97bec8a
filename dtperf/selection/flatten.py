"""NanoEvents to the flat arrays of the kernels."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import awkward as ak
import numpy as np

from dtperf.detector import chamber_codes, edge_distances
from dtperf.errors import InputError
from dtperf.selection.arrays import Matches, Muons, Segments
from dtperf.selection.cuts import LARGEST_CATEGORY, Extrapolation, TagAndProbe
from dtperf.selection.ragged import Ranges, count_bad_ranges, mask_not_finite
from dtperf.typing import F32, I16, I64, AnyArray

__all__ = [
    "OPTIONAL_EVENT_COLUMNS",
    "TRACKER_ISO",
    "FlatEvents",
    "Isolations",
    "flatten",
    "isolations",
    "needed_branches",
    "optional_branches",
]

EVENT_COLUMNS = ("run", "luminosityBlock")
OPTIONAL_EVENT_COLUMNS = {"inst_lumi": "lumi_instLumi", "pileup": "lumi_avgPileUp"}
EDGES = ("edgeX", "edgeY")

MUON_DTYPES = {
    **dict.fromkeys(("pt", "eta", "phi", "pfIso04", "trk_dz"), np.float32),
    "charge": np.int32,
    **dict.fromkeys(("isTight", "isTracker", "isRPC"), np.bool_),
    **dict.fromkeys(("trk_origAlgo", "trk_numberOfValidPixelHits"), np.int16),
    "trk_numberOfValidTrackerLayers": np.int16,
    "rpcMu_numberOfMatchedRPCLayers": np.int16,
    "trkMu_stationMask": np.uint8,
}
EXTRAPOLATION_DTYPES: dict[Extrapolation, dict[str, Any]] = {
    "ntuple": dict.fromkeys(("matches_begin", "matches_end"), np.uint32),
    "helix": {"trk_dxy": np.float32},
}
MATCH_DTYPES = {
    **dict.fromkeys(("wheel", "sector", "station"), np.int16),
    **dict.fromkeys(("x", "y"), np.float32),
}
SEGMENT_DTYPES = {
    **dict.fromkeys(("wheel", "sector", "station"), np.int16),
    **dict.fromkeys(("seg4D_posLoc_x", "seg4D_posLoc_y", "seg2D_phi_t0"), np.float32),
    **dict.fromkeys(("seg4D_hasPhi", "seg4D_hasZed"), np.bool_),
    **dict.fromkeys(("seg2D_phi_nHits", "seg2D_z_nHits"), np.int16),
}


TRACKER_ISO = "trkIso03"
ISO_COLUMNS = {"pf": "pfIso04", "tracker": TRACKER_ISO}
TRACKER_ISO_COLUMNS = frozenset(("tag_tracker_iso", "probe_tracker_iso"))
TRIGGER_COLUMNS = {"isolated": "firesIsoTrig", "single": "firesTrig", "none": None}


class Isolations(NamedTuple):
    """Which isolations are used."""

    tag: str = "pf"
    """`TagCuts.iso`."""
    probe: str = "pf"
    """`ProbeCuts.iso`."""
    with_tracker: bool = False
    """Whether that of tracks is taken out of the events though no cut is on it."""

    @property
    def branches(self) -> dict[str, Any]:
        """Columns of the muons that are needed beside those of `MUON_DTYPES`, with their dtypes."""
        is_used = self.with_tracker or "tracker" in (self.tag, self.probe)
        return {TRACKER_ISO: np.float32} if is_used else {}

    def of(self, columns: Mapping[str, F32]) -> dict[str, F32]:
        """Return what is cut on, by the names that `Muons` has for it."""
        return {
            "tag_iso": columns[ISO_COLUMNS[self.tag]],
            "probe_iso": columns[ISO_COLUMNS[self.probe]],
        }


PF = Isolations()


def isolations(config: TagAndProbe) -> Isolations:
    """Return which isolations a config uses, in cuts and in measurements."""
    is_measured = bool(TRACKER_ISO_COLUMNS & config.filled_columns())
    selection = config.selection
    return Isolations(selection.tag.iso, selection.probe.iso, is_measured)


class StoredMatches(NamedTuple):
    """The file's extrapolation of inner tracks."""

    matches: Matches
    ranges: Ranges


class FlatEvents(NamedTuple):
    """Everything the measurement needs of some events."""

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
    """How often something was found that no detector writes, by name."""


def flatten(
    events: Any,
    trigger: str,
    extrapolation: Extrapolation = "ntuple",
    isolations: Isolations = PF,
) -> FlatEvents:
    """Take the declared columns out of NanoEvents, and check them.

    Args:
        events: NanoEvents made with `dtperf.nanoaod.MuonDPGSchema`, or a slice of them.
        trigger: What a tag must have fired, one of `TagCuts.trigger`.
        extrapolation: Whose extrapolation is used, `AnalysisConfig.extrapolation`.
        isolations: Which are used.

    Returns:
        Flat arrays. Matches and segments in chambers that do not exist or with coordinates that
        are not finite are marked as unusable and counted; muons that are not finite, and wild
        numbers of runs, are counted.

    Raises:
        InputError: A column that the selection needs is not there.
    """
    fires, used = TRIGGER_COLUMNS[trigger], EXTRAPOLATION_DTYPES[extrapolation]
    asked = {fires: np.bool_} if fires else {}
    wanted = {**MUON_DTYPES, **used, **asked, **isolations.branches}
    tracks = _collection(events, "muon", wanted)
    always = np.ones(len(tracks.columns["pt"]), dtype=np.bool_)
    tracks.columns["fires"] = tracks.columns[fires] if fires else always
    tracks.columns.update(isolations.of(tracks.columns))
    segments, segment_anomalies = _segments(_collection(events, "dtSegment", SEGMENT_DTYPES))
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
    muons = Muons(*tracks.in_order(Muons))
    found = (tracks.columns.get(TRACKER_ISO), segments, anomalies)
    return FlatEvents(per_event, muons, stored, dxy, *found)


def _count_not_finite(columns: dict[str, AnyArray], dtypes: dict[str, Any]) -> int:
    """Count the entries of which a number of these is NaN or infinite; they fail all cuts on it."""
    wrong = np.zeros(len(columns["pt"]), dtype=np.bool_)
    for name, dtype in dtypes.items():
        if dtype is np.float32:
            wrong |= ~np.isfinite(columns[name])
    return int(np.count_nonzero(wrong))


def _count_beyond(numbers: AnyArray) -> int:
    """Count the events with a number that no axis of categories can have."""
    return int(np.count_nonzero(numbers > LARGEST_CATEGORY))


def needed_branches(
    trigger: str, extrapolation: Extrapolation = "ntuple", isolations: Isolations = PF
) -> frozenset[str]:
    """Name the branches without which nothing can be measured; arguments as in `flatten`."""
    fires, used = TRIGGER_COLUMNS[trigger], EXTRAPOLATION_DTYPES[extrapolation]
    of_muons = (*MUON_DTYPES, *used, *isolations.branches, fires)
    names = [*EVENT_COLUMNS, *(f"muon_{name}" for name in of_muons if name)]
    if extrapolation == "ntuple":
        names += [f"muon_matches_{name}" for name in MATCH_DTYPES]
    names += [f"dtSegment_{name}" for name in SEGMENT_DTYPES]
    return frozenset(names)


def optional_branches(
    columns: Collection[str], extrapolation: Extrapolation = "ntuple"
) -> frozenset[str]:
    """Name the branches that are read where a file has them.

    Args:
        columns: Columns of the tables that measurements use.
        extrapolation: Whose extrapolation is used, `AnalysisConfig.extrapolation`.
    """
    wanted = {OPTIONAL_EVENT_COLUMNS[name] for name in OPTIONAL_EVENT_COLUMNS if name in columns}
    if extrapolation == "ntuple":
        wanted |= {f"muon_matches_{name}" for name in EDGES}
    return frozenset(wanted)


def branches_of(config: TagAndProbe) -> tuple[frozenset[str], frozenset[str]]:
    """Name the branches that a config needs, and those that are read where a file has them."""
    extrapolation = config.extrapolation
    needed = needed_branches(config.selection.tag.trigger, extrapolation, isolations(config))
    return needed, optional_branches(config.filled_columns(), extrapolation)


class _Collection(NamedTuple):
    offsets: I64
    columns: dict[str, AnyArray]

    def in_order(self, kind: Any) -> tuple[AnyArray, ...]:
        return (self.offsets, *(self.columns[name] for name in kind._fields[1:]))


def _collection(
    events: Any, name: str, dtypes: dict[str, Any], optional: tuple[str, ...] = ()
) -> _Collection:
    present = set(events[name].fields) if name in events.fields else set()
    missing = dtypes.keys() - present
    if missing:
        named = ", ".join(sorted(f"{name}_{field}" for field in missing))
        msg = f"the events have no {named}: is this a muon DPG NANO file?"
        raise InputError(msg, "missing-branch")
    wanted = [*dtypes, *(field for field in optional if field in present)]
    layout = events[name].layout
    if not _is_plain(layout):  # a slice
        layout = ak.to_packed(events[name][wanted]).layout
    offsets = np.asarray(ak.to_numpy(layout.offsets.data), dtype=np.int64)
    columns = {
        field: _as_type(
            ak.to_numpy(layout.content.content(field)[offsets[0] : offsets[-1]]),
            np.dtype(dtypes.get(field, np.float32)),
        )
        for field in wanted
    }
    return _Collection(offsets - offsets[0], columns)


def _as_type(values: AnyArray, dtype: np.dtype[Any]) -> AnyArray:
    """Return numbers of another width; one that does not fit is the largest, which nothing has."""
    if values.dtype.kind in "iu" and dtype.kind in "iu" and not np.can_cast(values.dtype, dtype):
        limits = np.iinfo(dtype)
        fits = (values >= limits.min) & (values <= limits.max)
        values = np.where(fits, values, limits.max)
    with np.errstate(over="ignore"):  # what is not finite is dealt with where it matters
        return values.astype(dtype, copy=False)


def _is_plain(layout: Any) -> bool:
    """Return whether the lists of a collection are stored one after the other."""
    contents = ak.contents
    return isinstance(layout, contents.ListOffsetArray) and isinstance(
        layout.content, contents.RecordArray
    )


def _codes(columns: dict[str, AnyArray]) -> I16:
    return chamber_codes(columns["wheel"], columns["sector"], columns["station"])


def _stored(events: Any, tracks: _Collection) -> tuple[StoredMatches, dict[str, int]]:
    collection = _collection(events, "muon_matches", MATCH_DTYPES, EDGES)
    columns = collection.columns
    columns["code"] = codes = _codes(columns)
    unknown = int(np.count_nonzero(codes < 0))
    if "edgeX" not in columns:
        columns["edgeX"], columns["edgeY"] = edge_distances(codes, columns["x"], columns["y"])
    x, y = columns["x"], columns["y"]
    not_finite = mask_not_finite(codes, x, y, columns["edgeX"], columns["edgeY"])
    begin, end = tracks.columns["matches_begin"], tracks.columns["matches_end"]
    ranges = Ranges(collection.offsets, begin, end)
    anomalies = {
        "muon_matches_range_outside_event": count_bad_ranges(tracks.offsets, ranges),
        "match_in_unknown_chamber": unknown,
        "match_not_finite": not_finite,
    }
    matches = Matches(*(columns[name] for name in Matches._fields))
    return StoredMatches(matches, ranges), anomalies


def _segments(collection: _Collection) -> tuple[Segments, dict[str, int]]:
    columns = collection.columns
    columns["code"] = codes = _codes(columns)
    unknown = int(np.count_nonzero(codes < 0))
    x, y = columns["seg4D_posLoc_x"], columns["seg4D_posLoc_y"]
    not_finite = mask_not_finite(codes, x, y, x, y)
    anomalies = {"segment_in_unknown_chamber": unknown, "segment_not_finite": not_finite}
    return Segments(*collection.in_order(Segments)), anomalies
