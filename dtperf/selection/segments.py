"""The best segment of a chamber, and the cuts on what a probe crosses."""

from __future__ import annotations

from math import sqrt
from typing import Any, NamedTuple

import numba  # noqa: F401  # before threads use it, see dtperf.execution.clusters.preload_site
import numpy as np
import numpy.typing as npt

from dtperf.compiled import compiled, inlined
from dtperf.kernel_arrays import empty
from dtperf.selection.arrays import Muons
from dtperf.selection.fourvector import size_of_eta
from dtperf.typing import F32, I8, I16, I32, I64, Bools

__all__ = [
    "Decisions",
    "PassingLimits",
    "StationLimits",
    "best_segment",
    "count_double",
    "decide",
    "distance",
    "is_better",
    "is_close",
    "is_eligible",
    "is_fiducial",
    "n_hits",
    "to_beat",
]


class PassingLimits(NamedTuple):
    """Cut values in the width they are compared in; max_dy is NaN where theta does not count."""

    max_dx: np.float32
    max_dy: np.float32
    max_dr: np.float32
    truncate: bool
    nearest: bool
    """Whether the nearest segment is the best one, not the one with most hits."""


@inlined
def distance(dx: np.float32, dy: np.float32) -> np.float32:
    """Return the distance in the chamber plane, cm."""
    return np.float32(sqrt(dx * dx + dy * dy))


@inlined
def n_hits(has_phi: bool, phi_hits: int, has_zed: bool, z_hits: int) -> int:
    """Return the hits of the views that a segment has."""
    return int(has_phi) * phi_hits + int(has_zed) * z_hits


@inlined
def is_close(
    dx: np.float32, dy: np.float32, views: tuple[bool, bool], limits: PassingLimits
) -> bool | np.bool_:
    """Return whether a segment is close enough in a view that it has.

    Args:
        dx: From the crossing in x, cm.
        dy: In y, cm.
        views: Whether it has a phi view, and a theta view.
        limits: Cut values.
    """
    # without branches: which way they go cannot be foreseen
    return (views[0] & (dx < limits.max_dx)) | (views[1] & (dy < limits.max_dy))


@inlined
def is_better(
    hits: int,
    dx: np.float32,
    dy: np.float32,
    views: tuple[bool, bool],
    best_hits: int,
    max_dr: np.float32,
    limits: PassingLimits,
) -> bool | np.bool_:
    """Return whether a segment is the best one so far: this, and `to_beat`, are the whole rule.

    The best segment is the one with most hits, or the nearest one, that is close enough to the
    crossing; of equals the first one, and none without hits. The nearest one is that of
    `getPassingProbeInCh` in the repository cmsdtoffline/DTTagAndProbe; which view has to be close
    enough is as for most hits.

    Args:
        hits: Of the views that it has.
        dx: From the crossing in x, cm.
        dy: In y, cm.
        views: Whether it has a phi view, and a theta view.
        best_hits: It has to have more; 0 at first.
        max_dr: It has to be nearer, cm; that of the limits at first.
        limits: Cut values.
    """
    is_near = distance(dx, dy) < max_dr
    return (hits > best_hits) & is_near & is_close(dx, dy, views, limits)


@inlined
def to_beat(
    hits: int,
    dx: np.float32,
    dy: np.float32,
    best_hits: int,
    max_dr: np.float32,
    limits: PassingLimits,
) -> tuple[int, np.float32]:
    """Return `best_hits` and `max_dr` for the segments after one that is the best so far."""
    return (best_hits, distance(dx, dy)) if limits.nearest else (int(hits), max_dr)


@inlined
def best_segment(
    start: int,
    stop: int,
    codes: I16,
    segment_x: F32,
    segment_y: F32,
    has_phi: Bools,
    has_zed: Bools,
    hits: I16,
    code: int,
    x: np.float32,
    y: np.float32,
    limits: PassingLimits,
) -> int:
    """Find the best segment of a chamber, as `is_better` has it.

    Args:
        start: First segment of the event.
        stop: One past the last segment of the event.
        codes: Chamber of each segment, shape (segments of all events,), as the next five.
        segment_x: Its local x, cm.
        segment_y: Its local y, cm.
        has_phi: Whether it has a phi view.
        has_zed: Whether it has a theta view.
        hits: Hits of the views that it has.
        code: Chamber that is crossed.
        x: Local x of the crossing, cm.
        y: Local y of the crossing, cm.
        limits: Cut values.

    Returns:
        Index of the segment, -1 if there is none.
    """
    if limits.truncate:
        x, y = np.trunc(x), np.trunc(y)
    best, best_hits, max_dr = -1, 0, limits.max_dr
    for i in range(start, stop):
        if codes[i] != code:
            continue
        dx, dy = abs(x - segment_x[i]), abs(y - segment_y[i])
        if is_better(hits[i], dx, dy, (has_phi[i], has_zed[i]), best_hits, max_dr, limits):
            best = i
            best_hits, max_dr = to_beat(hits[i], dx, dy, best_hits, max_dr, limits)
    return best


