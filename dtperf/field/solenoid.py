"""The field inside the coil.

Source: the OAE parametrisation of CMSSW with its parameters for 3.8 T: a finite solenoid, expanded
around its axis, with two small corrections.
"""

from __future__ import annotations

from math import exp, sqrt

import numba

from dtperf.compiled import compiled

__all__ = ["solenoid_field"]

# lengths in m, fields in T
RADIUS_M = 4.24326
LENGTH_M = 15.0201
CENTRAL_T = 3.81492
SHIFT_M = 0.0178712
RADIAL_T = 0.000656527
RADIAL_ZERO_M = 2.45818
DIP_T = 0.00778695
DIP_M = 2.12500
DIP_WIDTH_M = 1.77436

ASPECT = LENGTH_M / (2 * RADIUS_M)
SCALE_PER_M = 1 / RADIUS_M
HALF_T = 0.5 * CENTRAL_T * sqrt(1 + 1 / ASPECT**2)


@numba.njit(nogil=True, inline="always")
def _end(u: float) -> tuple[float, float, float, float]:
    """Give u / sqrt(1 + u^2), the field of a half-infinite coil on its axis, and derivatives."""
    a = 1 / (1 + u * u)
    value = u * sqrt(a)
    first = a * sqrt(a)
    second = -3 * u * a * first
    third = 3 * (4 * u * u - 1) * a * a * first
    return value, first, second, third


@compiled
def solenoid_field(r_cm: float, z_cm: float) -> tuple[float, float]:
    """Give the field inside the coil.

    Args:
        r_cm: Distance from the beam, cm, at most 300: the coil begins there.
        z_cm: Place along the beam, cm.

    Returns:
        The radial field and the field along the beam, T.
    """
    r, z = r_cm / 100, z_cm / 100 - SHIFT_M
    near, far = _end(ASPECT - z * SCALE_PER_M), _end(ASPECT + z * SCALE_PER_M)
    half = 0.5 * r * SCALE_PER_M
    radial = HALF_T * half * (near[1] - far[1] - (near[3] - far[3]) * half * half / 2)
    along = HALF_T * (near[0] + far[0] - (near[2] + far[2]) * half * half)
    radial += RADIAL_T * r * z * (abs(z) - RADIAL_ZERO_M) ** 2
    width = DIP_WIDTH_M * DIP_WIDTH_M
    along -= DIP_T * (exp(-((z - DIP_M) ** 2) / width) + exp(-((z + DIP_M) ** 2) / width))
    return radial, along
