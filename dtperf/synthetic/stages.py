"""Data types that the stages of the generator exchange, for one block of events.

All arrays are flat, in event order; `offsets` of shape (events + 1,) say which entries belong to
which event, as in `dtperf.selection.arrays`. Lengths in cm, momenta in GeV, angles in rad.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from dtperf.typing import F32, F64, I8, I16, I32, I64, U32, U64, Bools

__all__ = ["DrawnCrossings", "DrawnSegments", "DrawnTracks", "Events", "MuonOrigin", "TrueMuons"]


class MuonOrigin(IntEnum):
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

    run: U32
    luminosityBlock: U32
    event: U64
    bunchCrossing: U32
    lumi_instLumi: F64
    lumi_avgPileUp: F64


class TrueMuons(NamedTuple):
    """Muons, and tracks taken for muons, at their vertex."""

    offsets: I64
    kind: I8
    pt: F64
    eta: F64
    phi: F64
    charge: I32
    vx: F64
    vy: F64
    vz: F64


class DrawnTracks(NamedTuple):
    """The reconstructed inner track of each muon, rounded as the ntuple stores it."""

    pt: F32
    eta: F32
    phi: F32
    charge: I32
    dxy: F32
    dz: F32
    exists: Bools
    """False where the muon has no inner track (standalone only)."""


class DrawnCrossings(NamedTuple):
    """Where tracks cross the planes of chambers, in order of track and station."""

    track: I64
    """Index into the muons or tracks that were transported."""
    code: I16
    """Chamber, `dtperf.detector.Chamber.code`."""
    x: F64
    y: F64
    dxdz: F64
    """Slope dx/dz of the direction in the chamber's frame."""
    dydz: F64


class DrawnSegments(NamedTuple):
    """Reconstructed 4D segments, in chamber coordinates."""

    offsets: I64
    muon: I64
    """The true muon that made it, -1 for noise."""
    code: I16
    x: F32
    y: F32
    dxdz: F32
    dydz: F32
    has_phi: Bools
    has_zed: Bools
    phi_hits: I16
    """Hits of the phi view, 0 without one."""
    z_hits: I16
    phi_chi2: F32
    """Reduced chi2 of the phi view, -1 without one."""
    z_chi2: F32
    phi_t0: F32
    """ns, -999 without phi view."""
    z_t0: F32
