"""Draw Drell-Yan pairs until enough of them are what the trigger and the skim keep."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dtperf.synthetic.physics_boson import (
    Momenta,
    continuum_masses,
    decay,
    pair_mass,
    radiate,
    z_masses,
)
from dtperf.synthetic.rows import concatenate, take
from dtperf.synthetic.stages import MuonOrigin
from dtperf.typing import F64, I8, I32, I64, Bools

__all__ = [
    "MAX_ETA",
    "MIN_MASS_GEV",
    "MIN_PT_GEV",
    "TRIGGER_PT_GEV",
    "DrawnMuons",
    "Legs",
    "Vertices",
    "draw_charges",
    "draw_legs",
    "draw_vertices",
    "fakes",
    "nonprompt",
]

BEAM_SPOT_XY_CM = 0.001
BEAM_SPOT_Z_CM = 3.5
DECAY_LENGTH_CM = 0.02
DECAY_OPENING_RAD = 0.5
PILE_UP_SHARE = 0.7
MAX_ETA = 2.4
"""Where the muon system ends."""


class Vertices(NamedTuple):
    """Where protons collided, in cm from the detector's centre; arrays of one shape."""

    x: F64
    y: F64
    z: F64


class DrawnMuons(NamedTuple):
    """Muons in no order, as `TrueMuons` otherwise; arrays of one shape."""

    event: I64
    kind: I8
    pt: F64
    eta: F64
    phi: F64
    charge: I32
    vx: F64
    vy: F64
    vz: F64


def draw_vertices(rng: np.random.Generator, n: int) -> Vertices:
    """Draw collisions in a beam spot at the origin, 10 um wide and 3.5 cm long."""
    x, y = BEAM_SPOT_XY_CM * rng.standard_normal((2, n))
    return Vertices(x, y, BEAM_SPOT_Z_CM * rng.standard_normal(n))


def draw_charges(rng: np.random.Generator, n: int) -> I32:
    """Draw charges, +1 or -1 alike."""
    return 2 * rng.integers(0, 2, n, dtype=np.int32) - 1


def _soft(
    rng: np.random.Generator,
    kind: MuonOrigin,
    event: I64,
    vertices: Vertices,
    min_pt: float,
    power: float,
) -> DrawnMuons:
    n = len(event)
    return DrawnMuons(
        event,
        np.full(n, kind, dtype=np.int8),
        min_pt * (1 - rng.random(n)) ** (1 / (1 - power)),
        rng.uniform(-MAX_ETA, MAX_ETA, n),
        rng.uniform(-np.pi, np.pi, n),
        draw_charges(rng, n),
        *vertices,
    )


def _events(rng: np.random.Generator, mean: F64) -> I64:
    return np.repeat(np.arange(len(mean)), rng.poisson(mean))


def nonprompt(rng: np.random.Generator, primary: Vertices, mean_number: float) -> DrawnMuons:
    """Draw muons from hadron decays: dN/dpT as pT**-4.5 above 3 GeV, flat in eta.

    They start where the hadron decayed, a mean 200 um from the primary vertex of their event in
    the transverse plane, in a direction that the muon keeps within 0.5 rad.
    """
    event = _events(rng, np.full(len(primary.z), mean_number))
    muons = _soft(rng, MuonOrigin.NONPROMPT, event, take(primary, event), 3.0, 4.5)
    n = len(event)
    flight = rng.exponential(DECAY_LENGTH_CM, n)
    direction = muons.phi + DECAY_OPENING_RAD * rng.standard_normal(n)
    return muons._replace(
        vx=muons.vx + flight * np.cos(direction),
        vy=muons.vy + flight * np.sin(direction),
        vz=muons.vz + flight * np.sinh(muons.eta),
    )


