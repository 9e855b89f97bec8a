"""Cuts on what a probe crosses; of numbers in a kernel, or of whole columns."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba.extending import register_jitable

from dtperf.compiled import compiled
from dtperf.kernels.arrays import Muons
from dtperf.kernels.fourvector import is_within
from dtperf.typing import F32, I8, AnyArray, Bools

__all__ = ["StationLimits", "count_double", "is_eligible", "is_fiducial", "mask_in_eta"]


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
    """Which eta is cut on, as `dtperf.kernels.fourvector.is_within` takes it."""


@register_jitable
def is_eligible(n_other: Any, rpc_layers: Any, min_other: int, min_rpc_layers: float) -> Any:
    """Tell whether there are enough other stations or RPC layers."""
    return (n_other >= min_other) | (rpc_layers >= min_rpc_layers)


@compiled
def mask_in_eta(muons: Muons, probe: AnyArray, station: I8, limits: StationLimits) -> Bools:
    """Tell whether probes are within the limit of a station.

    Args:
        muons: Flat muon columns.
        probe: Index into the muons, shape (rows,).
        station: 1 to 4, same shape.
        limits: Cut values.
    """
    pt, eta, phi, most = muons.pt, muons.eta, muons.phi, limits.max_abs_eta
    inside = np.empty(len(probe), dtype=np.bool_)
    for row in range(len(probe)):
        i, limit = probe[row], most[station[row]]
        inside[row] = is_within(pt[i], eta[i], phi[i], limit, limits.kinematics)
    return inside


@register_jitable
def is_fiducial(edge_x: Any, edge_y: Any, border_x: Any, border_y: Any) -> Any:
    """Tell whether a chamber is crossed far enough from its edges; NaN is not, in cm."""
    return (edge_x < border_x) & (edge_y < border_y)


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
