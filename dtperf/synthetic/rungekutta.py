"""Integrate tracks through the field, by fourth-order Runge-Kutta.

    dr/ds = u    du/ds = c q / p (u x B)

with the point r (cm), the direction u, the momentum p (GeV) and c = 0.00299792458 / (T cm).
Matter takes energy, with Moyal's form of Landau's fluctuations for each region, and scatters in
steps that are small compared with the distance left, with Gaussian angles and displacements.
"""

from __future__ import annotations

from math import log, sqrt

import numpy as np

from dtperf.compiled import inlined
from dtperf.detector.helix import CURVATURE_PER_T
from dtperf.detector.material import SCATTERING_GEV, relative_loss
from dtperf.synthetic.space import FIRST_Z_CM, GRID_CM, N_Z, field_at
from dtperf.typing import F64

__all__ = ["cross_region", "step", "to_boundary"]


MOYAL_MEAN = 1.2703628454614782  # Euler's constant + ln 2
LANDAU_SHARE = 0.035  # Landau's xi over the mean loss: iron, muon of 20 GeV
MIN_P_GEV = 1.0
ARRIVED_CM = 0.001


@inlined
def _turn(
    c: float, ux: float, uy: float, uz: float, field: tuple[float, float, float]
) -> tuple[float, float, float]:
    bx, by, bz = field
    return c * (uy * bz - uz * by), c * (uz * bx - ux * bz), c * (ux * by - uy * bx)


@inlined
def step(
    state: F64, h: float, p: float, solenoid: F64, outside: F64, in_solenoid: bool, k: int
) -> None:
    """Move the state h cm along the track in region k, with momentum p."""
    x, y, z, ux, uy, uz = state[0], state[1], state[2], state[3], state[4], state[5]
    c = CURVATURE_PER_T * state[7] / p
    half = h / 2
    ax, ay, az = _turn(c, ux, uy, uz, field_at(solenoid, outside, in_solenoid, k, x, y, z))
    mx, my, mz = x + half * ux, y + half * uy, z + half * uz
    middle = field_at(
        solenoid,
        outside,
        in_solenoid,
        k,
        mx + h * half * ax / 4,
        my + h * half * ay / 4,
        mz + h * half * az / 4,
    )
    bx, by, bz = _turn(c, ux + half * ax, uy + half * ay, uz + half * az, middle)
    cx, cy, cz = _turn(c, ux + half * bx, uy + half * by, uz + half * bz, middle)
    end = field_at(
        solenoid,
        outside,
        in_solenoid,
        k,
        x + h * (ux + half * cx),
        y + h * (uy + half * cy),
        z + h * (uz + half * cz),
    )
    dx, dy, dz = _turn(c, ux + h * cx, uy + h * cy, uz + h * cz, end)
    sixth = h / 6
    state[0] = x + h * (ux + sixth * (ax + bx + cx))
    state[1] = y + h * (uy + sixth * (ay + by + cy))
    state[2] = z + h * (uz + sixth * (az + bz + cz))
    state[3] = ux + sixth * (ax + 2 * bx + 2 * cx + dx)
    state[4] = uy + sixth * (ay + 2 * by + 2 * cy + dy)
    state[5] = uz + sixth * (az + 2 * bz + 2 * cz + dz)


@inlined
def to_boundary(state: F64, is_flat: bool, outer: float, nx: float, ny: float) -> float:
    """Return the straight distance to a region's end, cm; infinite if the track leads inwards."""
    x, y, ux, uy = state[0], state[1], state[3], state[4]
    if is_flat:
        rate = ux * nx + uy * ny
        return (outer - x * nx - y * ny) / rate if rate > 0 else np.inf
    forward, square = x * ux + y * uy, ux * ux + uy * uy
    root = forward * forward + square * (outer * outer - x * x - y * y)
    return (sqrt(root) - forward) / square if root >= 0 and forward + root > 0 else np.inf


@inlined
def _scatter(state: F64, theta: float, h: float, rng: np.random.Generator) -> None:
    """Scatter: change the direction by a random angle, and the point by the displacement."""
    ux, uy, uz = state[3], state[4], state[5]
    t = sqrt(ux * ux + uy * uy)
    e = (-uy / t, ux / t, 0.0)
    f = (-uz * ux / t, -uz * uy / t, t)
    a, b = theta * rng.standard_normal(), theta * rng.standard_normal()
    # the displacement is half correlated with the angle (PDG, passage of particles)
    c = h * (a / 2 + theta * rng.standard_normal() / sqrt(12.0))
    d = h * (b / 2 + theta * rng.standard_normal() / sqrt(12.0))
    norm = 1 / sqrt(1 + a * a + b * b)
    for i in range(3):
        state[i] += c * e[i] + d * f[i]
        state[3 + i] = (state[3 + i] + a * e[i] + b * f[i]) * norm


# inlined, as handing over as many arrays costs more than a step
@inlined
def cross_region(
    state: F64,
    k: int,
    nx: float,
    ny: float,
    outer: float,
    is_flat: bool,
    in_solenoid: bool,
    has_field: bool,
    solenoid: F64,
    outside: F64,
    loss: F64,
    per_x0: F64,
    longest_cm: float,
    is_random: bool,
    rng: np.random.Generator,
) -> bool:
    """Transport a track, changed in place, to the end of region k, in steps up to `longest_cm`.

    The normal (nx, ny) is that of its sector; the regions' values are as in `Space`. If it
    `is_random`, matter scatters the track, and its energy loss fluctuates.

    Returns:
        False if the track stops, turns back or leaves at the side.
    """
    stopping = relative_loss(state[6])  # changes little within a region
    lost = 0.0
    arrived = False
    for _ in range(10_000):
        distance = to_boundary(state, is_flat, outer, nx, ny)
        if distance < ARRIVED_CM:
            arrived = True
            break
        z = state[2]
        if not (distance < 2000 and abs(z) < -FIRST_Z_CM and state[6] > MIN_P_GEV):
            break
        h = min(distance, longest_cm)
        j = min(max(int((z + state[5] * h / 2 - FIRST_Z_CM) / GRID_CM + 0.5), 0), N_Z - 1)
        mean = loss[k, j] * stopping * h
        if has_field:
            step(state, h, state[6] - mean / 2, solenoid, outside, in_solenoid, k)
        else:
            for i in range(3):
                state[i] += h * state[3 + i]
        state[6] -= mean
        lost += mean
        if is_random and per_x0[k, j] > 0:
            _scatter(state, SCATTERING_GEV / state[6] * sqrt(h * per_x0[k, j]), h, rng)
    if is_random and lost > 0:
        fluctuation = -log(rng.standard_normal() ** 2) - MOYAL_MEAN
        state[6] -= LANDAU_SHARE * lost * fluctuation
    return arrived
