"""Draw the primitives of the barrel trigger: of the DT, after TwinMux, and as BMTF gets them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.detector.numbering import sectors, stations, wheels
from dtperf.detector.table import distances_cm, facings, lengths_cm, offsets_cm, twelve_sectors
from dtperf.synthetic.content_cells import SUPERLAYER
from dtperf.synthetic.content_rpc import Made, bunch_crossings
from dtperf.synthetic.detector import by_code
from dtperf.synthetic.readout import Readout
from dtperf.synthetic.rows import concatenate, numbers_within, take
from dtperf.synthetic.stages import DrawnSegments
from dtperf.typing import F64, I64, AnyArray, Bools, Integers

__all__ = ["TRIGGER_TRUTH", "trigger_primitives"]

EFFICIENCY, THETA_EFFICIENCY = 0.96, 0.9
"""Of views whose hits allow a primitive."""
PHI_UNITS, BEND_UNITS = 4096, 512
"""Per rad."""
MAX_BEND = 511
"""Of ten bits."""
CORRELATED = 4
"""Qualities from here on have three hits or more in both superlayers."""
POSITION_CM, DIRECTION = (0.2, 0.08), (0.03, 0.008)
"""Resolution of uncorrelated and of correlated primitives."""
OUT_OF_TIME = (0.15, 0.03)
RPC_ONLY_QUALITY, RPC_ONLY = 3, 2
MAX_PER_CHAMBER = 2
THETA_GROUPS = 7

TRIGGER_TRUTH = {
    "phi_efficiency": EFFICIENCY,
    "theta_efficiency": THETA_EFFICIENCY,
    "out_of_time": {"uncorrelated": OUT_OF_TIME[0], "correlated": OUT_OF_TIME[1]},
    "position_resolution_cm": {"uncorrelated": POSITION_CM[0], "correlated": POSITION_CM[1]},
    "direction_resolution": {"uncorrelated": DIRECTION[0], "correlated": DIRECTION[1]},
}
"""What a measurement of TwinMux input should find, for segments whose hits allow a primitive."""


class _Phi(NamedTuple):
    """Primitives of the phi view; all of shape (n,)."""

    segment: I64
    quality: I64
    bx: I64
    phi: I64
    phi_b: I64
    rpc_bit: I64


def trigger_primitives(
    rng: np.random.Generator,
    segments: DrawnSegments,
    event: I64,
    is_hit: Bools,
    rpc_layers: I64,
    readout: Readout,
) -> dict[str, Made]:
    """Draw primitives where the hits of segments allow them, and what TwinMux makes of them.

    Read in MuDTTPGPhiFlatTableProducer.cc, MuDTTPGThetaFlatTableProducer.cc and
    MuNtupleUtils.cc of cms-sw/cmssw. `is_hit` says which layers have a hit, shape (segments,
    12), and `rpc_layers` how many RPC layers have one in time.
    """
    chamber = _trigger_chambers(segments)
    phi_in = _best(_of_hits(rng, segments, is_hit, readout), event, chamber)
    phi_out = _best(_twin_mux(rng, segments, phi_in, event, chamber, rpc_layers), event, chamber)
    theta = _theta(rng, segments, event, chamber, readout)
    collections = {
        "ltTwinMuxIn": _phi_columns(segments, event, phi_in),
        "ltTwinMuxOut": _phi_columns(segments, event, phi_out),
        "ltTwinMuxInTh": theta,
    }
    collections["ltTwinMuxOut"][1]["rpcBit"] = phi_out[0].rpc_bit
    # BMTF gets what TwinMux sends, and counts sectors from 0
    for name, source in (("ltBmtfIn", "ltTwinMuxOut"), ("ltBmtfInTh", "ltTwinMuxInTh")):
        rows, columns = collections[source]
        common = {key: column for key, column in columns.items() if key != "rpcBit"}
        collections[name] = rows, {**common, "sector": columns["sector"] - 1}
    return collections


def _trigger_chambers(segments: DrawnSegments) -> I64:
    wheel = wheels()[segments.code] + 2 + 5 * (stations()[segments.code].astype(np.int64) - 1)
    return wheel * 12 + twelve_sectors()[sectors()[segments.code]] - 1


def _of_hits(
    rng: np.random.Generator, segments: DrawnSegments, is_hit: Bools, readout: Readout
) -> _Phi:
    """Draw the primitives of the DT, with the quality that CMS gives to hits of two superlayers."""
    inner, outer = (is_hit[:, superlayer == SUPERLAYER].sum(axis=1) for superlayer in (1, 3))
    both = np.minimum(inner, outer) >= 3
    # of one superlayer: 0 and 1 with three hits in the outer or the inner one, 2 and 3 with four
    alone = 2 * (np.maximum(inner, outer) == 4) + (inner > outer)
    quality = np.where(both, CORRELATED + (inner == 4).astype(int) + (outer == 4), alone)
    fires = (np.maximum(inner, outer) >= 3) & segments.has_phi
    efficiency = by_code(readout.trigger_efficiency, EFFICIENCY)[segments.code]
    rows = np.flatnonzero(fires & (rng.random(len(fires)) < efficiency))
    quality = quality[rows].astype(np.int64)
    kind = (quality >= CORRELATED).astype(int)
    x = segments.x[rows] + np.array(POSITION_CM)[kind] * rng.standard_normal(len(rows))
    dxdz = segments.dxdz[rows] + np.array(DIRECTION)[kind] * rng.standard_normal(len(rows))
    phi, phi_b = _units(segments.code[rows], x, dxdz)
    given = by_code(readout.out_of_time, np.nan)[segments.code[rows]]
    out_of_time = np.where(np.isnan(given), np.array(OUT_OF_TIME)[kind], given)
    bx = bunch_crossings(rng, len(rows), out_of_time)
    bx += readout.bx_shifts[segments.code[rows]]
    primitives = _Phi(rows, quality, bx, phi, phi_b, np.zeros_like(rows))
    return take(primitives, np.abs(phi_b) <= MAX_BEND)


def _units(code: Integers, x: F64, dxdz: F64) -> tuple[I64, I64]:
    """Return phi of the position and the bend against it, in the trigger's units."""
    facing = facings()[code]
    angle = np.arctan2(offsets_cm()[code] - facing * x, distances_cm()[code])
    # CMS subtracts 1 from negative phi before it makes a position of it, see `_local`
    phi = np.rint(PHI_UNITS * angle).astype(np.int64)
    phi += phi < 0
    direction = facing * np.arctan(dxdz)
    return phi, np.rint(BEND_UNITS * (direction - phi / PHI_UNITS)).astype(np.int64)


