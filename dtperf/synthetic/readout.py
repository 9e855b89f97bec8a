"""Settings of cells, trigger and RPCs of the synthetic detector; they count in full content."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field

from dtperf.detector import N_CODES, Chamber
from dtperf.selection.cuts import MOST_WIRES, DeadCell
from dtperf.synthetic.detector import ByPlace, Fraction, by_code, check_places, codes_named
from dtperf.typing import F64, I64, Bools
from dtperf.validation import Model

__all__ = ["NoisyCell", "Readout", "place_of"]

SUPERLAYER = " SL"
CELLS = (N_CODES, 3, 4, MOST_WIRES + 1)
"""Shape of tables by chamber, superlayer - 1, layer - 1 and wire."""

USUAL_RESOLUTION_CM = 0.025

Factor = Annotated[float, Field(ge=0.5, le=2)]
Width = Annotated[float, Field(gt=0, le=0.5)]
Widths = Annotated[dict[str, Width], AfterValidator(check_places)]


def _check_superlayers(by_name: dict[str, Factor]) -> dict[str, Factor]:
    check_places({name.partition(SUPERLAYER)[0]: value for name, value in by_name.items()})
    for name in by_name:
        chamber, separator, number = name.partition(SUPERLAYER)
        numbers = ("1", "3") if chamber.startswith("MB4") else ("1", "2", "3")
        if separator and (len(codes_named(chamber)) > 1 or number not in numbers):
            raise ValueError(f"no superlayer is called '{name}', as in 'MB1 W-2 S1 SL1'")
    return by_name


Factors = Annotated[dict[str, Factor], AfterValidator(_check_superlayers)]
Shifts = Annotated[dict[str, Annotated[int, Field(ge=-5, le=5)]], AfterValidator(check_places)]


class NoisyCell(Model):
    """A cell that fires by itself."""

    cell: DeadCell
    """Station, wheel, sector, superlayer, layer, wire."""
    rate_hz: Annotated[float, Field(gt=0, le=1e7)]
    """How often."""


class Readout(Model):
    """What cells, trigger and RPCs make of the segments.

    Where a chamber, its station and 'all' are given, the chamber's value counts, then the
    station's.
    """

    dead_cells: tuple[DeadCell, ...] = ()
    """Cells without hits and digis, each as station, wheel, sector, superlayer, layer, wire."""
    noisy_cells: tuple[NoisyCell, ...] = ()
    """Cells with digis of their own."""
    digi_without_hit: Fraction = 0.75
    """Probability of a digi in a crossed cell that has no hit."""
    noise_digis: Annotated[float, Field(ge=0, le=5000)] = 300.0
    """Mean number of digis in an event off the segments, in all cells alike."""
    cell_efficiency: ByPlace = Field(default_factory=dict)
    """Probability that a cell with a hit keeps it, and its digi, by place; 1 where none is
    given."""
    hit_resolution_cm: Width | Widths = USUAL_RESOLUTION_CM
    """Of a hit, of all chambers or by place; 0.025 where none is given."""
    drift_velocity: Factors = Field(default_factory=dict)
    """Factor on the drift velocity, 54.3 um/ns, by place or superlayer, 'MB1 W-2 S1 SL1'; the
    reconstruction does not know it."""
    trigger_efficiency: ByPlace = Field(default_factory=dict)
    """Probability of a primitive where the hits allow one, by place; 0.96 where none is given."""
    theta_trigger_efficiency: ByPlace = Field(default_factory=dict)
    """The same of the theta view; 0.9 where none is given."""
    out_of_time: ByPlace = Field(default_factory=dict)
    """Part of the primitives of TwinMux input in one of the next two bunch crossings, by place;
    where none is given 0.03, and 0.15 of those of one superlayer."""
    bx_shift: Shifts = Field(default_factory=dict)
    """Bunch crossings that all primitives of TwinMux input are late, by place."""
    rpc_efficiency: ByPlace = Field(default_factory=dict)
    """Of the rolls at a DT chamber, by place; 0.95 where none is given."""

    @cached_property
    def is_dead(self) -> Bools:
        """Which cells are dead, shape (N_CODES, 3, 4, wires + 1)."""
        table = np.zeros(CELLS, dtype=np.bool_)
        for cell in self.dead_cells:
            table[place_of(cell)] = True
        return table

    @cached_property
    def resolutions_cm(self) -> F64:
        """Resolution of the hits of each chamber, cm, shape (N_CODES,)."""
        given = self.hit_resolution_cm
        return by_code(given if isinstance(given, dict) else {"all": given}, USUAL_RESOLUTION_CM)

    @cached_property
    def velocity_factors(self) -> F64:
        """Factor on the drift velocity, shape (N_CODES, 3)."""
        chambers = {k: v for k, v in self.drift_velocity.items() if SUPERLAYER not in k}
        table = np.repeat(by_code(chambers, 1.0)[:, None], 3, axis=1)
        for name, factor in self.drift_velocity.items():
            chamber, separator, number = name.partition(SUPERLAYER)
            if separator:
                table[codes_named(chamber)[0], int(number) - 1] = factor
        return table

    @cached_property
    def bx_shifts(self) -> I64:
        """Shift of the primitives of each chamber, shape (N_CODES,)."""
        return by_code(self.bx_shift, 0).astype(np.int64)


def place_of(cell: DeadCell) -> tuple[int, int, int, int]:
    """Return where a cell stands in tables of all."""
    code = Chamber(cell.wheel, cell.sector, cell.station).code
    return code, cell.superlayer - 1, cell.layer - 1, cell.wire
