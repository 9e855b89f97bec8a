"""One step of a helix: from a point to a cylinder or to a plane.

With tau = tan(turn / 2) / curvature both intersections are quadratic equations without
trigonometry, and stay exact as the curvature goes to zero. The turn is the change of direction in
the transverse plane, the curvature its rate per cm.
"""

from __future__ import annotations

from math import atan, nan, sqrt

from dtperf.compiled import inlined

__all__ = ["CURVATURE_PER_T", "advance", "to_cylinder", "to_plane"]

CURVATURE_PER_T = 0.00299792458
"""Curvature per cm of a track of 1 GeV and unit charge in 1 T, from the speed of light."""


@inlined
def to_cylinder(x: float, y: float, ux: float, uy: float, curvature: float, radius: float) -> float:
    """Find where a helix leaves a cylinder around the beam.

    Args:
        x: Start, cm.
        y: Start, cm.
        ux: Transverse direction, of length 1.
        uy: Transverse direction, of length 1.
        curvature: Turn per cm, positive to the left.
        radius: Radius of the cylinder, cm.

    Returns:
        tau, cm, for `advance`; NaN if the helix does not reach it within half a turn.
    """
    forward = x * ux + y * uy
    side = y * ux - x * uy
    half = 0.5 * (radius * radius - x * x - y * y)
    root = forward * forward + half * (2 + 2 * side * curvature - half * curvature * curvature)
    reach = forward + sqrt(max(root, 0.0))
    return half / reach if root >= 0 and reach > 0 else nan


@inlined
def to_plane(forward: float, side: float, curvature: float, distance: float) -> float:
    """Find where a helix crosses a plane that is parallel to the beam.

    Args:
        forward: Transverse direction along the plane's normal.
        side: The direction's left-hand perpendicular along the normal.
        curvature: Turn per cm, positive to the left.
        distance: From the start to the plane along the normal, cm.

    Returns:
        tau, cm, for `advance`; NaN if the helix does not reach it within half a turn.
    """
    if curvature == 0:
        return 0.5 * distance / forward if forward > 0 else nan
    root = forward * forward + distance * curvature * (2 * side - distance * curvature)
    reach = forward + sqrt(max(root, 0.0))
    return distance / reach if root >= 0 and reach > 0 else nan


@inlined
def _arc(t: float) -> float:
    """Return atan(t) / t, for most tracks without a division."""
    s = t * t
    if s > 0.04:
        return atan(t) / t
    return 1 - s * (1 / 3 - s * (1 / 5 - s * (1 / 7 - s * (1 / 9 - s / 11))))


@inlined
def advance(
    x: float, y: float, ux: float, uy: float, curvature: float, tau: float
) -> tuple[float, float, float, float, float]:
    """Return a track moved along a helix.

    Returns:
        The point (cm) and direction reached, and the transverse length of the way (cm).
    """
    if curvature == 0:
        return x + 2 * tau * ux, y + 2 * tau * uy, ux, uy, 2 * tau
    t = curvature * tau
    norm = 1 / (1 + t * t)
    sine, versine = 2 * t * norm, 2 * t * t * norm
    ahead, left = 2 * tau * norm, 2 * tau * t * norm
    return (
        x + ux * ahead - uy * left,
        y + uy * ahead + ux * left,
        ux - ux * versine - uy * sine,
        uy - uy * versine + ux * sine,
        2 * tau * _arc(t),
    )