def _local(code: Integers, phi: I64, phi_b: I64) -> tuple[F64, F64]:
    """Return position, cm, and direction, rad, in the chamber's frame, as CMS makes them of phi.

    In CMSSW the position is r tan(phi) cos(delta) - r sin(delta), r and delta of the centre: the
    distance of the chamber's plane times tan(phi), from which the centre's offset is taken.
    """
    facing = facings()[code]
    along = distances_cm()[code] * np.tan((phi - (phi < 0)) / PHI_UNITS) - offsets_cm()[code]
    return -facing * along, facing * (phi_b / BEND_UNITS + phi / PHI_UNITS)


def _best(primitives: _Phi, event: I64, chamber: I64) -> tuple[_Phi, I64]:
    """Return the best two of each chamber and bunch crossing.

    Returns:
        They, by event and chamber, and which are second ones.
    """
    at = primitives.segment
    order = np.lexsort((-primitives.quality, primitives.bx, chamber[at], event[at]))
    sorted_ = take(primitives, order)
    at = sorted_.segment
    starts = _group_starts(event[at], chamber[at], sorted_.bx)
    rank = numbers_within(np.diff(starts, append=len(at)))
    is_best = rank < MAX_PER_CHAMBER
    return take(sorted_, is_best), rank[is_best]


