"""Tabulate field and material for the propagation: few steps, each with its mean values."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from dtperf.detector.field import solenoid_field
from dtperf.detector.material import REGIONS, Region, in_iron, outside_field
from dtperf.typing import F64, I8, Bools

__all__ = ["Z_STEP_CM", "Layers", "layers"]


LONGEST_STEP_CM = 130
Z_MAX_CM = 800.0
Z_STEP_CM = 5.0


class Layers(NamedTuple):
    """Steps from the beam outwards; k = 0 ... steps - 1, j = index of z in steps of 5 cm."""

    outer_cm: F64
    """Where each step ends, shape (steps,): a radius, or a distance along the sector's normal."""
    is_flat: Bools
    """False: a cylinder; True: the flat side of a dodecagon; shape (steps,)."""
    station: I8
    """Station whose chambers stand in it, 0 for none, shape (steps,)."""
    is_empty: Bools
    """Whether there is neither field nor matter, shape (steps,)."""
    has_radial: Bools
    """Whether the field has a radial part, shape (steps,)."""
    has_matter: Bools
    """Whether there is more than air, shape (steps,)."""
    first_z_cm: float
    """The z of j = 0, cm."""
    table: F64
    """Field along the beam (T), radial field (T), energy loss of a muon of 20 GeV (GeV/cm) and
    radiation lengths per cm, in the middle of each step, shape (steps, z, 4)."""


@cache
def layers() -> Layers:
    """Return the regions divided into steps of at most 130 cm."""
    z = np.linspace(-Z_MAX_CM, Z_MAX_CM, round(2 * Z_MAX_CM / Z_STEP_CM) + 1)
    steps = [(region, *ends) for region in REGIONS for ends in _divided(region)]
    table = np.stack([_row(region, (inner + outer) / 2, z) for region, inner, outer in steps])
    table.setflags(write=False)
    return Layers(
        outer_cm=np.asarray([outer for _, _, outer in steps], dtype=np.float64),
        is_flat=np.asarray([region.shape == "dodecagon" for region, _, _ in steps]),
        station=np.asarray([region.station for region, _, _ in steps], dtype=np.int8),
        is_empty=~np.any(table, axis=(1, 2)),
        has_radial=np.any(table[..., 1] != 0, axis=1),
        has_matter=np.any(table[..., 2:] != 0, axis=(1, 2)),
        first_z_cm=-Z_MAX_CM,
        table=table,
    )


def _divided(region: Region) -> list[tuple[float, float]]:
    # chambers stand in the middle of air, which is one step
    length = region.outer_cm - region.inner_cm
    parts = 1 if region.station else max(1, int(np.ceil(length / LONGEST_STEP_CM)))
    ends = np.linspace(region.inner_cm, region.outer_cm, parts + 1)
    return [(float(inner), float(outer)) for inner, outer in pairwise(ends)]


def _row(region: Region, middle_cm: float, z: F64) -> F64:
    along, radial = _field(region, middle_cm, z)
    iron = in_iron(region, z)
    loss = np.where(iron, region.loss_gev_per_cm, 0)
    return np.stack([along, radial, loss, np.where(iron, 1 / region.x0_cm, 0)], axis=-1)


def _field(region: Region, middle_cm: float, z: F64) -> tuple[F64, F64]:
    if region.field != "solenoid":
        return outside_field(region, z)
    pairs = np.asarray([solenoid_field(middle_cm, value) for value in z])
    return pairs[:, 1], pairs[:, 0]
