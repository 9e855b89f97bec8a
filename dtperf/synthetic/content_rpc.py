"""Draw the RPC hits and digis of the barrel, and where DT segments cross RPCs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.detector.frames import direction_to_global, direction_to_local, to_global, to_local
from dtperf.detector.numbering import sectors, stations, wheels
from dtperf.detector.table import facings, lengths_cm, twelve_sectors, widths_cm
from dtperf.synthetic.content_rolls import (
    RPC_LAYERS,
    STRIPS,
    draw_rolls,
    half_chambers,
    pack_roll,
    roll_number,
    rolls_along,
)
from dtperf.synthetic.detector import by_code
from dtperf.synthetic.readout import Readout
from dtperf.synthetic.rows import numbers_within
from dtperf.synthetic.stages import DrawnSegments
from dtperf.typing import F64, I64, AnyArray, Bools

__all__ = ["RPC_TRUTH", "Made", "RpcContent", "bunch_crossings", "rpc_content"]

Made = tuple[I64, dict[str, AnyArray]]
"""Event of each entry, and columns."""

EFFICIENCY = 0.95
DISTANCE_CM = 25.0
"""From the middle of the DT chamber."""
CLUSTER_SIZES = (0.45, 0.35, 0.15, 0.05)
NOISE_HITS = 25.0
OUT_OF_TIME = 0.03
MOST_SEGMENTS = 8
"""CMS extrapolates no segments of events with more."""

RPC_TRUTH = {"efficiency": EFFICIENCY, "noise_hits_per_event": NOISE_HITS}
"""What a measurement of the RPCs should find."""


class RpcContent(NamedTuple):
    """The three collections of the RPCs, and the coincidences that the trigger uses."""

    hits: Made
    expected: Made
    """Where DT segments point to."""
    digis: Made
    layers_in_time: I64
    """Layers with a hit of the segment in the right bunch crossing, shape (segments,)."""


class _Points(NamedTuple):
    """Where segments cross RPC layers, one entry each, in the roll's frame."""

    segment: I64
    roll: dict[str, AnyArray]
    strips: I64
    pitch: F64
    x: F64
    y: F64
    is_known: Bools
    """Whether CMS extrapolates the segment."""


def bunch_crossings(rng: np.random.Generator, n: int, out_of_time: float | F64) -> AnyArray:
    """Draw n bunch crossings: 0, or for the given part one of the neighbours."""
    return np.where(rng.random(n) < out_of_time, rng.choice([-2, -1, 1, 2], n), 0)


def rpc_content(
    rng: np.random.Generator,
    events: int,
    segments: DrawnSegments,
    event: I64,
    readout: Readout,
) -> RpcContent:
    """Extend segments to the RPC layers of their stations, and draw hits and digis there.

    A hit is in the middle of its strips, and has no coordinate along them and no time: read in
    RPCRecHitStandardAlgo.cc of cms-sw/cmssw. `event` is that of each segment.
    """
    points = _points(rng, segments, event)
    known = np.flatnonzero(points.is_known)
    expected = {name: column[known] for name, column in points.roll.items()}
    expected |= {"coordX": points.x[known], "coordY": points.y[known]}
    expected["coordZ"] = np.zeros(len(known))

    efficiency = by_code(readout.rpc_efficiency, EFFICIENCY)[segments.code[points.segment]]
    seen = np.flatnonzero(rng.random(len(points.x)) < efficiency)
    noise = draw_rolls(rng, rng.poisson(NOISE_HITS * events))
    n_noise = len(noise.strips)
    bx = bunch_crossings(rng, len(seen), OUT_OF_TIME)
    strips = np.concatenate((points.strips[seen], noise.strips))
    pitch = np.concatenate((points.pitch[seen], noise.pitch))
    crossed = np.floor(points.x[seen] / points.pitch[seen] + points.strips[seen] / 2)
    strip = 1 + np.concatenate((crossed, rng.integers(noise.strips))).astype(np.int64)
    size = 1 + rng.choice(len(CLUSTER_SIZES), len(strip), p=CLUSTER_SIZES)
    first = np.clip(strip - rng.integers(size), 1, strips - size + 1)
    hits = {name: np.concatenate((c[seen], noise.roll[name])) for name, c in points.roll.items()}
    hits |= {
        "firstClusterStrip": first,
        "clusterSize": size,
        "bx": np.concatenate((bx, rng.integers(-3, 4, n_noise))),
        "coordX": pitch * (first - 1 + size / 2 - strips / 2),
        "coordY": np.zeros(len(first)),
        "coordZ": np.zeros(len(first)),
        "time": np.zeros(len(first)),
    }
    of_segment = points.segment[seen]
    hit_event = np.concatenate((event[of_segment], rng.integers(events, size=n_noise)))
    order = np.lexsort((first, hits["rawId"], hit_event))
    hit_event, hits = hit_event[order], {name: c[order] for name, c in hits.items()}
    in_time = np.bincount(of_segment[bx == 0], minlength=len(segments.code))
    return RpcContent(
        (hit_event, hits),
        (event[points.segment[known]], expected),
        _digis(hit_event, hits),
        in_time,
    )