class StationLimits(NamedTuple):
    """Cut values in the width they are compared in."""

    min_other: int
    min_rpc_layers: float
    """Infinite where RPC layers do not count."""
    max_abs_eta: F32
    """By station, shape (5,); that of 0 is not used."""
    border_x: np.float32
    """cm, as the other."""
    border_y: np.float32
    of_superlayers: bool
    """Whether the border is that of the superlayers, not of the chamber."""
    kinematics: int
    """Which eta is cut on, as `dtperf.selection.fourvector.is_within` takes it."""


@inlined
def is_eligible(n_other: Any, rpc_layers: Any, min_other: int, min_rpc_layers: float) -> Any:
    """Return whether there are enough other stations or RPC layers."""
    return (n_other >= min_other) | (rpc_layers >= min_rpc_layers)


@inlined
def is_fiducial(edge_x: Any, edge_y: Any, border_x: Any, border_y: Any) -> Any:
    """Return whether a chamber is crossed far enough from its edges; NaN is not, in cm."""
    return (edge_x < border_x) & (edge_y < border_y)


class Decisions(NamedTuple):
    """Which cuts hold for a pair and a chamber crossed, or a station; each of shape (rows,)."""

    is_eligible: Bools
    is_in_eta: Bools
    is_fiducial: Bools


@compiled
def decide(
    pair: I32,
    station: I8,
    match: I32,
    n_other: I8,
    probe: I64,
    muons: Muons,
    edge_x: F32,
    edge_y: F32,
    limits: StationLimits,
) -> Decisions:
    """Apply the cuts on stations to crossings.

    Args:
        pair: As in `dtperf.selection.crossings.Crossings`, like the next three, shape (rows,).
        station: 1 to 4.
        match: -1 where the station is not crossed.
        n_other: Other stations with matched segments.
        probe: Muon that is the probe of each pair, shape (pairs,).
        muons: Flat muon columns.
        edge_x: Distance of each match from the border's edge in x, cm, shape (matches,).
        edge_y: In y.
        limits: Cut values.
    """
    pt, eta, phi, most = muons.pt, muons.eta, muons.phi, limits.max_abs_eta
    # unlike in the plot of RPC layers, these count here for muons that are not RPC muons, too
    layers_of, size_of = muons.rpcMu_numberOfMatchedRPCLayers, empty(len(probe), np.float32)
    layers = empty(len(probe), np.int16)
    for each in range(len(probe)):  # once for the four rows or more of a pair
        i = np.uint64(probe[each])
        layers[each] = layers_of[i]
        size_of[each] = size_of_eta(pt[i], eta[i], phi[i], most, limits.kinematics)
    rows = len(pair)
    eligible, in_eta = empty(rows, np.bool_), empty(rows, np.bool_)
    fiducial = empty(rows, np.bool_)
    for row in range(rows):
        i, at = np.uint64(pair[row]), match[row]
        eligible[row] = is_eligible(
            n_other[row], layers[i], limits.min_other, limits.min_rpc_layers
        )
        in_eta[row] = size_of[i] < most[np.uint64(station[row])]
        fiducial[row] = at >= 0 and is_fiducial(
            edge_x[np.uint64(at)], edge_y[np.uint64(at)], limits.border_x, limits.border_y
        )
    return Decisions(eligible, in_eta, fiducial)


@compiled
def count_double(flags: npt.NDArray[np.unsignedinteger[Any]], first: Any, counts: Any) -> int:
    """Count crossings that are not the first one of their probe and station that counts.

    Args:
        flags: Bits of each row, shape (rows,).
        first: The bit of the first row of a pair and station.
        counts: The bits of a row that counts.
    """
    n = 0
    for row in range(len(flags)):
        if flags[row] & first or flags[row] & counts != counts:  # nearly all are the first
            continue
        before = row - 1
        while not flags[before] & first and flags[before] & counts != counts:
            before -= 1
        n += flags[before] & counts == counts
    return n
