"""Muons beside the pair: from hadron decays, and tracks that are none."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.synthetic.stages import Kind
from dtperf.typing import F64, I8, I32, I64

__all__ = ["Muons", "Vertices", "draw_charges", "draw_vertices", "fakes", "nonprompt"]


BEAM_SPOT_XY_CM = 0.001
BEAM_SPOT_Z_CM = 3.5
DECAY_LENGTH_CM = 0.02
DECAY_OPENING_RAD = 0.5
PILE_UP_SHARE = 0.7
MAX_ETA = 2.4


class Vertices(NamedTuple):
    """Where protons collided, in cm from the detector's centre; arrays of one shape."""

    x: F64
    y: F64
    z: F64


class Muons(NamedTuple):
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
    kind: Kind,
    event: I64,
    vertices: Vertices,
    min_pt: float,
    power: float,
) -> Muons:
    n = len(event)
    return Muons(
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


def nonprompt(rng: np.random.Generator, primary: Vertices, mean_number: float) -> Muons:
    """Draw muons from hadron decays: dN/dpT as pT**-4.5 above 3 GeV, flat in eta.

    They start where the hadron decayed, a mean 200 um from the primary vertex in the transverse
    plane, in a direction that the muon keeps within 0.5 rad.

    Args:
        rng: Random numbers.
        primary: Primary vertex of each event.
        mean_number: Mean number per event.
    """
    event = _events(rng, np.full(len(primary.z), mean_number))
    muons = _soft(rng, Kind.NONPROMPT, event, Vertices(*(v[event] for v in primary)), 3.0, 4.5)
    n = len(event)
    flight = rng.exponential(DECAY_LENGTH_CM, n)
    direction = muons.phi + DECAY_OPENING_RAD * rng.standard_normal(n)
    return muons._replace(
        vx=muons.vx + flight * np.cos(direction),
        vy=muons.vy + flight * np.sin(direction),
        vz=muons.vz + flight * np.sinh(muons.eta),
    )


def fakes(rng: np.random.Generator, primary: Vertices, mean_number: F64) -> Muons:
    """Draw tracks taken for muons: dN/dpT as pT**-4.5 above 2.5 GeV, flat in eta.

    Seven in ten are from another collision of the same bunch crossing.

    Args:
        rng: Random numbers.
        primary: Primary vertex of each event.
        mean_number: Mean number in each event, shape (events,).
    """
    event = _events(rng, mean_number)
    n = len(event)
    is_pile_up = rng.random(n) < PILE_UP_SHARE
    other = draw_vertices(rng, n)
    vertices = (np.where(is_pile_up, o, p[event]) for o, p in zip(other, primary, strict=True))
    return _soft(rng, Kind.FAKE, event, Vertices(*vertices), 2.5, 4.5)
