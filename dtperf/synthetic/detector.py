"""Settings of the synthetic detector: efficiency, dead regions and resolution of chambers."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Annotated, Literal, Self, TypeVar

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from dtperf.config.suggest import suggest
from dtperf.detector import N_CODES, chambers
from dtperf.typing import F64
from dtperf.validation import Model

__all__ = [
    "ByPlace",
    "Detector",
    "Fraction",
    "InefficientRegion",
    "Resolution",
    "by_code",
    "check_places",
    "codes_named",
]

EVERYWHERE = "all"
STATIONS = tuple(f"MB{station}" for station in range(1, 5))


@cache
def _codes() -> dict[str, tuple[int, ...]]:
    by_name = {EVERYWHERE: tuple(chamber.code for chamber in chambers())}
    for station in STATIONS:
        by_name[station] = tuple(c.code for c in chambers() if c.name.startswith(station))
    return by_name | {chamber.name: (chamber.code,) for chamber in chambers()}


def codes_named(name: str) -> tuple[int, ...]:
    """Return the codes of the chambers of a name: 'MB2 W-2 S12', a station as 'MB1', or 'all'.

    Raises:
        KeyError: No such name.
    """
    return _codes()[name]


def _check_names(names: Iterable[str], known: Iterable[str]) -> None:
    known = set(known)
    for name in names:
        if name not in known:
            raise ValueError(f"no chamber is called '{name}'{suggest(name, known)}")


def _one_place(name: str) -> str:
    _check_names([name], _codes())
    return name


AnyValue = TypeVar("AnyValue", float, int)


def check_places(by_name: dict[str, AnyValue]) -> dict[str, AnyValue]:
    """Return values by place, which is a chamber, a station or 'all'; ValueError for another."""
    _check_names(by_name, _codes())
    return by_name


def by_code(by_place: dict[str, float] | dict[str, int], usual: float) -> F64:
    """Return values by chamber, shape (N_CODES,): its own, else its station's, else that of all."""
    table = np.full(N_CODES, usual, dtype=np.float64)
    # from the largest place to the smallest: what is named later replaces what is there
    for name in sorted(by_place, key=lambda place: -len(codes_named(place))):
        table[list(codes_named(name))] = by_place[name]
    return table


def _chambers(by_name: dict[str, float]) -> dict[str, float]:
    _check_names(by_name, _codes().keys() - {EVERYWHERE, *STATIONS})
    return by_name


Frame = Annotated[float, Field(ge=-2, le=5)]
Fraction = Annotated[float, Field(ge=0, le=1)]
ByChamber = Annotated[dict[str, Fraction], AfterValidator(_chambers)]
ByPlace = Annotated[dict[str, Fraction], AfterValidator(check_places)]
Width = Annotated[float, Field(ge=0, le=10)]
Shift = Annotated[float, Field(ge=-50, le=50)]
Shifts = Annotated[dict[str, Shift], AfterValidator(check_places)]
Coordinate = Annotated[float, Field(allow_inf_nan=False)]
Range = tuple[Coordinate, Coordinate]


class InefficientRegion(Model):
    """A rectangle in which fewer muons leave a segment."""

    chamber: Annotated[str, AfterValidator(_one_place)]
    """Name such as 'MB2 W-2 S12', a station such as 'MB1', or 'all'."""
    x: Range | None = None
    """Lowest and highest local x, cm; all of the width if left out."""
    y: Range | None = None
    """Lowest and highest local y, cm; all of the length if left out."""
    efficiency: Fraction = 0.0
    """Factor on the efficiency of the chamber; 0 is dead."""

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        for axis, limits in (("x", self.x), ("y", self.y)):
            if limits and not limits[0] < limits[1]:
                raise ValueError(f"{axis}: the lowest value must lie below the highest")
        return self


class Resolution(Model):
    """How far segments lie from the muon that made them.

    A small part lies farther off, in an exponential tail that ends at 10 cm: a muon with an own
    segment passes a cut of 15 cm, so the tails do not blur what the true efficiency is.
    """

    x_cm: Width = 0.02
    y_cm: Width = 0.1
    """Only with a theta view."""
    dxdz: Annotated[float, Field(ge=0, le=0.1)] = 0.002
    dydz: Annotated[float, Field(ge=0, le=0.1)] = 0.008
    x_tail: Fraction = 0.015
    """Part of the segments pulled aside by a shower."""
    x_tail_cm: Annotated[float, Field(gt=0, le=10)] = 4.0
    """Mean length of the tail."""
    y_tail: Fraction = 0.1
    y_tail_cm: Annotated[float, Field(gt=0, le=10)] = 2.5


class Detector(Model):
    """The chambers: their efficiency, and what they make of a muon.

    The efficiency is the probability that a muon which crosses the sensitive region of a chamber
    leaves a segment with a phi view. It is that of the chamber, less what it lost by ageing, times
    the factors of the regions that hold the crossing.
    """

    efficiency: Literal["cms"] | Fraction = "cms"
    """Of all chambers; 'cms' takes (passed + 1)/(total + 2) of each from real data, so that none
    is perfect."""
    chambers: ByChamber = Field(default_factory=dict)
    """Efficiency of single chambers by name, such as 'MB2 W-2 S12'; 0 is dead, and silent."""
    regions: tuple[InefficientRegion, ...] = ()
    """Parts of chambers that work less well; where they overlap the factors multiply."""
    ageing: ByPlace = Field(default_factory=dict)
    """Efficiency lost between the first and the last run, by chamber, station or 'all', linear in
    the place of the run; a chamber's value replaces its station's, and that the one of all."""
    frame_x_cm: tuple[Frame, Frame, Frame, Frame] = (3.5, 3.5, 3.5, 0.0)
    """Width of the dead border at either side of the phi superlayers of MB1 to MB4, where not all
    layers have cells. The superlayers are narrower than the chamber, those of MB4 in sectors 8 and
    12 by so much that with 3.5 scattering carries some fiducial muons out of them."""
    frame_y_cm: Annotated[float, Field(ge=0, le=14)] = 9.0
    """Length of the dead border at either end of the chamber, beyond the ends of the wires."""
    theta_only: Fraction = 0.5
    """Probability that a muon without phi view leaves a theta view, in MB1 to MB3."""
    phi_only: tuple[Fraction, Fraction, Fraction] = (0.15, 0.10, 0.06)
    """Probability that the theta view is lost, in MB1 to MB3; MB4 has none."""
    second_segment: Fraction = 0.05
    """Probability that a shower leaves a second segment beside the first."""
    noise_segments: Annotated[float, Field(ge=0, le=50)] = 0.2
    """Mean number in an event of segments that no muon made."""
    resolution: Resolution = Resolution()
    shift_x_mm: Shifts = Field(default_factory=dict)
    """How far segments of a chamber lie from where they are, along local x, by chamber, station or
    'all': its alignment is off by so much."""
    shift_y_mm: Shifts = Field(default_factory=dict)
    """The same along local y."""
