"""Cuts on what a probe crosses; of numbers in a kernel, or of whole columns."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba.extending import register_jitable

from dtperf.kernels.arrays import Floats

__all__ = ["StationLimits", "is_eligible", "is_fiducial", "is_in_eta"]


class StationLimits(NamedTuple):
    """Cut values in the width they are compared in."""

    min_other: int
    min_rpc_layers: float
    """Infinite where RPC layers do not count."""
    max_abs_eta: Floats
    """By station, shape (5,); that of 0 is not used."""
    border_x: np.float32
    """cm, as the other."""
    border_y: np.float32


@register_jitable
def is_eligible(n_other: Any, rpc_layers: Any, min_other: int, min_rpc_layers: float) -> Any:
    """Tell whether there are enough other stations or RPC layers."""
    return (n_other >= min_other) | (rpc_layers >= min_rpc_layers)


@register_jitable
def is_in_eta(eta: Any, max_abs_eta: Any) -> Any:
    """Tell whether a probe is within the limit of a station."""
    return abs(eta) < max_abs_eta


@register_jitable
def is_fiducial(edge_x: Any, edge_y: Any, border_x: Any, border_y: Any) -> Any:
    """Tell whether a chamber is crossed far enough from its edges; NaN is not, in cm."""
    return (edge_x < border_x) & (edge_y < border_y)