def fakes(rng: np.random.Generator, primary: Vertices, mean_number: F64) -> DrawnMuons:
    """Draw tracks taken for muons: dN/dpT as pT**-4.5 above 2.5 GeV, flat in eta.

    Seven in ten are from another collision of the same bunch crossing. `mean_number` is that of
    each event, shape (events,).
    """
    event = _events(rng, mean_number)
    n = len(event)
    is_pile_up = rng.random(n) < PILE_UP_SHARE
    other = draw_vertices(rng, n)
    vertices = (np.where(is_pile_up, o, p[event]) for o, p in zip(other, primary, strict=True))
    return _soft(rng, MuonOrigin.FAKE, event, Vertices(*vertices), 2.5, 4.5)


DrawMasses = Callable[[np.random.Generator, int], F64]

MIN_PT_GEV = 15.0
TRIGGER_PT_GEV = 24.0
MIN_MASS_GEV = 60.0
"""Of the pair after radiation: where the CMS pair masses, a skim, set in."""
PAIR_ACCEPTANCE, SINGLE_ACCEPTANCE = 0.46, 0.235  # of the Z; only how many to draw depends on it
SPARE = 50


class Legs(NamedTuple):
    """Muons of accepted events; all of shape (events, 2), NaN for one that was lost."""

    pt: F64
    eta: F64
    phi: F64


NONE = Legs(*(np.empty((0, 2)) for _ in range(3)))


class _Drawn(NamedTuple):
    legs: Legs
    is_pair: Bools
    is_single: Bools


def _draw(rng: np.random.Generator, masses: F64) -> _Drawn:
    first, second = (radiate(rng, muons, masses) for muons in decay(rng, masses))
    stacked = Momenta(*(np.stack(p, axis=1) for p in zip(first, second, strict=True)))
    legs = Legs(stacked.pt, stacked.eta, stacked.phi)
    seen = (np.abs(legs.eta) < MAX_ETA) & (legs.pt > MIN_PT_GEV)
    triggers = (seen & (legs.pt > TRIGGER_PT_GEV)).any(axis=1)
    is_pair = seen.all(axis=1) & triggers & (pair_mass(first, second) > MIN_MASS_GEV)
    is_single = (seen[:, 0] ^ seen[:, 1]) & triggers
    lost = is_single[:, None] & ~seen
    for values in legs:
        values[lost] = np.nan
    return _Drawn(legs, is_pair, is_single)


def _accepted(
    rng: np.random.Generator, draw_masses: DrawMasses, n_pairs: int, n_single: int
) -> tuple[Legs, Legs]:
    pairs, singles = [NONE], [NONE]
    while n_pairs > 0 or n_single > 0:
        n = SPARE + int(max(n_pairs / PAIR_ACCEPTANCE, n_single / SINGLE_ACCEPTANCE))
        drawn = _draw(rng, draw_masses(rng, n))
        new_pairs = np.flatnonzero(drawn.is_pair)[:n_pairs]
        new_singles = np.flatnonzero(drawn.is_single)[:n_single]
        pairs.append(take(drawn.legs, new_pairs))
        singles.append(take(drawn.legs, new_singles))
        n_pairs -= len(new_pairs)
        n_single -= len(new_singles)
    return concatenate(pairs), concatenate(singles)


def draw_legs(rng: np.random.Generator, is_continuum: Bools, is_single: Bools) -> Legs:
    """Draw the muons of Drell-Yan events that a single-muon trigger and a dimuon skim keep.

    Kept are pairs with both muons within |eta| < 2.4 and pT > 15 GeV, one of them with pT > 24
    GeV, and a mass above 60 GeV; or Z bosons of which one muon is like that (pT > 24 GeV) and
    the other is not and is lost. Others are drawn again, so that the numbers are exact. No
    event may be both continuum and single.
    """
    is_z_pair = ~is_continuum & ~is_single
    z_pairs, z_singles = _accepted(rng, z_masses, int(is_z_pair.sum()), int(is_single.sum()))
    continuum, _ = _accepted(rng, continuum_masses, int(is_continuum.sum()), 0)
    legs = Legs(*(np.empty((len(is_single), 2)) for _ in Legs._fields))
    for mask, accepted in ((is_z_pair, z_pairs), (is_single, z_singles), (is_continuum, continuum)):
        for all_values, values in zip(legs, accepted, strict=True):
            all_values[mask] = values
    return legs
