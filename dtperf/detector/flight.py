"""The state of tracks and one step of the propagation, for many tracks side by side.

The state of m tracks is an array of shape (`ROWS`, m), one row a quantity; a track that has ended
has NaN.
"""

from __future__ import annotations

from math import cos, exp, nan, pi, sin, sqrt, tan

import numpy as np

from dtperf.compiled import compiled, inlined
from dtperf.detector.helix import CURVATURE_PER_T, advance, to_cylinder, to_plane
from dtperf.detector.layers import Z_STEP_CM, Layers
from dtperf.detector.material import SCATTERING_GEV, relative_loss
from dtperf.typing import F32, F64, I32

__all__ = ["NORMALS", "ROWS", "SECTOR", "look_ahead", "start", "step"]


X, Y, Z = 0, 1, 2  # cm
UX, UY = 3, 4  # transverse direction, of length 1
PER_PT = 5  # 1 / transverse momentum, 1/GeV: divisions and roots are what takes the time
SLOPE, STRETCH = 6, 7  # longitudinal over transverse momentum, whole over transverse momentum
BEND = 8  # charge times curvature of 1 GeV in 1 T
ANGLE2, MIXED, PLACE2 = 9, 10, 11  # variance of direction, covariance, variance of position (cm2)
NX, NY, NUMBER = 12, 13, 14  # normal of the sector that the track is in, 0 to 11
STOPPING = 15  # energy loss relative to that at 20 GeV, as at the vertex: it changes slowly
CURVATURE, ACROSS, LOSS, SPREAD = 16, 17, 18, 19  # in the step ahead
ROWS = 20

MOST_PER_PT = 1.0  # a track of 1 GeV does not get through the calorimeters
PER_Z_STEP = 1 / Z_STEP_CM
ONE = np.uint64(1)  # numba looks at every signed index whether it counts from the end
SECTOR = pi / 6
PER_SECTOR = 1 / SECTOR
COS_SECTOR, SIN_SECTOR = cos(SECTOR), sin(SECTOR)
TAN_HALF_SECTOR = tan(SECTOR / 2)
NORMALS = np.asarray([(cos(number * SECTOR), sin(number * SECTOR)) for number in range(12)])


# the numpy error model leaves out the checks for division by zero
@compiled(error_model="numpy")
def start(
    state: F64,
    pt: F32,
    eta: F32,
    phi: F32,
    charge: I32,
    dxy: F32,
    dz: F32,
) -> None:
    """Return tracks at their point of closest approach; arguments as in `propagate`."""
    for i in range(len(pt)):
        ux, uy = cos(np.float64(phi[i])), sin(np.float64(phi[i]))
        state[X, i], state[Y, i], state[Z, i] = -dxy[i] * uy, dxy[i] * ux, dz[i]
        state[UX, i], state[UY, i] = ux, uy
        state[PER_PT, i] = 1 / np.float64(pt[i]) if pt[i] > 0 else nan
        grown = exp(np.float64(eta[i]))
        state[SLOPE, i], stretch = 0.5 * (grown - 1 / grown), 0.5 * (grown + 1 / grown)
        state[STRETCH, i] = stretch
        state[STOPPING, i] = relative_loss(pt[i] * stretch)
        state[BEND, i] = charge[i] * CURVATURE_PER_T
        state[ANGLE2, i] = state[MIXED, i] = state[PLACE2, i] = 0.0
        nearest = np.rint(np.float64(phi[i]) * PER_SECTOR)
        nearest += 12 if nearest < 0 else 0
        number = int(nearest) if 0 <= nearest < 12 else 0  # else turned on the way
        state[NX, i], state[NY, i] = NORMALS[number, 0], NORMALS[number, 1]
        state[NUMBER, i] = number


