"""Find pairs again for other cuts: what no cut changes is computed once.

Masses and distances of a pair depend on no cut: they are found once, for every tag and probe that
the loosest cuts let through, and called entries here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.compiled import compiled
from dtperf.selection.arrays import Muons
from dtperf.selection.fourvector import is_above
from dtperf.selection.kinematics import delta_r, invariant_mass
from dtperf.selection.pairs import (
    PairLimits,
    find_tags_and_probes,
    is_pair,
)
from dtperf.typing import F32, I8, I16, I32, U8, Bools

__all__ = ["FIRES", "Entries", "Probes", "SearchResult", "Tags", "prepare", "search"]


FIRES = {"isolated": 1, "single": 2, "none": 0}
"""Bits of `Tags.fires` that a trigger asks for."""


class Tags(NamedTuple):
    """Muons that pass the loosest cuts on a tag."""

    offsets: I32
    """Tags offsets[i] to offsets[i + 1] belong to event i, shape (events + 1,)."""
    muon: I32
    """Index into the muons, as all that follow of shape (tags,)."""
    pt: F32
    phi: F32
    iso: F32
    dz: F32
    charge: I8
    fires: U8
    """Bits as in `FIRES`."""


class Probes(NamedTuple):
    """Muons that pass the loosest cuts on a probe."""

    offsets: I32
    muon: I32
    pt: F32
    phi: F32
    iso: F32
    dz: F32
    charge: I8
    layers: I16
    pixel_hits: I16
    is_possible: Bools
    """A tag may select it: one pair with it passes the loosest cuts."""


class Entries(NamedTuple):
    """Each of these tags with each of these probes of its event, in the order of the search."""

    offsets: I32
    """Shape (events + 1,)."""
    tag: I32
    """Index into the tags, shape (entries,) as the others."""
    probe: I32
    """Index into the probes."""
    mass: F32
    dr: F32


class SearchResult(NamedTuple):
    """Muons and entries that the search has considered, and the pairs that it has selected."""

    first: I32
    """First muon of the event of each tag that passes, shape (tags that pass,)."""
    last: I32
    """The last muon that was considered for it."""
    tag: I32
    """The tag itself, a muon."""
    entries: I32
    """Entries considered whose probe passes."""
    selected: I32
    """Entries that pass all cuts, at most one a tag."""
    probes: I32
    """Their probes."""


@compiled
def prepare(muons: Muons, fires: U8, limits: PairLimits) -> tuple[Tags, Probes, Entries]:
    """Compute what no cut changes.

    `muons` are those of `by_either_isolation`, `fires` the bits of `FIRES` of each, and
    `limits` the loosest cuts.
    """
    tags, probes = find_tags_and_probes(muons, limits)
    events = len(muons.offsets) - 1
    tag_offsets = np.zeros(events + 1, dtype=np.int32)
    probe_offsets = np.zeros(events + 1, dtype=np.int32)
    entry_offsets = np.zeros(events + 1, dtype=np.int32)
    for event in range(events):
        n_tags = n_probes = both = 0
        for muon in range(muons.offsets[event], muons.offsets[event + 1]):
            n_tags += tags[muon]
            n_probes += probes[muon]
            both += tags[muon] and probes[muon]
        tag_offsets[event + 1] = tag_offsets[event] + n_tags
        probe_offsets[event + 1] = probe_offsets[event] + n_probes
        entry_offsets[event + 1] = entry_offsets[event] + n_tags * n_probes - both
    tag_muon = np.flatnonzero(tags).astype(np.int32)
    probe_muon = np.flatnonzero(probes).astype(np.int32)
    n = entry_offsets[-1]
    tag_of, probe_of = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32)
    mass, dr = np.empty(n, dtype=np.float32), np.empty(n, dtype=np.float32)
    is_possible = np.zeros(len(probe_muon), dtype=np.bool_)
    pt, eta, phi = muons.pt, muons.eta, muons.phi
    charge, dz = muons.charge, muons.trk_dz
    signs = np.empty(len(charge), dtype=np.int8)
    for muon in range(len(charge)):
        signs[muon] = charge[muon] if abs(charge[muon]) == 1 else 0
    row = 0
    for event in range(events):
        for t in range(tag_offsets[event], tag_offsets[event + 1]):
            tag = tag_muon[t]
            for p in range(probe_offsets[event], probe_offsets[event + 1]):
                probe = probe_muon[p]
                if probe == tag:
                    continue
                mass[row] = invariant_mass(
                    pt[tag], eta[tag], phi[tag], pt[probe], eta[probe], phi[probe]
                )
                dr[row] = delta_r(eta[tag], phi[tag], eta[probe], phi[probe])
                tag_of[row], probe_of[row] = t, p
                is_possible[p] |= is_pair(
                    dz[tag] - dz[probe], charge[tag] * charge[probe], mass[row], dr[row], limits
                )
                row += 1
    return (
        Tags(
            tag_offsets,
            tag_muon,
            pt[tag_muon],
            phi[tag_muon],
            muons.pfIso04[tag_muon],
            dz[tag_muon],
            signs[tag_muon],
            fires[tag_muon],
        ),
        Probes(
            probe_offsets,
            probe_muon,
            pt[probe_muon],
            phi[probe_muon],
            muons.pfIso04[probe_muon],
            dz[probe_muon],
            signs[probe_muon],
            muons.trk_numberOfValidTrackerLayers[probe_muon],
            muons.trk_numberOfValidPixelHits[probe_muon],
            is_possible,
        ),
        Entries(entry_offsets, tag_of, probe_of, mass, dr),
    )


@compiled
def search(
    muon_offsets: I32,
    tags: Tags,
    probes: Probes,
    entries: Entries,
    limits: PairLimits,
    fires: int,
    certified: Bools,
) -> SearchResult:
    """Find the probe of each tag, as `find_pairs` does.

    Args:
        muon_offsets: Muons muon_offsets[i] to muon_offsets[i + 1] belong to event i.
        tags: From `prepare`, as the two that follow.
        probes: Those of the same events.
        entries: Both together.
        limits: Cut values, none looser than those of `prepare`.
        fires: Bits that a tag must have.
        certified: Events that count, shape (events,); of no length if all do.
    """
    n_tags, n_entries = len(tags.muon), len(entries.mass)
    first = np.empty(n_tags, dtype=np.int32)
    last = np.empty(n_tags, dtype=np.int32)
    tag_of = np.empty(n_tags, dtype=np.int32)
    considered = np.empty(n_entries, dtype=np.int32)
    selected = np.empty(n_tags, dtype=np.int32)
    probe_of = np.empty(n_tags, dtype=np.int32)
    passing = _passing(probes, limits)
    tag_offsets, tag_muon, tag_iso = tags.offsets, tags.muon, tags.iso
    tag_pt, tag_phi = tags.pt, tags.phi
    tag_dz, tag_charge, tag_fires = tags.dz, tags.charge, tags.fires
    probe_offsets, probe_muon = probes.offsets, probes.muon
    probe_dz, probe_charge = probes.dz, probes.charge
    entry_offsets, entry_probe, mass, dr = entries.offsets, entries.probe, entries.mass, entries.dr
    n_tags_passing = n_considered = n_selected = 0
    for event in range(len(tag_offsets) - 1):
        if len(certified) and not certified[event]:
            continue
        entry = entry_offsets[event]
        n_probes = probe_offsets[event + 1] - probe_offsets[event]
        for t in range(tag_offsets[event], tag_offsets[event + 1]):
            tag = tag_muon[t]
            begin = entry
            # a tag that is a probe has one entry less
            stop = entry + n_probes
            for p in range(probe_offsets[event], probe_offsets[event + 1]):
                stop -= probe_muon[p] == tag
            entry = stop
            if not (
                tag_iso[t] < limits.tag_max_iso
                and is_above(tag_pt[t], tag_phi[t], limits.tag_min_pt, limits.kinematics)
                and tag_fires[t] & fires == fires
            ):
                continue
            end = muon_offsets[event + 1] - 1
            for e in range(begin, stop):
                p = entry_probe[e]
                if not passing[p]:
                    continue
                considered[n_considered] = e
                n_considered += 1
                charges = tag_charge[t] * probe_charge[p]
                if is_pair(tag_dz[t] - probe_dz[p], charges, mass[e], dr[e], limits):
                    selected[n_selected] = e
                    probe_of[n_selected] = p
                    n_selected += 1
                    end = probe_muon[p]
                    break
            first[n_tags_passing], last[n_tags_passing], tag_of[n_tags_passing] = (
                muon_offsets[event],
                end,
                tag,
            )
            n_tags_passing += 1
    return SearchResult(
        first[:n_tags_passing],
        last[:n_tags_passing],
        tag_of[:n_tags_passing],
        considered[:n_considered],
        selected[:n_selected],
        probe_of[:n_selected],
    )


@compiled
def _passing(probes: Probes, limits: PairLimits) -> Bools:
    iso, pt, phi = probes.iso, probes.pt, probes.phi
    layers, pixel_hits = probes.layers, probes.pixel_hits
    passing = np.empty(len(pt), dtype=np.bool_)
    for i in range(len(pt)):
        passing[i] = (
            (pixel_hits[i] >= limits.probe_min_pixel_hits)
            & (layers[i] >= limits.probe_min_layers)
            & (iso[i] < limits.probe_max_iso)
            & is_above(pt[i], phi[i], limits.probe_min_pt, limits.kinematics)
        )
    return passing
