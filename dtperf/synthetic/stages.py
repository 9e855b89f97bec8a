"""What the stages of the generator hand to each other, for one block of events.

All arrays are flat, in event order; `offsets` of shape (events + 1,) say which entries belong to
which event, as in `dtperf.kernels.arrays`. Lengths in cm, momenta in GeV, angles in rad.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Crossings", "Events", "Kind", "Segments", "Tracks", "TrueMuons"]

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
Shorts = npt.NDArray[np.int16]
Bools = npt.NDArray[np.bool_]


class Kind(IntEnum):
    """Where a muon comes from."""

    Z = 0
    CONTINUUM = 1
    """Drell-Yan below or above the Z."""
    NONPROMPT = 2
    """A real muon from the decay of a hadron, in a jet."""
    FAKE = 3
    """A track that is no muon: it is absorbed before the chambers."""


class Events(NamedTuple):
    """The event-level branches; all of shape (events,)."""

    run: npt.NDArray[np.uint32]
    luminosityBlock: npt.NDArray[np.uint32]
    event: npt.NDArray[np.uint64]
    bunchCrossing: npt.NDArray[np.uint32]
    lumi_instLumi: Floats
    lumi_avgPileUp: Floats


class TrueMuons(NamedTuple):
    """The muons, and what is taken for one, as they leave the vertex."""

    offsets: Indices
    kind: npt.NDArray[np.int8]
    pt: Floats
    eta: Floats
    phi: Floats
    charge: npt.NDArray[np.int32]
    vx: Floats
    vy: Floats
    vz: Floats


class Tracks(NamedTuple):
    """The reconstructed inner track of each muon, rounded as the ntuple stores it."""

    pt: Singles
    eta: Singles
    phi: Singles
    charge: npt.NDArray[np.int32]
    dxy: Singles
    dz: Singles
    exists: Bools
    """False where the muon has no inner track (standalone only)."""


class Crossings(NamedTuple):
    """Where tracks cross the planes of chambers, in order of track and station."""

    track: Indices
    """Index into the muons or tracks that were transported."""
    code: Shorts
    """Chamber, `dtperf.geometry.Chamber.code`."""
    x: Floats
    y: Floats
    dxdz: Floats
    """Slope dx/dz of the direction in the chamber's frame."""
    dydz: Floats


class Segments(NamedTuple):
    """Reconstructed 4D segments, in chamber coordinates."""

    offsets: Indices
    muon: Indices
    """The true muon that made it, -1 for noise."""
    code: Shorts
    x: Singles
    y: Singles
    dxdz: Singles
    dydz: Singles
    has_phi: Bools
    has_zed: Bools
    phi_hits: Shorts
    """Hits of the phi view, 0 without one."""
    z_hits: Shorts
    phi_chi2: Singles
    """Reduced chi2 of the phi view, -1 without one."""
    z_chi2: Singles
    phi_t0: Singles
    """ns, -999 without phi view."""
    z_t0: Singles
