"""How well CMS measures an inner track; sizes after JINST 9 (2014) P10009 and 13 (2018) P06015."""

from __future__ import annotations

import numpy as np

from dtperf.typing import F64

__all__ = ["angle_resolution_rad", "dxy_resolution_cm", "dz_resolution_cm", "pt_resolution"]


def _forwardness(eta: F64) -> F64:
    return np.asarray((eta / 2.4) ** 2)


def pt_resolution(pt_gev: F64, eta: F64) -> F64:
    """Return sigma(pT)/pT: 1.1 % at 40 GeV in the barrel, 2.1 % at the end of the endcaps."""
    scattering = 0.0100 + 0.0070 * _forwardness(eta)
    measurement = (1.0e-4 + 2.0e-4 * _forwardness(eta)) * pt_gev
    return np.asarray(np.hypot(scattering, measurement))


def angle_resolution_rad(pt_gev: F64) -> F64:
    """Return the resolution of phi and of eta: 0.1 mrad, and scattering of 1.5 mrad GeV / pT."""
    return np.asarray(np.hypot(1.0e-4, 1.5e-3 / pt_gev))


def dxy_resolution_cm(pt_gev: F64) -> F64:
    """Return the resolution of the transverse impact: 10 um, and scattering of 80 um GeV / pT."""
    return np.asarray(np.hypot(0.0010, 0.0080 / pt_gev))


def dz_resolution_cm(pt_gev: F64, eta: F64) -> F64:
    """Return the resolution of z at the closest approach: 30 um central, 100 um forward.

    To this adds scattering of 80 um GeV / pT, stretched like the rest by the track's inclination.
    """
    stretch = 1 + 2.3 * _forwardness(eta)
    return np.asarray(stretch * np.hypot(0.0030, 0.0080 / pt_gev))
