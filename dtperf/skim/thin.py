"""Convert flat events to the columns of a skim, and back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dtperf.detector import chamber_codes, sectors, stations, wheels
from dtperf.selection.arrays import Matches, Muons, Segments
from dtperf.selection.branches import (
    MUON_DTYPES,
    OPTIONAL_EVENT_COLUMNS,
    PF,
    SEGMENT_DTYPES,
    TRACKER_ISO,
    TRIGGER_COLUMNS,
    Isolations,
)
from dtperf.selection.crossings import count_hits
from dtperf.selection.extrapolation import extrapolate
from dtperf.selection.flatten import FlatEvents, StoredMatches
from dtperf.selection.pairs import PairLimits
from dtperf.selection.ragged import Ranges, numbers
from dtperf.skim.columns import Collection, Columns
from dtperf.skim.details import Details
from dtperf.skim.keep import KeptMuons, find_kept, keep_matches, keep_segments
from dtperf.typing import AnyArray

__all__ = ["by_either_isolation", "expanded", "thinned"]

PLACE = ("wheel", "sector", "station")
NOWHERE = -99


def thinned(
    flat: FlatEvents,
    limits: PairLimits,
    fires: Mapping[str, AnyArray],
    details: Details = Details(),  # noqa: B008  # it is frozen
) -> Columns:
    """Return the columns that any selection within the loosest cuts can need.

    `fires` are the muons' trigger columns that are kept, by name; `details` what measurements need
    beside pairs and crossings.
    """
    kept = find_kept(by_either_isolation(flat), limits)
    if details.all_events:
        kept = kept._replace(events=np.arange(len(flat.muons.offsets) - 1))
    more = {name: each.columns for name, each in details.collections.items()}
    events, muons = (
        kept.events,
        numbers(flat.muons.offsets[kept.events], flat.muons.offsets[kept.events + 1]),
    )
    tracks = {name: getattr(flat.muons, name) for name in MUON_DTYPES} | dict(fires)
    if flat.dxy is not None:
        tracks["trk_dxy"] = flat.dxy
    if flat.tracker_iso is not None:
        tracks[TRACKER_ISO] = flat.tracker_iso
    tracks |= more.pop("muon", {})
    records = {name: column[muons] for name, column in tracks.items()}
    collections = {}
    if flat.stored is not None:
        matches, ranges = _matches(flat, kept, more.pop("muon_matches", {}))
        collections["muon_matches"] = matches
        records |= ranges
    if details.all_events:
        taken, segment_offsets = _all_of(flat.segments.offsets, events)
    else:
        is_stored = flat.stored is not None
        codes, offsets = (
            (_codes(matches.columns), matches.offsets) if is_stored else _crossed(flat, kept)
        )
        hits = count_hits(flat.segments)
        of_events = (events, flat.segments.offsets, flat.segments.code, hits)
        taken, segment_offsets = keep_segments(*of_events, offsets, codes)
    segments = {
        name: getattr(flat.segments, name)[taken] for name in SEGMENT_DTYPES if name not in PLACE
    }
    segments |= _places(flat.segments.code[taken])
    segments |= {name: column[taken] for name, column in more.pop("dtSegment", {}).items()}
    collections["dtSegment"] = Collection(segment_offsets, segments)
    collections["muon"] = Collection(_offsets(flat.muons.offsets, events), records)
    for name, columns in more.items():
        rows, begins = _all_of(details.collections[name].offsets, events)
        collections[name] = Collection(begins, {n: values[rows] for n, values in columns.items()})
    branches = {OPTIONAL_EVENT_COLUMNS.get(name, name): v for name, v in flat.events.items()}
    columns_of_events = {name: values[events] for name, values in branches.items()}
    for name in ("run", "luminosityBlock"):
        columns_of_events[name] = columns_of_events[name].astype(np.uint32, copy=False)
    return Columns(columns_of_events, collections)


def by_either_isolation(flat: FlatEvents) -> Muons:
    """Return muons that pass a cut on isolation if they pass it by particle flow or by tracks."""
    if flat.tracker_iso is None:
        return flat.muons
    lower = np.fmin(flat.muons.pfIso04, flat.tracker_iso)
    return flat.muons._replace(tag_iso=lower, probe_iso=lower)


def expanded(columns: Columns, trigger: str = "none", isolations: Isolations = PF) -> FlatEvents:
    """Return the flat arrays that the kernels take, of the columns of a skim.

    The isolation by tracks is given wherever it is there. There are no anomalies: they were
    counted when the events were thinned.
    """
    tracks = columns.collections["muon"]
    offsets = tracks.offsets.astype(np.int64)
    typed: dict[str, AnyArray] = {}
    for name, kind in MUON_DTYPES.items():
        typed[name] = tracks.columns[name].astype(kind, copy=False)
    fired = TRIGGER_COLUMNS[trigger]
    typed["fires"] = tracks.columns[fired] if fired else np.ones(len(typed["pt"]), dtype=np.bool_)
    tracker_iso = tracks.columns.get(TRACKER_ISO)
    typed.update(isolations.of(tracks.columns))
    muons = Muons(offsets, *(typed[name] for name in Muons._fields[1:]))
    stored, dxy = None, None
    if "muon_matches" in columns.collections:
        found = columns.collections["muon_matches"]
        ranges = Ranges(
            found.offsets.astype(np.int64),
            *(tracks.columns[f"matches_{n}"].astype(np.uint32) for n in ("begin", "end")),
        )
        content = {n: v for n, v in found.columns.items() if n not in PLACE}
        content["code"] = _codes(found.columns)
        stored = StoredMatches(Matches(*(content[name] for name in Matches._fields)), ranges)
    else:
        dxy = tracks.columns["trk_dxy"]
    names = {branch: name for name, branch in OPTIONAL_EVENT_COLUMNS.items()}
    events = {names.get(branch, branch): values for branch, values in columns.events.items()}
    return FlatEvents(events, muons, stored, dxy, tracker_iso, _segments(columns), {})


def _segments(columns: Columns) -> Segments:
    offsets, found = columns.collections["dtSegment"]
    typed: dict[str, AnyArray] = {}
    for name, kind in SEGMENT_DTYPES.items():
        if name not in PLACE:
            typed[name] = found[name].astype(kind, copy=False)
    typed["code"] = _codes(found)
    return Segments(offsets.astype(np.int64), *(typed[name] for name in Segments._fields[1:]))


def _offsets(offsets: AnyArray, events: AnyArray) -> AnyArray:
    counts = offsets[events + 1] - offsets[events]
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)


def _all_of(offsets: AnyArray, events: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Return the records of some events, as `keep_segments` does."""
    return numbers(offsets[events], offsets[events + 1]), _offsets(offsets, events)


