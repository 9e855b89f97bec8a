"""What trigger and RPCs see near DT segments."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.geometry.frames import direction_to_global, to_global
from dtperf.geometry.numbering import sectors, stations, wheels
from dtperf.geometry.table import sector_angles
from dtperf.synthetic.rows import Column
from dtperf.synthetic.stages import Indices, Segments

__all__ = ["Made", "RpcHits", "rpc_hits", "rpc_strips", "trigger_primitives"]

Made = tuple[Indices, dict[str, Column]]
"""Event of each entry, and columns."""

PHI_TRIGGERS = {"ltTwinMuxIn": 0.93, "ltTwinMuxOut": 0.95, "ltBmtfIn": 0.95}
"""Part of the phi views with a primitive in each collection."""
THETA_TRIGGERS = {"ltTwinMuxInTh": 0.9, "ltBmtfInTh": 0.9}
QUALITY = np.array([0, 0, 0, 0, 2, 3, 4, 5, 6])
"""By number of phi hits; 6 is that of two superlayers with four hits each."""
PHI_UNITS_PER_RAD, BEND_UNITS_PER_RAD = 4096, 512
OUT_OF_TIME, SECOND, WITH_RPC = 0.06, 0.05, 0.4
THETA_HIT_MAP_BITS = 7

RPC_LAYERS = np.array([2, 2, 1, 1])
"""By DT station; the second layers of MB1 and MB2 lie outside of them."""
RPC_EFFICIENCY = 0.93
RPC_Z_CM = 25.0
CLUSTER_SIZES = (0.45, 0.35, 0.15, 0.05)
RPC_NOISE = 25.0
DET_RPC = 2 << 28 | 3 << 25  # the muon system, and in it the RPCs


class RpcHits(NamedTuple):
    """RPC layers behind and before segments."""

    hits: Made
    """Where there is a hit."""
    expected: Made
    """Where segments point to."""


def _sector(segments: Segments) -> Column:
    sector = sectors()[segments.code]
    return np.where(sector == 13, 4, np.where(sector == 14, 10, sector))


def _place(segments: Segments, rows: Indices) -> dict[str, Column]:
    code = segments.code[rows]
    return {
        "wheel": wheels()[code],
        "sector": _sector(segments)[rows],
        "station": stations()[code],
    }


def _crossings(rng: np.random.Generator, n: int) -> Column:
    """Draw bunch crossings, which are mostly the right one."""
    return np.where(rng.random(n) < OUT_OF_TIME, rng.choice([-2, -1, 1, 2], n), 0)


def trigger_primitives(
    rng: np.random.Generator, segments: Segments, event: Indices
) -> dict[str, Made]:
    """Draw the primitives of the barrel trigger, before and after TwinMux, and BMTF's.

    Args:
        rng: Random numbers.
        segments: What they lie near.
        event: Of each segment.
    """
    code = segments.code
    zero = np.zeros_like(segments.x)
    x, y, _ = to_global(code, segments.x, zero, zero)
    u, v, _ = direction_to_global(code, -segments.dxdz, zero, zero - 1)
    wrapped = np.arctan2(y, x) - sector_angles()[code]
    phi = np.arctan2(np.sin(wrapped), np.cos(wrapped))
    bend = np.arctan2(v, u) - np.arctan2(y, x)
    bend = np.arctan2(np.sin(bend), np.cos(bend))
    made: dict[str, Made] = {}
    for name, efficiency in PHI_TRIGGERS.items():
        rows = np.flatnonzero(segments.has_phi & (rng.random(len(code)) < efficiency))
        columns = {
            **_place(segments, rows),
            "quality": QUALITY[segments.phi_hits[rows]],
            "bx": _crossings(rng, len(rows)),
            "is2nd": rng.random(len(rows)) < SECOND,
            "phi": np.rint(PHI_UNITS_PER_RAD * phi[rows]),
            "phiB": np.rint(BEND_UNITS_PER_RAD * bend[rows]),
            "posLoc_x": segments.x[rows],
            "dirLoc_phi": np.degrees(np.arctan(segments.dxdz[rows])),
        }
        if name == "ltTwinMuxOut":
            columns["rpcBit"] = rng.random(len(rows)) < WITH_RPC
        made[name] = event[rows], columns
    for name, efficiency in THETA_TRIGGERS.items():
        rows = np.flatnonzero(segments.has_zed & (rng.random(len(code)) < efficiency))
        columns = {
            **_place(segments, rows),
            "bx": _crossings(rng, len(rows)),
            "hitMap": 1 << rng.integers(THETA_HIT_MAP_BITS, size=len(rows)),
        }
        made[name] = event[rows], columns
    return made


def rpc_hits(rng: np.random.Generator, segments: Segments, event: Indices) -> RpcHits:
    """Extend segments to the RPC layers of their stations, and draw hits there.

    Args:
        rng: Random numbers.
        segments: The segments.
        event: Of each segment.
    """
    n_layers = np.where(segments.has_phi, RPC_LAYERS[stations()[segments.code] - 1], 0)
    rows = np.repeat(np.arange(len(segments.code)), n_layers)
    first = np.repeat(np.cumsum(n_layers) - n_layers, n_layers)
    layer = 1 + np.arange(len(rows)) - first
    z = np.where(layer == 1, RPC_Z_CM, -RPC_Z_CM)
    place = _place(segments, rows)
    chamber = {
        "region": np.zeros(len(rows), dtype=np.int64),
        "ring": place["wheel"],
        "station": place["station"],
        "layer": layer,
        "sector": place["sector"],
        "subsector": rng.integers(1, 3, len(rows)),
        "roll": rng.integers(1, 4, len(rows)),
    }
    expected = {
        **chamber,
        "rawId": _raw_id(chamber),
        "coordX": segments.x[rows] + segments.dxdz[rows] * z,
        "coordY": segments.y[rows] + segments.dydz[rows] * z,
        "coordZ": np.zeros(len(rows)),
    }
    seen = np.flatnonzero(rng.random(len(rows)) < RPC_EFFICIENCY)
    hits = {name: column[seen] for name, column in expected.items()} | {
        "clusterSize": 1 + rng.choice(len(CLUSTER_SIZES), len(seen), p=CLUSTER_SIZES),
        "firstClusterStrip": rng.integers(1, 93, len(seen)),
        "bx": _crossings(rng, len(seen)),
        "time": rng.normal(0, 1.5, len(seen)),
    }
    return RpcHits((event[rows[seen]], hits), (event[rows], expected))


def rpc_strips(rng: np.random.Generator, events: int, rpc: Made) -> Made:
    """Make the digis of RPC hits, one a strip, and scatter single ones.

    Args:
        rng: Random numbers.
        events: Number of events.
        rpc: Hits.
    """
    event, hits = rpc
    size = hits["clusterSize"]
    n = rng.poisson(RPC_NOISE * events)
    # noise stands in chambers that have hits in some event of the block
    rows = np.concatenate(
        (np.repeat(np.arange(len(event)), size), rng.integers(len(event), size=n))
    )
    within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    strip = np.repeat(hits["firstClusterStrip"], size) + within
    names = ("region", "ring", "station", "layer", "sector", "subsector", "roll", "rawId")
    columns = {name: hits[name][rows] for name in names}
    columns["strip"] = np.concatenate((strip, rng.integers(1, 97, n)))
    columns["bx"] = np.concatenate((np.repeat(hits["bx"], size), rng.integers(-3, 4, n)))
    return np.concatenate((event[rows[: size.sum()]], rng.integers(events, size=n))), columns


def _raw_id(chamber: dict[str, Column]) -> Column:
    """Number rolls as CMSSW's RPCDetId packs its fields."""
    packed = chamber["region"].astype(np.int64) + 1
    for name, first, bit in (
        ("ring", -2, 2),
        ("station", 1, 5),
        ("sector", 1, 7),
        ("layer", 1, 11),
        ("subsector", 1, 12),
        ("roll", 0, 15),
    ):
        packed |= (chamber[name].astype(np.int64) - first) << bit
    return packed | DET_RPC
