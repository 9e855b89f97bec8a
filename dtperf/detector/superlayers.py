"""The 680 superlayers: their positions in the chambers, and their sizes.

Source: as for the chambers, the ideal geometry of CMS in the MIT-licensed package mplDTs.

Superlayers 1 and 3 measure phi: their frame is the chamber's, shifted along x and z. Superlayer 2
measures theta and is turned by 90 degrees: its width lies along the chamber's y, its length (that
of its wires) along the chamber's x. MB4 has none.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from dtperf.detector.numbering import N_CODES, Chamber, chambers
from dtperf.detector.table import facing, is_at_chimney, lengths_cm
from dtperf.typing import F64

__all__ = [
    "SUPERLAYER_THICKNESS_CM",
    "Envelopes",
    "Superlayer",
    "envelopes",
    "superlayer_table",
    "superlayers",
]

SUPERLAYER_BIT = 13
SUPERLAYER_THICKNESS_CM = 5.35

LOCAL_Z_CM = {
    **dict.fromkeys((1, 2), (11.75, -6.4, -11.75)),
    **dict.fromkeys((3, 4), (9.95, -8.2, -13.55)),
}
# of superlayers 1, 2 and 3 along rising phi; local x points the other way where the facing is +1
SHIFT_CM = {1: (-1.6, 0.5, 0.5), 2: (3.4, -1.75, -0.8), 3: (-1.5, 0.3, -1.5)}
MB4_SHIFT_CM = {
    **dict.fromkeys((1, 2, 3, 12), 4.2),
    **dict.fromkeys((5, 6, 7, 8), -4.2),
    **dict.fromkeys((4, 9, 11, 13), 0.0),
    10: 2.1,
    14: -2.1,
}
"""Superlayer 1 of MB4; superlayer 3 is shifted the other way."""

PHI_WIDTH_CM = {1: 212.64, 2: 256.74, 3: 307.14}
MB4_PHI_WIDTH_CM = {
    **dict.fromkeys((1, 2, 3, 5, 6, 7), 407.94),
    **dict.fromkeys((4, 13), 307.14),
    **dict.fromkeys((8, 12), 391.14),
    **dict.fromkeys((9, 11), 206.34),
    **dict.fromkeys((10, 14), 256.74),
}
THETA_WIDTH_CM = 246.24
CHIMNEY_THETA_WIDTH_CM = 206.34
THETA_LENGTH_CM = {1: 217.0, 2: 263.3, 3: 315.3}


class Superlayer(NamedTuple):
    """One superlayer; its centre has local y = 0 in the chamber."""

    chamber: Chamber
    number: int
    """1 (phi, the one nearest to the beam), 2 (theta) or 3 (phi)."""
    local_x_cm: float
    """Centre, in the chamber's frame."""
    local_z_cm: float
    width_cm: float
    """Across the wires: local x of the chamber, or local y for superlayer 2."""
    length_cm: float
    """Along the wires."""

    @property
    def raw_id(self) -> int:
        """Number of the superlayer in CMS data, the raw value of its DTSuperLayerId."""
        return self.chamber.raw_id | self.number << SUPERLAYER_BIT


def _local_x(chamber: Chamber, number: int) -> float:
    if chamber.station == 4:
        shift = MB4_SHIFT_CM[chamber.sector] * (1 if number == 1 else -1)
    else:
        shift = SHIFT_CM[chamber.station][number - 1]
    # near the chimney of wheel -1 the theta superlayers stand as in the one of wheel +1
    if number == 2 and is_at_chimney(chamber):
        return -shift
    return -facing(chamber) * shift


def _superlayer(chamber: Chamber, number: int) -> Superlayer:
    station, sector = chamber.station, chamber.sector
    if number == 2:
        width = CHIMNEY_THETA_WIDTH_CM if is_at_chimney(chamber) else THETA_WIDTH_CM
        length = THETA_LENGTH_CM[station]
    else:
        width = MB4_PHI_WIDTH_CM[sector] if station == 4 else PHI_WIDTH_CM[station]
        length = float(lengths_cm()[chamber.code])
    local_z = LOCAL_Z_CM[station][number - 1]
    return Superlayer(chamber, number, _local_x(chamber, number), local_z, width, length)


@cache
def superlayers() -> tuple[Superlayer, ...]:
    """Return the 680 superlayers, in the order of `chambers`."""
    return tuple(
        _superlayer(chamber, number)
        for chamber in chambers()
        for number in ((1, 3) if chamber.station == 4 else (1, 2, 3))
    )


@cache
def superlayer_table() -> F64:
    """Return centres and sizes by chamber and superlayer.

    Returns:
        Array of shape (N_CODES, 3, 4), NaN where there is no superlayer. The second axis is the
        superlayer's number - 1, the third local x and local z of the centre, width and length, cm.
    """
    table = np.full((N_CODES, 3, 4), np.nan)
    for layer in superlayers():
        table[layer.chamber.code, layer.number - 1] = layer[2:]
    table.setflags(write=False)
    return table


class Envelopes(NamedTuple):
    """The sensitive region of each chamber, by code; NaN where no chamber exists, shape (N_CODES,).

    In x that is what at least one of the phi superlayers covers, which are shifted against each
    other: a phi view needs no more. In y it is the width of the theta superlayer, and in MB4, which
    has none, the length of the wires of the phi superlayers, which is the chamber's.
    """

    middle_x_cm: F64
    """In the chamber's frame; the middle in y is 0."""
    width_cm: F64
    length_cm: F64


@cache
def envelopes() -> Envelopes:
    """Return the rectangle that is sensitive of each chamber."""
    table = superlayer_table()
    phi, theta = table[:, ::2], table[:, 1]
    place, half, wires = phi[..., 0], phi[..., 2] / 2, phi[:, 0, 3]
    low, high = (place - half).min(axis=1), (place + half).max(axis=1)
    columns = ((low + high) / 2, high - low, np.where(np.isnan(theta[:, 2]), wires, theta[:, 2]))
    for column in columns:
        column.setflags(write=False)
    return Envelopes(*columns)