def _digis(event: I64, hits: dict[str, AnyArray]) -> Made:
    """Return the digis of hits, one for each strip."""
    size = hits["clusterSize"]
    rows = np.repeat(np.arange(len(event)), size)
    names = ("region", "ring", "station", "layer", "sector", "subsector", "roll", "rawId", "bx")
    columns = {name: hits[name][rows] for name in names}
    columns["strip"] = hits["firstClusterStrip"][rows] + numbers_within(size)
    return event[rows], columns


def _points(rng: np.random.Generator, segments: DrawnSegments, event: I64) -> _Points:
    """Find where segments with a phi view cross RPCs."""
    y, dydz, is_known = _along_wires(rng, segments, event)
    n_layers = np.where(segments.has_phi, RPC_LAYERS[stations()[segments.code] - 1], 0)
    rows = np.repeat(np.arange(len(segments.code)), n_layers)
    layer = 1 + numbers_within(n_layers)
    z = np.where(layer == 1, DISTANCE_CM, -DISTANCE_CM)
    x_at, y_at = segments.x[rows] + segments.dxdz[rows] * z, y[rows] + dydz[rows] * z
    code = segments.code[rows]
    width, length = widths_cm()[code], lengths_cm()[code]
    inside = np.flatnonzero((np.abs(x_at) < width / 2) & (np.abs(y_at) < length / 2))
    rows, layer, code = rows[inside], layer[inside], code[inside]
    x_at, y_at, width, length = x_at[inside], y_at[inside], width[inside], length[inside]
    station, sector, wheel = stations()[code], sectors()[code].astype(np.int64), wheels()[code]
    # half chambers are counted along rising phi, rolls along the local y of the chamber
    halves, first = half_chambers(station, sector)
    half = np.floor((0.5 - facings()[code] * x_at / width) * halves).astype(np.int64)
    n_rolls = rolls_along(station, layer, wheel)
    number = np.floor((y_at / length + 0.5) * n_rolls).astype(np.int64)
    roll: dict[str, AnyArray] = {
        "region": np.zeros(len(rows), dtype=np.int64),
        "ring": wheel,
        "station": station,
        "layer": layer,
        "sector": twelve_sectors()[sector],
        "subsector": first + half,
        "roll": roll_number(number, n_rolls),
    }
    roll["rawId"] = pack_roll(roll)
    strips = STRIPS[station - 1, roll["sector"] - 1]
    middle = -facings()[code] * ((half + 0.5) / halves - 0.5) * width
    along = y_at - ((number + 0.5) / n_rolls - 0.5) * length
    pitch = width / halves / strips
    return _Points(rows, roll, strips, pitch, x_at - middle, along, is_known[rows])


def _along_wires(
    rng: np.random.Generator, segments: DrawnSegments, event: I64
) -> tuple[F64, F64, Bools]:
    """Return y and dy/dz of segments, and whether CMS extrapolates them to RPCs.

    It does with segments of both views that are alone in their chambers, and in MB4 with those
    that have such a one in MB3. Read in DTSegtoRPC.cc of cms-sw/cmssw.
    """
    _, back, counts = np.unique(
        np.column_stack((event, segments.code)), axis=0, return_inverse=True, return_counts=True
    )
    few = np.diff(segments.offsets)[event] <= MOST_SEGMENTS
    is_alone = few & (counts[back.ravel()] == 1)
    y, dydz = segments.y.astype(np.float64), segments.dydz.astype(np.float64)
    y[~segments.has_zed] = (rng.random(len(y)) - 0.5)[~segments.has_zed]
    y[~segments.has_zed] *= lengths_cm()[segments.code][~segments.has_zed]
    is_known = is_alone & segments.has_phi & segments.has_zed
    inner = np.flatnonzero(is_known & (stations()[segments.code] == 3) & (segments.muon >= 0))
    outer = np.flatnonzero(is_alone & (stations()[segments.code] == 4) & (segments.muon >= 0))
    of_muon = np.full(max(segments.muon.max(initial=-1), 0) + 1, -1)
    of_muon[segments.muon[inner]] = inner
    outer = outer[of_muon[segments.muon[outer]] >= 0]
    inner = of_muon[segments.muon[outer]]
    zero, one = np.zeros(len(inner)), np.ones(len(inner))
    point = to_global(segments.code[inner], segments.x[inner], segments.y[inner], zero)
    slopes = direction_to_global(
        segments.code[inner], segments.dxdz[inner], segments.dydz[inner], one
    )
    _, y_there, z_there = to_local(segments.code[outer], *point)
    _, along_y, along_z = direction_to_local(segments.code[outer], *slopes)
    dydz[outer] = along_y / along_z
    y[outer] = y_there - dydz[outer] * z_there
    is_known[outer] = True
    return y, dydz, is_known