def _twin_mux(
    rng: np.random.Generator,
    segments: DrawnSegments,
    primitives: tuple[_Phi, I64],
    event: I64,
    chamber: I64,
    rpc_layers: I64,
) -> _Phi:
    """Combine primitives with the RPC hits of their segments.

    Those of low quality are given up without one; with one, a primitive is put into its bunch
    crossing. In MB1 and MB2, two RPC layers make a primitive where the DT made none. Read in
    DTLowQMatching.cc, DTRPCBxCorrection.cc and RPCtoDTTranslator.cc of cms-sw/cmssw.
    """
    of_dt = primitives[0]
    with_rpc = rpc_layers[of_dt.segment] > 0
    matched = of_dt._replace(bx=np.where(with_rpc, 0, of_dt.bx), rpc_bit=with_rpc.astype(np.int64))
    matched = take(matched, with_rpc | (of_dt.quality >= 2))
    chamber_of_event = event * (chamber.max(initial=0) + 1) + chamber
    silent = ~np.isin(chamber_of_event, chamber_of_event[of_dt.segment])
    rows = np.flatnonzero(segments.has_phi & silent & (rpc_layers == 2))
    rows = rows[np.unique(chamber_of_event[rows], return_index=True)[1]]
    phi, phi_b = _units(
        segments.code[rows],
        segments.x[rows] + POSITION_CM[0] * rng.standard_normal(len(rows)),
        segments.dxdz[rows] + DIRECTION[0] * rng.standard_normal(len(rows)),
    )
    full = np.full_like(rows, RPC_ONLY_QUALITY)
    # the RPCs know phi in units four times as wide
    alone = _Phi(rows, full, np.zeros_like(rows), phi // 4 * 4, phi_b, np.full_like(rows, RPC_ONLY))
    return concatenate((matched, take(alone, np.abs(phi_b) <= MAX_BEND)))


def _group_starts(*columns: I64) -> I64:
    """Return the first row of each group of equal rows, which lie one behind the other."""
    rows = np.stack(columns)
    return np.flatnonzero(np.r_[True, (rows[:, 1:] != rows[:, :-1]).any(axis=0)][: rows.shape[1]])


def _chamber_columns(segments: DrawnSegments, rows: I64) -> dict[str, AnyArray]:
    code = segments.code[rows]
    sector = twelve_sectors()[sectors()[code]]
    return {"wheel": wheels()[code], "sector": sector, "station": stations()[code]}


def _phi_columns(segments: DrawnSegments, event: I64, best: tuple[_Phi, I64]) -> Made:
    primitives, is_second = best
    rows = primitives.segment
    x, direction = _local(segments.code[rows], primitives.phi, primitives.phi_b)
    return event[rows], {
        **_chamber_columns(segments, rows),
        "quality": primitives.quality,
        "bx": primitives.bx,
        "is2nd": is_second,
        "phi": primitives.phi,
        "phiB": primitives.phi_b,
        "posLoc_x": x,
        "dirLoc_phi": direction,
    }


def _theta(
    rng: np.random.Generator,
    segments: DrawnSegments,
    event: I64,
    chamber: I64,
    readout: Readout,
) -> Made:
    """Draw the primitives of the theta view: one a chamber and bunch crossing, with a bit a group.

    The seven groups of cells are counted along the local y of the chamber; CMS does not say how.
    """
    efficiency = by_code(readout.theta_trigger_efficiency, THETA_EFFICIENCY)[segments.code]
    fires = segments.has_zed & (rng.random(len(chamber)) < efficiency)
    rows = np.flatnonzero(fires)
    bx = bunch_crossings(rng, len(rows), OUT_OF_TIME[1])
    length = lengths_cm()[segments.code[rows]]
    group = np.floor((segments.y[rows] / length + 0.5) * THETA_GROUPS).astype(np.int64)
    bit = 1 << np.clip(group, 0, THETA_GROUPS - 1)
    order = np.lexsort((bx, chamber[rows], event[rows]))
    rows, bx, bit = rows[order], bx[order], bit[order]
    starts = _group_starts(event[rows], chamber[rows], bx)
    hit_map = np.bitwise_or.reduceat(bit, starts) if len(starts) else bit
    first = rows[starts]
    columns = {**_chamber_columns(segments, first), "bx": bx[starts], "hitMap": hit_map}
    return event[first], columns
