"""The flat arrays that the kernels work on.

A collection is one offsets array, shape (events + 1,), and one array a column, shape
(offsets[-1],): entries offsets[i] to offsets[i + 1] belong to event i.
"""

from __future__ import annotations

from typing import NamedTuple

from dtperf.typing import F32, I16, I32, I64, U8, Bools

__all__ = ["Matches", "Muons", "Segments"]


class Muons(NamedTuple):
    """Muons of all events; lengths in cm, momenta in GeV."""

    offsets: I64
    pt: F32
    eta: F32
    phi: F32
    charge: I32
    pfIso04: F32
    trk_dz: F32
    isTight: Bools
    isTracker: Bools
    isRPC: Bools
    trk_origAlgo: I16
    trk_numberOfValidPixelHits: I16
    trk_numberOfValidTrackerLayers: I16
    rpcMu_numberOfMatchedRPCLayers: I16
    trkMu_stationMask: U8
    fires: Bools
    """Fired the trigger that is asked of a tag."""
    tag_iso: F32
    """Isolation that a tag is cut on, relative to pT."""
    probe_iso: F32
    """Isolation that a probe is cut on."""


class Matches(NamedTuple):
    """Where inner tracks cross chambers; local frame, cm."""

    x: F32
    y: F32
    edgeX: F32
    edgeY: F32
    code: I16
    """Chamber code, -1 if the entry cannot be used."""


class Segments(NamedTuple):
    """Reconstructed DT segments; local frame, cm and ns."""

    offsets: I64
    seg4D_posLoc_x: F32
    seg4D_posLoc_y: F32
    seg2D_phi_t0: F32
    seg4D_hasPhi: Bools
    seg4D_hasZed: Bools
    seg2D_phi_nHits: I16
    seg2D_z_nHits: I16
    code: I16
    """Chamber code, -1 if the entry cannot be used."""
