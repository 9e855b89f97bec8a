"""The flat arrays that the kernels work on.

A collection is one offsets array, shape (events + 1,), and one array a column, shape
(offsets[-1],): entries offsets[i] to offsets[i + 1] belong to event i.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Matches", "Muons", "Segments"]

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Shorts = npt.NDArray[np.int16]
Offsets = npt.NDArray[np.int64]


class Muons(NamedTuple):
    """Muons of all events; lengths in cm, momenta in GeV."""

    offsets: Offsets
    pt: Floats
    eta: Floats
    phi: Floats
    charge: npt.NDArray[np.int32]
    pfIso04: Floats
    trk_dz: Floats
    isTight: Bools
    isTracker: Bools
    isRPC: Bools
    trk_origAlgo: Shorts
    trk_numberOfValidPixelHits: Shorts
    trk_numberOfValidTrackerLayers: Shorts
    rpcMu_numberOfMatchedRPCLayers: Shorts
    trkMu_stationMask: npt.NDArray[np.uint8]
    fires: Bools
    """Fired the trigger that is asked of a tag."""
    tag_iso: Floats
    """Isolation that a tag is cut on, relative to pT."""
    probe_iso: Floats
    """Isolation that a probe is cut on."""


class Matches(NamedTuple):
    """Where inner tracks cross chambers; local frame, cm."""

    station: Shorts
    x: Floats
    y: Floats
    edgeX: Floats
    edgeY: Floats
    code: Shorts
    """Chamber code, -1 if the entry cannot be used."""


class Segments(NamedTuple):
    """Reconstructed DT segments; local frame, cm and ns."""

    offsets: Offsets
    seg4D_posLoc_x: Floats
    seg4D_posLoc_y: Floats
    seg2D_phi_t0: Floats
    seg4D_hasPhi: Bools
    seg4D_hasZed: Bools
    seg2D_phi_nHits: Shorts
    seg2D_z_nHits: Shorts
    code: Shorts
    """Chamber code, -1 if the entry cannot be used."""
