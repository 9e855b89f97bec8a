"""The 1,020 rolls of the barrel RPCs, and how CMS numbers them.

Sources: RPCDetId.h and RPCGeomServ.cc of cms-sw/cmssw for numbers and names. RB1 and RB2 have an
inner and an outer chamber, RB3 and RB4 one layer of half chambers; each is divided along its strips
into rolls, backward (1), forward (3), and in one layer of RB2 middle (2).
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from dtperf.detector.numbering import chamber_codes, chambers
from dtperf.detector.table import twelve_sectors, widths_cm
from dtperf.synthetic.rows import numbers_within
from dtperf.typing import F64, I64, AnyArray

__all__ = [
    "RPC_LAYERS",
    "STRIPS",
    "Rolls",
    "barrel_rolls",
    "draw_rolls",
    "half_chambers",
    "pack_roll",
    "roll_number",
    "rolls_along",
]

RPC_LAYERS = np.array([2, 2, 1, 1])
"""By station."""
# RPCReadOutMappingBuilder of cms-sw/cmssw counts strips by plane and, in the outermost, by sector
RB4_STRIPS = {4: 36, 9: 52, 10: 60, 11: 52}
STRIPS = np.array(
    [[n] * 12 for n in (90, 84, 42)] + [[RB4_STRIPS.get(sector, 48) for sector in range(1, 13)]]
)
"""Of a half chamber, or of a whole one that is not divided, by station - 1 and sector - 1."""
DET_RPC = 2 << 28 | 3 << 25
"""The muon system, and in it the RPCs."""


class Rolls(NamedTuple):
    """Some rolls, one entry each."""

    roll: dict[str, AnyArray]
    strips: I64
    pitch: F64
    """Width of a strip, cm."""


def half_chambers(station: AnyArray, sector: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Return the number of RPCs along phi at a DT chamber, and the subsector of the first.

    The two chambers of sector 4 in MB4 have two each, those of sector 10 one each.
    """
    is_single = (station < 3) | ((station == 4) & np.isin(sector, (9, 10, 11, 14)))
    halves = np.where(is_single, 1, 2)
    return halves, np.where(sector == 13, 3, np.where(sector == 14, 2, 1))


def rolls_along(station: AnyArray, layer: AnyArray, wheel: AnyArray) -> AnyArray:
    """Return how many rolls lie along the strips: 3 in RB2in of wheels -1 to 1, RB2out of ±2."""
    return np.where((station == 2) & ((layer == 1) == (np.abs(wheel) < 2)), 3, 2)


def roll_number(number: AnyArray, rolls: AnyArray) -> AnyArray:
    """Return the number that CMS gives to a roll, counted from 0 along local y, of two or three."""
    return np.where(rolls == 2, 1 + 2 * number, 1 + number)


def pack_roll(roll: dict[str, AnyArray]) -> AnyArray:
    """Number rolls as CMSSW's RPCDetId packs its fields."""
    ring = roll["ring"].astype(np.int64)
    packed = roll["region"].astype(np.int64) + 1
    # rings of the endcaps are counted from 1, wheels from -2 with an offset of 3
    packed |= np.where(roll["region"] == 0, ring + 2 + 3, ring - 1) << 2
    for name, first, bit in (
        ("station", 1, 5),
        ("sector", 1, 7),
        ("layer", 1, 11),
        ("subsector", 1, 12),
        ("roll", 0, 15),
    ):
        packed |= (roll[name].astype(np.int64) - first) << bit
    return packed | DET_RPC


@cache
def barrel_rolls() -> Rolls:
    """Return all rolls of the barrel."""
    layers = [(*c, layer) for c in chambers() for layer in range(1, RPC_LAYERS[c.station - 1] + 1)]
    wheel, sector, station, layer = np.array(layers).T
    halves, first = half_chambers(station, sector)
    along = rolls_along(station, layer, wheel)
    counts = halves * along
    at = np.repeat(np.arange(len(layers)), counts)
    half, number = np.divmod(numbers_within(counts), along[at])
    roll: dict[str, AnyArray] = {
        "region": np.zeros(len(at), dtype=np.int64),
        "ring": wheel[at],
        "station": station[at],
        "layer": layer[at],
        "sector": twelve_sectors()[sector[at]],
        "subsector": first[at] + half,
        "roll": roll_number(number, along[at]),
    }
    roll["rawId"] = pack_roll(roll)
    width = widths_cm()[chamber_codes(wheel, sector, station)] / halves
    strips = STRIPS[roll["station"] - 1, roll["sector"] - 1]
    return Rolls(roll, strips, width[at] / strips)


def draw_rolls(rng: np.random.Generator, n: int) -> Rolls:
    """Draw n rolls of the barrel."""
    rolls = barrel_rolls()
    rows = rng.integers(len(rolls.strips), size=n)
    roll = {name: column[rows] for name, column in rolls.roll.items()}
    return Rolls(roll, rolls.strips[rows], rolls.pitch[rows])