def _matches(
    flat: FlatEvents, kept: KeptMuons, more: Mapping[str, AnyArray]
) -> tuple[Collection, dict[str, AnyArray]]:
    assert flat.stored is not None
    matches, ranges = flat.stored
    found = keep_matches(flat.muons.offsets, ranges, matches.code, kept)
    columns = _places(matches.code[found.source])
    columns |= {n: getattr(matches, n)[found.source] for n in ("x", "y", "edgeX", "edgeY")}
    columns |= {name: column[found.source] for name, column in more.items()}
    return (
        Collection(found.offsets, columns),
        {"matches_begin": found.begin, "matches_end": found.end},
    )


def _crossed(flat: FlatEvents, kept: KeptMuons) -> tuple[AnyArray, AnyArray]:
    """Propagate the possible probes: chambers crossed, and where those of each event begin."""
    probes = np.flatnonzero(kept.is_probe)
    number = np.searchsorted(flat.muons.offsets, probes, side="right") - 1
    crossed = extrapolate(flat, number, probes)
    # one probe behind the other, in the order of events
    known = crossed.begins >= 0
    taken = numbers(crossed.begins[known], crossed.ends[known])
    event = np.repeat(number[known], crossed.ends[known] - crossed.begins[known])
    offsets = np.searchsorted(event, kept.events, side="left")
    return crossed.matches.code[taken], np.append(offsets, len(event)).astype(np.int32)


def _places(codes: AnyArray) -> dict[str, AnyArray]:
    tables = {"wheel": wheels(), "sector": sectors(), "station": stations()}
    # a segment without a chamber, which can be pointed at, stays where it is
    return {
        name: np.where(codes < 0, NOWHERE, table[codes]).astype(np.int8)
        for name, table in tables.items()
    }


def _codes(columns: Mapping[str, AnyArray]) -> AnyArray:
    wheel, sector, station = (columns[name].astype(np.int16) for name in PLACE)
    return chamber_codes(wheel, sector, station)