@compiled(error_model="numpy")
def look_ahead(state: F64, k: int, layers: Layers) -> None:
    """Find field and matter in the middle of step k, on a straight line to it."""
    outer, is_flat = layers.outer_cm[k], layers.is_flat[k]
    inner = layers.outer_cm[k - 1] if k > 0 else 0.0
    has_radial, has_matter = layers.has_radial[k], layers.has_matter[k]
    per_middle = 2 / (inner + outer)
    table = layers.table[k]
    first_z, last = layers.first_z_cm, len(table) - 2
    if is_flat:
        _turn_to_sector(state)
    if layers.is_empty[k]:
        state[CURVATURE] = 0.0
        return
    for i in range(state.shape[1]):
        x, y, ux, uy, slope = state[X, i], state[Y, i], state[UX, i], state[UY, i], state[SLOPE, i]
        if is_flat:
            nx, ny = state[NX, i], state[NY, i]
            half = 0.5 * (outer - x * nx - y * ny) / (ux * nx + uy * ny)
        elif k == 0:
            half = 0.5 * outer
        else:
            half = 0.5 * (outer - inner) * inner / (x * ux + y * uy)
        position = (state[Z, i] + slope * half - first_z) * PER_Z_STEP
        per_pt = state[PER_PT, i]
        if not (half >= 0 and 0 <= position < last and per_pt < MOST_PER_PT):
            state[X, i] = nan
            position = half = 0.0
        j = np.uint64(position)
        w = position - np.float64(j)
        bending = -(table[j, 0] + w * (table[j + ONE, 0] - table[j, 0]))
        if has_radial:
            xm, ym = x + ux * half, y + uy * half
            radial = table[j, 1] + w * (table[j + ONE, 1] - table[j, 1])
            radial *= 1 / sqrt(xm * xm + ym * ym) if is_flat else per_middle
            bending += slope * radial * (ux * xm + uy * ym)
            state[ACROSS, i] = radial * (uy * xm - ux * ym)
        if has_matter:
            loss = table[j, 2] + w * (table[j + ONE, 2] - table[j, 2])
            per_x0 = table[j, 3] + w * (table[j + ONE, 3] - table[j, 3])
            # per transverse length: relative energy loss, variance of the direction
            state[LOSS, i] = loss = loss * state[STOPPING, i] * per_pt
            per_p2 = per_pt * per_pt / (1 + slope * slope)
            state[SPREAD, i] = per_x0 * SCATTERING_GEV**2 * per_p2 * state[STRETCH, i]
            per_pt *= _inverse(loss * half)
        state[CURVATURE, i] = state[BEND, i] * bending * per_pt


@inlined
def _inverse(small: float) -> float:
    """Return 1 / (1 - small), to the fourth order."""
    return 1 + small * (1 + small * (1 + small))


@compiled
def _turn_to_sector(state: F64) -> None:
    for i in range(state.shape[1]):
        nx, ny = state[NX, i], state[NY, i]
        ahead, aside = state[X, i] * nx + state[Y, i] * ny, state[Y, i] * nx - state[X, i] * ny
        if abs(aside) > TAN_HALF_SECTOR * ahead:
            sine = SIN_SECTOR if aside > 0 else -SIN_SECTOR
            state[NX, i], state[NY, i] = nx * COS_SECTOR - ny * sine, ny * COS_SECTOR + nx * sine
            number = state[NUMBER, i] + (1.0 if aside > 0 else -1.0)
            state[NUMBER, i] = number - 12 if number > 11 else number + 12 if number < 0 else number


@compiled(error_model="numpy")
def step(state: F64, k: int, layers: Layers) -> None:
    """Move tracks to the end of step k, whose length is computed before."""
    outer, is_flat = layers.outer_cm[k], layers.is_flat[k]
    has_radial, has_matter = layers.has_radial[k], layers.has_matter[k]
    for i in range(state.shape[1]):
        x, y, ux, uy, slope = state[X, i], state[Y, i], state[UX, i], state[UY, i], state[SLOPE, i]
        curvature = state[CURVATURE, i]
        if is_flat:
            nx, ny = state[NX, i], state[NY, i]
            ahead = outer - x * nx - y * ny
            tau = to_plane(ux * nx + uy * ny, ux * ny - uy * nx, curvature, ahead)
        else:
            tau = to_cylinder(x, y, ux, uy, curvature, outer)
        x, y, ux, uy, length = advance(x, y, ux, uy, curvature, tau)
        state[X, i], state[Y, i], state[UX, i], state[UY, i] = x, y, ux, uy
        # lengths in space, as the variances are those across the track
        path = length * state[STRETCH, i]
        angle2, mixed = state[ANGLE2, i], state[MIXED, i]
        place2 = state[PLACE2, i] + path * (2 * mixed + path * angle2)
        mixed += path * angle2
        slower = 0.0
        if has_matter:
            theta2 = length * state[SPREAD, i]
            place2 += path * path * theta2 / 3
            mixed += path * theta2 / 2
            state[ANGLE2, i] = angle2 + theta2
            slower = state[LOSS, i] * length
        state[PLACE2, i], state[MIXED, i] = place2, mixed
        state[Z, i] += length * slope
        if has_radial:
            # the radial field turns transverse into longitudinal momentum
            kick = -state[BEND, i] * state[ACROSS, i] * length * state[PER_PT, i]
            rise = kick * (1 + slope * slope)
            state[Z, i] += length * rise / 2
            slower += slope * kick
            slope += rise
            state[SLOPE, i], state[STRETCH, i] = slope, sqrt(1 + slope * slope)
        state[PER_PT, i] *= _inverse(slower)
