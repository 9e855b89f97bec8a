"""Tag-and-probe pairs.

The search order decides which pair is counted: tags in index order, for each tag the other muons
in index order, and the first one that passes every cut ends the search of that tag.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.compiled import compiled, inlined
from dtperf.selection.arrays import Muons
from dtperf.selection.fourvector import is_above
from dtperf.selection.kinematics import delta_r, invariant_mass
from dtperf.typing import F32, I64, Bools, Integers

__all__ = [
    "EITHER_CHARGE",
    "Candidates",
    "PairLimits",
    "are_charges",
    "find_pairs",
    "find_probes",
    "find_tags",
    "is_pair",
    "is_repeated",
]

MUON_SEEDED_TRACK = 14
EITHER_CHARGE = 0


class PairLimits(NamedTuple):
    """Cut values, in the precision in which they are applied."""

    tag_max_iso: np.float32
    tag_min_pt: np.float32
    probe_max_iso: np.float32
    probe_min_pt: np.float32
    probe_min_layers: int
    probe_min_pixel_hits: int
    min_mass: np.float32
    max_mass: np.float32
    max_abs_dz: np.float32
    min_dr: np.float32
    charges: int
    """Product of the charges of tag and probe, -1 or 1; or `EITHER_CHARGE`."""
    kinematics: int
    """Which pT is cut on, as `dtperf.selection.fourvector.is_above` takes it."""


class Candidates(NamedTuple):
    """Every tag and probe that were considered, in the order of the search.

    All arrays have shape (candidates,).
    """

    event: I64
    tag: I64
    """Index into the flat muon columns."""
    probe: I64
    """Index into the flat muon columns."""
    mass: F32
    """Invariant mass, GeV; NaN unless the probe cuts hold."""
    dr: F32
    """Distance in (eta, phi); NaN unless the probe cuts hold."""
    dz: F32
    """dz of the tag minus dz of the probe, cm."""
    is_probe: Bools
    """The probe cuts hold."""
    selected: Bools
    """The probe cuts and the pair cuts hold."""


@inlined
def are_charges(charges: int, charge: int) -> bool | np.bool_:
    """Return whether the product of two charges is -1, 1, or with `EITHER_CHARGE` one of both."""
    return charges == charge or (charge == EITHER_CHARGE and abs(charges) == 1)


@inlined
def is_pair(
    dz: np.float32, charges: int, mass: np.float32, dr: np.float32, limits: PairLimits
) -> bool | np.bool_:
    """Return whether the pair cuts hold.

    Args:
        dz: Of the tag minus that of the probe, cm.
        charges: Their product.
        mass: In single precision, GeV.
        dr: In single precision.
        limits: Cut values.
    """
    return (
        abs(dz) < limits.max_abs_dz
        and are_charges(charges, limits.charges)
        and limits.min_mass < mass < limits.max_mass
        and dr > limits.min_dr
    )


@compiled
def find_tags(muons: Muons, limits: PairLimits) -> Bools:
    """Return which muons may be a tag, shape (muons,)."""
    tight, fires, iso, pt = muons.isTight, muons.fires, muons.tag_iso, muons.pt
    tags = np.empty(len(pt), dtype=np.bool_)
    for i in range(len(pt)):
        tags[i] = tight[i] & fires[i] & (iso[i] < limits.tag_max_iso)
    _cut_on_pt(tags, pt, muons.phi, limits.tag_min_pt, limits.kinematics)
    return tags


@compiled
def find_probes(muons: Muons, limits: PairLimits) -> Bools:
    """Return which muons may be a probe, shape (muons,)."""
    tracker, rpc, algo = muons.isTracker, muons.isRPC, muons.trk_origAlgo
    pixel_hits = muons.trk_numberOfValidPixelHits
    layers, iso = muons.trk_numberOfValidTrackerLayers, muons.probe_iso
    probes = np.empty(len(iso), dtype=np.bool_)
    for i in range(len(iso)):
        probes[i] = (
            (tracker[i] | rpc[i])
            & (algo[i] != MUON_SEEDED_TRACK)
            & (pixel_hits[i] >= limits.probe_min_pixel_hits)
            & (layers[i] >= limits.probe_min_layers)
            & (iso[i] < limits.probe_max_iso)
        )
    _cut_on_pt(probes, muons.pt, muons.phi, limits.probe_min_pt, limits.kinematics)
    return probes


@compiled
def _cut_on_pt(chosen: Bools, pt: F32, phi: F32, limit: np.float32, kinematics: int) -> None:
    # a loop of its own: the one before has no branches and runs on several muons at once
    for i in range(len(chosen)):
        chosen[i] = chosen[i] and is_above(pt[i], phi[i], limit, kinematics)


@compiled
def _count_candidates(offsets: I64, tags: Bools) -> int:
    count = 0
    for event in range(len(offsets) - 1):
        begin, end = offsets[event], offsets[event + 1]
        for tag in range(begin, end):
            if tags[tag]:
                count += end - begin - 1
    return count


@compiled
def find_pairs(muons: Muons, limits: PairLimits) -> Candidates:
    """Find the probe of each tag.

    Args:
        muons: Flat muon columns of all events.
        limits: Cut values.

    Returns:
        One row for each tag and probe considered; a tag has at most one selected row, its last.
    """
    offsets, pt, eta, phi = muons.offsets, muons.pt, muons.eta, muons.phi
    charge, trk_dz = muons.charge, muons.trk_dz
    tags, probes = find_tags(muons, limits), find_probes(muons, limits)
    upper = _count_candidates(offsets, tags)
    event_of = np.empty(upper, dtype=np.int64)
    tag_of = np.empty(upper, dtype=np.int64)
    probe_of = np.empty(upper, dtype=np.int64)
    mass = np.empty(upper, dtype=np.float32)
    dr = np.empty(upper, dtype=np.float32)
    dz = np.empty(upper, dtype=np.float32)
    is_probe = np.empty(upper, dtype=np.bool_)
    selected = np.empty(upper, dtype=np.bool_)
    row = np.uint64(0)
    begin = np.uint64(offsets[0])
    for event in range(len(offsets) - 1):
        end = np.uint64(offsets[np.uint64(event) + np.uint64(1)])
        for tag in range(begin, end):
            if not tags[tag]:
                continue
            for probe in range(begin, end):
                if probe == tag:
                    continue
                event_of[row], tag_of[row], probe_of[row] = event, tag, probe
                dz[row] = trk_dz[tag] - trk_dz[probe]
                is_probe[row] = probes[probe]
                m = r = np.float32(np.nan)
                holds: bool | np.bool_ = False
                if probes[probe]:  # else not worth the trigonometry
                    last = row - np.uint64(1)
                    if row and tag_of[last] == probe and probe_of[last] == tag and is_probe[last]:
                        # of two tags each is the other's probe, with the same mass to the last bit
                        m, r = mass[last], dr[last]
                    else:
                        m = invariant_mass(
                            pt[tag], eta[tag], phi[tag], pt[probe], eta[probe], phi[probe]
                        )
                        r = delta_r(eta[tag], phi[tag], eta[probe], phi[probe])
                    holds = is_pair(dz[row], charge[tag] * charge[probe], m, r, limits)
                mass[row], dr[row], selected[row] = m, r, holds
                row += np.uint64(1)
                if holds:
                    break
        begin = end
    return Candidates(
        event_of[:row],
        tag_of[:row],
        probe_of[:row],
        mass[:row],
        dr[:row],
        dz[:row],
        is_probe[:row],
        selected[:row],
    )


@compiled
def is_repeated(probes: Integers, n: int) -> Bools:
    """Return which selected pairs have a probe that an earlier pair has, too.

    Args:
        probes: Probe of each pair, in the order of the search, shape (pairs,).
        n: Number of muons; every probe is below.

    Returns:
        Shape (pairs,).
    """
    seen = np.zeros(n, dtype=np.bool_)
    repeated = np.empty(len(probes), dtype=np.bool_)
    for i in range(len(probes)):
        repeated[i] = seen[probes[i]]
        seen[probes[i]] = True
    return repeated
