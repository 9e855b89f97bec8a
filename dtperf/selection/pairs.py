"""Tag-and-probe pairs.

The search order decides which pair is counted: tags in index order, for each tag the other muons
in index order, and the first one that passes every cut ends the search of that tag.

Which muons may be a tag or a probe is found before, for many at a time; so the search looks only
at events with a tag, and computes mass and distance only where the other muon may be a probe.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.compiled import called, compiled, inlined
from dtperf.kernel_arrays import empty
from dtperf.selection.arrays import Muons
from dtperf.selection.fourvector import STORED, is_above
from dtperf.selection.kinematics import delta_r, invariant_mass
from dtperf.typing import F32, I32, I64, Bools, Integers

__all__ = [
    "EITHER_CHARGE",
    "Candidates",
    "PairLimits",
    "are_charges",
    "find_pairs",
    "find_tags_and_probes",
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
def find_tags_and_probes(muons: Muons, limits: PairLimits) -> tuple[Bools, Bools]:
    """Return which muons may be a tag, and which a probe, each of shape (muons,)."""
    tight, fires, iso, pt = muons.isTight, muons.fires, muons.tag_iso, muons.pt
    tags = empty(len(pt), np.bool_)
    for i in range(len(pt)):
        tags[i] = tight[i] & fires[i] & (iso[i] < limits.tag_max_iso)
    _cut_on_pt(tags, pt, muons.phi, limits.tag_min_pt, limits.kinematics)
    tracker, rpc, algo = muons.isTracker, muons.isRPC, muons.trk_origAlgo
    pixel_hits = muons.trk_numberOfValidPixelHits
    layers, iso = muons.trk_numberOfValidTrackerLayers, muons.probe_iso
    probes = empty(len(pt), np.bool_)
    for i in range(len(pt)):
        probes[i] = (
            (tracker[i] | rpc[i])
            & (algo[i] != MUON_SEEDED_TRACK)
            & (pixel_hits[i] >= limits.probe_min_pixel_hits)
            & (layers[i] >= limits.probe_min_layers)
            & (iso[i] < limits.probe_max_iso)
        )
    _cut_on_pt(probes, pt, muons.phi, limits.probe_min_pt, limits.kinematics)
    return tags, probes


@called
def _cut_on_pt(chosen: Bools, pt: F32, phi: F32, limit: np.float32, kinematics: int) -> None:
    # without branches a loop runs on several muons at once: so first what is no nearer than the
    # limit, and whether there is any that asks for more than a comparison
    unusual = False
    for i in range(len(chosen)):
        size = pt[i] if kinematics == STORED else abs(pt[i])
        above = size > limit
        is_usual = (size < np.inf) & (abs(phi[i]) < np.inf) & (size != limit)
        unusual |= chosen[i] & ~is_usual
        chosen[i] &= above | ~is_usual
    if unusual:
        for i in range(len(chosen)):
            chosen[i] = chosen[i] and is_above(pt[i], phi[i], limit, kinematics)


@called
def _in_events(offsets: I64, tags: Bools) -> tuple[I64, I64, np.int64]:
    """Return the muons that are tags, the event of each, and how many others these have in all."""
    muons = empty(len(tags) + 1, np.int64)
    n = np.uint64(0)
    for muon in range(len(tags)):  # without a branch, of which nobody can guess where it goes
        muons[n] = muon
        n += np.uint64(tags[muon])
    events = empty(n, np.int64)
    event, others = np.int64(0), np.int64(0)
    for tag in range(n):
        while offsets[np.uint64(event + 1)] <= muons[tag]:
            event += 1
        events[tag] = event
        others += offsets[np.uint64(event + 1)] - offsets[np.uint64(event)] - 1
    return muons[:n], events, others


def find_pairs(muons: Muons, limits: PairLimits) -> Candidates:
    """Find the probe of each tag.

    Args:
        muons: Flat muon columns of all events.
        limits: Cut values.

    Returns:
        One row for each tag and probe considered; a tag has at most one selected row, its last.
    """
    # one kernel that calls the other would contain its code once more
    tags, probes = find_tags_and_probes(muons, limits)
    kinematics = muons.pt, muons.eta, muons.phi
    found = _search(muons.offsets, kinematics, muons.charge, muons.trk_dz, tags, probes, limits)
    return Candidates(*found)


@compiled
def _search(
    offsets: I64,
    kinematics: tuple[F32, F32, F32],
    charge: I32,
    trk_dz: F32,
    tags: Bools,
    probes: Bools,
    limits: PairLimits,
) -> tuple[I64, I64, I64, F32, F32, F32, Bools, Bools]:
    """Return the columns of `Candidates`.

    Args:
        offsets: Muons offsets[i] to offsets[i + 1] belong to event i.
        kinematics: pT, eta and phi of each muon.
        charge: Of each muon.
        trk_dz: Of each muon, cm.
        tags: Which muons may be a tag.
        probes: Which muons may be a probe.
        limits: Cut values.
    """
    pt, eta, phi = kinematics
    tag_muons, events, upper = _in_events(offsets, tags)
    event_of = empty(upper, np.int64)
    tag_of = empty(upper, np.int64)
    probe_of = empty(upper, np.int64)
    mass = empty(upper, np.float32)
    dr = empty(upper, np.float32)
    dz = empty(upper, np.float32)
    is_probe = empty(upper, np.bool_)
    selected = empty(upper, np.bool_)
    row, last_tag, last_probe = np.uint64(0), np.uint64(0), np.uint64(0)
    last_mass = last_dr = np.float32(np.nan)
    for each in range(len(tag_muons)):
        tag, event = np.uint64(tag_muons[each]), np.uint64(events[each])
        begin, end = np.uint64(offsets[event]), np.uint64(offsets[event + np.uint64(1)])
        for probe in range(begin, end):
            if probe == tag:
                continue
            event_of[row], tag_of[row], probe_of[row] = event, tag, probe
            dz[row] = trk_dz[tag] - trk_dz[probe]
            is_probe[row] = probes[probe]
            m = r = np.float32(np.nan)
            holds: bool | np.bool_ = False
            if probes[probe]:  # else not worth the trigonometry
                # of two tags each is the other's probe, with the same mass to the last bit
                if (tag != last_probe) | (probe != last_tag):
                    last_tag, last_probe = tag, np.uint64(probe)
                    last_mass = invariant_mass(
                        pt[tag], eta[tag], phi[tag], pt[probe], eta[probe], phi[probe]
                    )
                    last_dr = delta_r(eta[tag], phi[tag], eta[probe], phi[probe])
                m, r = last_mass, last_dr
                holds = is_pair(dz[row], charge[tag] * charge[probe], m, r, limits)
            mass[row], dr[row], selected[row] = m, r, holds
            row += np.uint64(1)
            if holds:
                break
    return (
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
    seen, repeated = empty(n, np.bool_), empty(len(probes), np.bool_)
    seen[:] = False
    for i in range(len(probes)):
        repeated[i] = seen[probes[i]]
        seen[probes[i]] = True
    return repeated
