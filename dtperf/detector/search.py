"""Find the chambers of a station that a track can cross, without trying all of them.

A point of a chamber's plane that is inside the chamber's edges, widened by a margin, has an azimuth
and a z within the limits of `search_table(margin)`, and a radius between INNER_RADIUS and
OUTER_RADIUS of the station. These two are 28 (MB1), 26 (MB2), 29 (MB3) and 71 cm (MB4) apart for a
margin of 5 cm, as a chamber is flat and its ends are farther from the beam line than its middle.

So if `phi` ± `half_phi` and `z` ± `half_z` cover a track from the one radius to the other,
`candidate_codes` names every chamber whose plane it crosses inside the widened edges. Nothing else
is assumed of the track.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from dtperf.compiled import compiled
from dtperf.detector.numbering import N_STATION_CODES, chamber_code, second_sector, wheels
from dtperf.detector.table import (
    centres_cm,
    distances_cm,
    lengths_cm,
    offsets_cm,
    sector_angles,
    widths_cm,
)
from dtperf.typing import F64, Integers

__all__ = [
    "HALF_PHI",
    "HALF_Z",
    "INNER_RADIUS",
    "MAX_CANDIDATES",
    "MID_PHI",
    "MID_Z",
    "OUTER_RADIUS",
    "PHI_REACH",
    "Z_REACH",
    "candidate_codes",
    "search_table",
]


MID_PHI, HALF_PHI, MID_Z, HALF_Z, PHI_REACH, Z_REACH, INNER_RADIUS, OUTER_RADIUS = range(8)

MAX_CANDIDATES = N_STATION_CODES
"""Length of a buffer that holds the candidates of one station, however wide the search is."""

ROUNDING_CM = 1.0
ROUNDING_RAD = 1e-9
SECTOR_RAD = np.pi / 6
WHEEL_CM = 266.7
"""About the distance of two wheels' middles."""


@lru_cache(maxsize=16)
def search_table(margin_cm: float) -> F64:
    """Return the limits of each chamber in azimuth and z, and of each station in radius.

    Args:
        margin_cm: How far beyond its edges a chamber still counts as met; may be negative.

    Returns:
        Array of shape (N_CODES, 8). Its columns are

        - MID_PHI, HALF_PHI: middle and half range of the azimuth, rad, NaN without chamber,
        - MID_Z, HALF_Z: middle and half range of z, cm, NaN without chamber,
        - PHI_REACH: largest angle in the station between a chamber's end and its normal, rad,
        - Z_REACH: largest distance in the station of a chamber's end from WHEEL_CM * wheel, cm,
        - INNER_RADIUS, OUTER_RADIUS: between which all chambers of the station lie, cm.
    """
    d, offset = distances_cm(), offsets_cm()
    half = widths_cm() / 2 + margin_cm
    low, high = np.arctan2(offset - half, d), np.arctan2(offset + half, d)
    z, half_z = centres_cm()[:, 2], lengths_cm() / 2 + margin_cm
    columns = (
        sector_angles() + (low + high) / 2,
        (high - low) / 2 + ROUNDING_RAD,
        z,
        half_z,
        _largest_in_station(np.fmax(-low, high)),
        _largest_in_station(np.abs(z - WHEEL_CM * wheels()) + half_z),
        # so that no crossing sits on the limit itself
        -_largest_in_station(-d) - ROUNDING_CM,
        _largest_in_station(np.hypot(d, np.abs(offset) + half)) + ROUNDING_CM,
    )
    table = np.column_stack(columns)
    table.setflags(write=False)
    return table


def _largest_in_station(values: F64) -> F64:
    largest = np.nanmax(values.reshape(4, N_STATION_CODES), axis=1)
    return np.repeat(largest, N_STATION_CODES)


@compiled
def _is_candidate(
    search: F64, code: int, phi: float, z: float, half_phi: float, half_z: float
) -> bool:
    if not abs(z - search[code, MID_Z]) <= search[code, HALF_Z] + half_z:
        return False
    turn = phi - search[code, MID_PHI]
    turn -= 2 * np.pi * np.rint(turn / (2 * np.pi))
    return bool(abs(turn) <= search[code, HALF_PHI] + half_phi)


@compiled
def candidate_codes(
    codes: Integers,
    search: F64,
    station: int,
    phi: float,
    z: float,
    half_phi: float,
    half_z: float,
) -> int:
    """Find the chambers of a station that a track can meet.

    For a track from the beam line these are one or two, and up to four where sectors overlap and
    the z range spans the gap between two wheels.

    Args:
        codes: Filled with the chambers; of length MAX_CANDIDATES.
        search: `search_table` for the margin wanted.
        station: 1 to 4.
        phi: Middle of the track's azimuth in this station, rad.
        z: Middle of its z, cm.
        half_phi: Half the range of its azimuth from INNER_RADIUS to OUTER_RADIUS, rad.
        half_z: Half the range of its z, cm.

    Returns:
        How many chambers there are; 0 if an argument is not finite.
    """
    if not np.isfinite(phi + z + half_phi + half_z):
        return 0
    first_code = chamber_code(-2, 1, station)
    along = half_z + search[first_code, Z_REACH]
    first_wheel = int(np.ceil(max((z - along) / WHEEL_CM, -2.0)))
    last_wheel = int(np.floor(min((z + along) / WHEEL_CM, 2.0)))
    around = half_phi + search[first_code, PHI_REACH] + ROUNDING_RAD
    first = int(np.ceil((phi - around) / SECTOR_RAD))
    last = min(int(np.floor((phi + around) / SECTOR_RAD)), first + 11)
    count = 0
    for wheel in range(first_wheel, last_wheel + 1):
        for step in range(first, last + 1):
            sector = step % 12 + 1
            for number in (sector, second_sector(sector, station)):
                if not number:
                    continue
                code = chamber_code(wheel, number, station)
                if _is_candidate(search, code, phi, z, half_phi, half_z):
                    codes[count] = code
                    count += 1
    return count
