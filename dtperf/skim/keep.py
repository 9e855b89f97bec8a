"""Find the muons, crossings and segments that a tighter selection can need."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.compiled import compiled
from dtperf.detector.numbering import N_CODES
from dtperf.selection.arrays import Muons
from dtperf.selection.kinematics import delta_r, invariant_mass
from dtperf.selection.pairs import (
    PairLimits,
    find_tags_and_probes,
    is_pair,
)
from dtperf.selection.ragged import Ranges
from dtperf.typing import I16, I32, I64, U32, Bools

__all__ = ["KeptMatches", "KeptMuons", "find_kept", "keep_matches", "keep_segments"]


class KeptMuons(NamedTuple):
    """Events and muons that a tighter selection can need."""

    events: I64
    """Events with a tag and another muon, shape (kept events,)."""
    is_probe: Bools
    """Muons that a tag of their event may select, shape (muons,)."""


class KeptMatches(NamedTuple):
    """Crossings of those muons, in order of event."""

    source: I64
    """Index into the matches before, shape (kept matches,)."""
    offsets: I32
    """Shape (kept events + 1,)."""
    begin: U32
    """Of each muon of the kept events; a range that left its event has begin 1 and end 0."""
    end: U32


@compiled
def find_kept(muons: Muons, limits: PairLimits) -> KeptMuons:
    """Find the events that a selection within these limits can have candidates in.

    A candidate is every other muon that is considered for a tag, so one tag and one muon are
    enough.
    """
    offsets, pt, eta, phi = muons.offsets, muons.pt, muons.eta, muons.phi
    charge, trk_dz = muons.charge, muons.trk_dz
    tags, probes = find_tags_and_probes(muons, limits)
    kept = np.empty(len(offsets) - 1, dtype=np.int64)
    is_probe = np.zeros(len(pt), dtype=np.bool_)
    n = 0
    for event in range(len(offsets) - 1):
        begin, end = offsets[event], offsets[event + 1]
        n_tags = 0
        for tag in range(begin, end):
            if not tags[tag]:
                continue
            n_tags += 1
            for probe in range(begin, end):
                if probe == tag or is_probe[probe] or not probes[probe]:
                    continue
                mass = invariant_mass(
                    pt[tag], eta[tag], phi[tag], pt[probe], eta[probe], phi[probe]
                )
                dr = delta_r(eta[tag], phi[tag], eta[probe], phi[probe])
                dz, charges = trk_dz[tag] - trk_dz[probe], charge[tag] * charge[probe]
                is_probe[probe] = is_pair(dz, charges, mass, dr, limits)
        if n_tags and end - begin > 1:
            kept[n] = event
            n += 1
    return KeptMuons(kept[:n], is_probe)


@compiled
def keep_matches(muon_offsets: I64, ranges: Ranges, codes: I16, kept: KeptMuons) -> KeptMatches:
    """Return the usable crossings of possible probes, with their new ranges.

    Args:
        muon_offsets: Muons muon_offsets[i] to muon_offsets[i + 1] belong to event i.
        ranges: The range of each muon's matches.
        codes: Chamber of each match, -1 if it cannot be used.
        kept: From `find_kept`.
    """
    n_matches = n_muons = 0
    for event in kept.events:
        available = ranges.offsets[event + 1] - ranges.offsets[event]
        for muon in range(muon_offsets[event], muon_offsets[event + 1]):
            begin, end = np.int64(ranges.begin[muon]), np.int64(ranges.end[muon])
            n_muons += 1
            if kept.is_probe[muon] and begin <= end <= available:
                n_matches += int(end - begin)
    source = np.empty(n_matches, dtype=np.int64)
    offsets = np.zeros(len(kept.events) + 1, dtype=np.int32)
    begins = np.zeros(n_muons, dtype=np.uint32)
    ends = np.zeros(n_muons, dtype=np.uint32)
    n = at = 0
    for number in range(len(kept.events)):
        event = kept.events[number]
        first = ranges.offsets[event]
        available = ranges.offsets[event + 1] - first
        of_event = n
        for muon in range(muon_offsets[event], muon_offsets[event + 1]):
            begin, end = np.int64(ranges.begin[muon]), np.int64(ranges.end[muon])
            if not kept.is_probe[muon]:
                pass
            elif begin <= end <= available:
                begins[at] = n - of_event
                for match in range(first + begin, first + end):
                    if codes[match] >= 0:
                        source[n] = match
                        n += 1
                ends[at] = n - of_event
            else:
                begins[at] = 1
            at += 1
        offsets[number + 1] = n
    return KeptMatches(source[:n], offsets, begins, ends)


@compiled
def keep_segments(
    events: I64,
    offsets: I64,
    codes: I16,
    hits: I16,
    crossed_offsets: I32,
    crossed: I16,
) -> tuple[I64, I32]:
    """Return the segments of crossed chambers; one without hits is never the best.

    Args:
        events: Kept events.
        offsets: Segments offsets[i] to offsets[i + 1] belong to event i, of all.
        codes: Chamber of each segment, -1 if it cannot be used.
        hits: Hits of the views that each segment has.
        crossed_offsets: First crossing of each kept event.
        crossed: Chamber of each of these crossings.

    Returns:
        Index of each segment that is kept, and the first segment of each kept event.
    """
    last_event = np.full(N_CODES, -1, dtype=np.int64)
    source = np.empty(len(codes), dtype=np.int64)
    kept_offsets = np.zeros(len(events) + 1, dtype=np.int32)
    n = 0
    for number in range(len(events)):
        event = events[number]
        for crossing in range(crossed_offsets[number], crossed_offsets[number + 1]):
            if crossed[crossing] >= 0:
                last_event[crossed[crossing]] = event
        for segment in range(offsets[event], offsets[event + 1]):
            code = codes[segment]
            if code >= 0 and last_event[code] == event and hits[segment] > 0:
                source[n] = segment
                n += 1
        kept_offsets[number + 1] = n
    return source[:n], kept_offsets
