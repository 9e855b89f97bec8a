"""The material between the beam and the chambers.

Sources: layout of CMS (cylinders up to the coil, twelve-sided shells around it); energy loss and
scattering are set such that a muon of 20 GeV at eta = 0 loses 2.1, 2.6, 3.7, 4.8 GeV before MB1 to
MB4 and is displaced by 1.7, 2.3, 3.2, 4.2 cm, within the 20 % to which these figures are known.
"""

from __future__ import annotations

from math import log
from typing import Literal, NamedTuple

import numpy as np

from dtperf.compiled import inlined
from dtperf.detector.field import Part, yoke_field
from dtperf.typing import F64, Bools

__all__ = ["REGIONS", "SCATTERING_GEV", "Region", "in_iron", "outside_field", "relative_loss"]

IRON_LOSS_GEV_PER_CM = 0.0162  # PDG, muon of 20 GeV: 2.06 MeV cm2/g
IRON_X0_CM = 1.757
SCATTERING_GEV = 0.016
"""Scattering angle of a muon of 1 GeV in one radiation length: Highland's 13.6 MeV with its
logarithm taken at the 100 radiation lengths of the whole way, so that layers add up."""

WHEEL_CENTRES_CM = (-533.35, -267.75, 0.0, 267.75, 533.35)
WHEEL_HALF_LENGTH_CM = 126.8


class Region(NamedTuple):
    """A shell of one material and one kind of field."""

    name: str
    inner_cm: float
    outer_cm: float
    shape: Literal["cylinder", "dodecagon"]
    """Shape of its end: at a radius, or at a distance along the normal of its sector."""
    field: Literal["solenoid", "none"] | Part
    loss_gev_per_cm: float
    """Mean energy loss of a muon of 20 GeV."""
    x0_cm: float
    """Radiation length, averaged over the shell."""
    wheels: Literal["all", "central", "none"] = "none"
    """The wheels that have it; 'none': it is not divided into wheels."""
    station: int = 0
    """Station whose chambers stand in it, 0 for none."""


def _air(inner: float, outer: float, station: int, field: Part | Literal["none"]) -> Region:
    return Region(f"air, MB{station}", inner, outer, "dodecagon", field, 0, np.inf, station=station)


def _iron(name: str, inner: float, outer: float, field: Part, wheels: str = "all") -> Region:
    kind: Literal["all", "central"] = "central" if wheels == "central" else "all"
    loss, x0 = IRON_LOSS_GEV_PER_CM, IRON_X0_CM
    return Region(name, inner, outer, "dodecagon", field, loss, x0, kind)


REGIONS = (
    Region("tracker", 0, 129, "cylinder", "solenoid", 0.0003, 200),
    Region("electromagnetic calorimeter", 129, 177, "cylinder", "solenoid", 0.0068, 1.9),
    Region("hadronic calorimeter", 177, 300, "cylinder", "solenoid", 0.0094, 2.42),
    Region("coil", 300, 380, "dodecagon", "none", 0.0037, 20),
    _iron("tail catcher", 380, 400, "tail_catcher", "central"),
    _air(400, 461, 1, "gap_mb1"),
    _iron("first shell", 461, 490.5, "shell_1"),
    _air(490.5, 534.5, 2, "none"),
    _iron("second shell", 534.5, 597.5, "shell_2"),
    _air(597.5, 637, 3, "none"),
    _iron("third shell", 637, 700, "shell_3"),
    _air(700, 760, 4, "none"),
)
"""From the beam outwards, without gaps."""


def in_iron(region: Region, z_cm: F64) -> Bools:
    """Return where the wheels of a region are: False in the gaps between them.

    Args:
        region: One of `REGIONS`.
        z_cm: Places along the beam, cm, shape (n,).
    """
    if region.wheels == "none":
        return np.ones(z_cm.shape, dtype=np.bool_)
    centres = np.asarray(WHEEL_CENTRES_CM if region.wheels == "all" else (0.0,))
    inside: Bools = np.any(np.abs(z_cm[..., np.newaxis] - centres) < WHEEL_HALF_LENGTH_CM, axis=-1)
    return inside


def outside_field(region: Region, z_cm: F64) -> tuple[F64, F64]:
    """Return the field of a region outside the coil.

    In the iron the flux returns against that of the solenoid, and the gaps between the wheels of
    the yoke bend as the iron beside them does; in air it is taken as radial.

    Args:
        region: One of `REGIONS`.
        z_cm: Places along the beam, cm, shape (n,).

    Returns:
        The field along the beam and the radial field, T, each of shape (n,); none in the solenoid.
    """
    none = np.zeros_like(z_cm)
    match region.field:
        case "solenoid" | "none":
            return none, none
        case part:
            value = yoke_field(part, z_cm)
    if region.wheels == "none":
        return none, np.sign(z_cm) * value
    if region.wheels == "all":
        return -value, none
    # iron only in the central wheel, air beyond it
    iron = in_iron(region, z_cm)
    return np.where(iron, -value, 0), np.where(iron, 0, np.sign(z_cm) * value)


@inlined
def relative_loss(p_gev: float) -> float:
    """Return the mean energy loss of a muon relative to that at 20 GeV.

    Args:
        p_gev: Momentum, GeV, 1 to 1000. The form a + b ln p + c p of ionisation and radiation
            follows the PDG's table for iron to 3 %.
    """
    return (1.6 + 0.14 * log(p_gev) + 0.005 * p_gev) / 2.1194
