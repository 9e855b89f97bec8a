"""What the plain loops over details read, entry by entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = [
    "BRANCHES",
    "FIRST_SECTOR",
    "OF_EVENTS",
    "PLACE",
    "PRIMITIVES",
    "THETA_PRIMITIVES",
    "Event",
    "Row",
    "entries",
    "exists",
]

Row = dict[str, Any]
Event = Mapping[str, Any]

PLACE = ("wheel", "sector", "station")
PRIMITIVES = {"twinmux_in": "ltTwinMuxIn", "twinmux_out": "ltTwinMuxOut", "bmtf_in": "ltBmtfIn"}
THETA_PRIMITIVES = {"theta_twinmux_in": "ltTwinMuxInTh", "theta_bmtf_in": "ltBmtfInTh"}
FIRST_SECTOR = {
    "twinmux_in": 1,
    "twinmux_out": 1,
    "bmtf_in": 0,
    "theta_twinmux_in": 1,
    "theta_bmtf_in": 0,
}
PRIMITIVE = (*PLACE, "bx", "quality", "posLoc_x", "dirLoc_phi")
BRANCHES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(PRIMITIVES.values(), PRIMITIVE),
    "ltTwinMuxOut": (*PRIMITIVE, "rpcBit"),
    **dict.fromkeys(THETA_PRIMITIVES.values(), (*PLACE, "bx", "hitMap")),
    "muon": (
        *("isGlobal", "isStandalone", "staMu_nMatchSeg"),
        *("staMatches_begin", "staMatches_end"),
    ),
    "muon_matches": ("dXdZ", "dYdZ"),
    "muon_staMatches": ("MuSegIdx",),
    "dtSegment": (
        *PLACE,
        *("seg4D_posLoc_x", "seg4D_posLoc_y", "seg4D_posLoc_x_midPlane"),
        *("seg4D_hasPhi", "seg4D_hasZed", "seg2D_phi_nHits", "seg2D_z_nHits"),
        *("seg2D_phi_t0", "seg2D_z_t0", "seg2D_phi_normChi2", "seg2D_z_normChi2"),
        *("seg2D_phi_vDrift", "seg4D_dirLoc_x", "seg4D_dirLoc_y", "seg4D_dirLoc_z"),
        *("seg2D_hits_begin", "seg2D_hits_end", "seg4D_extr_begin", "seg4D_extr_end"),
    ),
    "dtSegment_hits": (
        *("superLayer", "layer", "wire", "side", "pos", "posErr", "time", "timeCali"),
    ),
    "dtSegment_extr": ("ExpWire", "ExpPos"),
    "dtDigi": (*PLACE, "superLayer", "layer", "wire", "time"),
    "dtToRpc": (
        *("ring", "sector", "station", "layer", "subsector", "roll"),
        *("coordX", "coordY", "rawId"),
    ),
    "rpcRecHit": ("rawId", "bx", "coordX", "clusterSize"),
}
"""What the loops read, by collection, beside the branches of the crossings."""

OF_EVENTS = {
    "run": "run",
    "luminosity_block": "luminosityBlock",
    "inst_lumi": "lumi_instLumi",
    "pileup": "lumi_avgPileUp",
}


def entries(event: Event, collection: str) -> list[Row]:
    """Turn the lists of a collection into one dict an entry."""
    names = BRANCHES[collection]
    columns = [event[f"{collection}_{name}"] for name in names]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def exists(wheel: int, sector: int, station: int) -> bool:
    """Tell whether there is such a chamber."""
    last = 14 if station == 4 else 12
    return 1 <= station <= 4 and -2 <= wheel <= 2 and 1 <= sector <= last
