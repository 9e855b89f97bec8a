"""Which measurements are made, and how they are binned."""

from __future__ import annotations

import re
from itertools import pairwise
from math import prod
from typing import Annotated, Self

from pydantic import AfterValidator, Field, FiniteFloat, field_validator, model_validator

from dtperf.config.suggest import shorten, suggest
from dtperf.measurements.declaration import (
    AtLeast,
    Axis,
    Category,
    Integer,
    Measurement,
    Regular,
    Variable,
)
from dtperf.measurements.groups import GROUPS, KNOWN, GroupName
from dtperf.measurements.standard import STANDARD
from dtperf.validation import Model

__all__ = ["Binning", "MeasurementSettings", "check_columns", "check_size"]

MOST_BINS = 10_000_000  # 80 MB of counts
LARGEST_INTEGER = 2**31 - 1
BOOLEAN = re.compile(r"(^|_)(is|has)_|(^|_)passing$|^(selected|associated|detected)$")


def check_columns(name: str, measurement: Measurement) -> None:
    """Refuse columns that the table does not have, or that cannot be used in this place.

    Args:
        name: Name of the measurement.
        measurement: Its declaration.

    Raises:
        ValueError: Names the column and the nearest that the table has.
    """
    # needs numba, which a config without measurements of its own can do without
    from dtperf.selection.details.described import COLUMNS

    known = COLUMNS[measurement.table]
    table = f"the table '{measurement.table}' has no"
    for column in sorted(measurement.columns):
        if column not in known:
            hint = suggest(column, known)
            raise ValueError(f"{name}: {table} column {shorten(column)}{hint}")
    booleans = [column for column in known if BOOLEAN.search(column)]
    for column in (*measurement.rows, *filter(None, [measurement.passed])):
        if column not in booleans:
            hint = suggest(column, booleans)
            raise ValueError(f"{name}: {table} boolean column '{column}'{hint}")


def check_size(name: str, measurement: Measurement) -> None:
    """Refuse a histogram that has no bins, or more than memory should hold.

    Args:
        name: Name of the measurement.
        measurement: Its declaration.

    Raises:
        ValueError: Names the measurement and the limit.
    """
    bins = prod(_bins(name, axis) for axis in measurement.axes)
    if bins > MOST_BINS:
        raise ValueError(f"{name}: {bins:,} bins in all are more than {MOST_BINS:,}; use fewer")


def _bins(name: str, axis: Axis) -> int:
    if isinstance(axis, Category):
        return 1
    if (
        isinstance(axis, Integer | AtLeast)
        and max(abs(axis.first), abs(axis.last)) > LARGEST_INTEGER
    ):
        raise ValueError(f"{name}: axis '{axis.name}' has no integers from first to last")
    return axis.extent


class Binning(Model):
    """Bins of one axis: either bins, start and stop, or edges."""

    bins: Annotated[int, Field(ge=1, le=30_000)] | None = None
    """Number of bins of equal width."""
    start: FiniteFloat | None = None
    """Lower edge of the first bin."""
    stop: FiniteFloat | None = None
    """Upper edge of the last bin."""
    edges: Annotated[tuple[FiniteFloat, ...], Field(min_length=2, max_length=30_001)] | None = None
    """Edges of bins of any width."""

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        regular = (self.bins, self.start, self.stop)
        given = [value is not None for value in regular]
        if (self.edges is None) != all(given) or (self.edges is not None and any(given)):
            raise ValueError("give either bins, start and stop, or edges")
        return self

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        given = (self.start, self.stop) if self.edges is None else self.edges
        edges = [edge for edge in given if edge is not None]
        if any(low >= high for low, high in pairwise(edges)):
            raise ValueError("start is not below stop, or an edge is not below the next")
        return self

    def apply(self, axis: Regular | Variable) -> Regular | Variable:
        """Bin an axis anew, keeping its column and its label."""
        kept = {"name": axis.name, "column": axis.column, "label": axis.label}
        if self.edges is not None:
            return Variable.model_validate({**kept, "edges": self.edges})
        return Regular.model_validate(
            {**kept, "bins": self.bins, "start": self.start, "stop": self.stop}
        )


def _is_standard(name: str) -> str:
    if name not in KNOWN:
        raise ValueError(f"unknown measurement {shorten(name)}{suggest(name, KNOWN)}")
    return name


StandardName = Annotated[str, AfterValidator(_is_standard)]
NewName = Annotated[str, Field(pattern=r"^[A-Za-z]\w*$", max_length=100)]


class MeasurementSettings(Model):
    """Changes to the standard measurements."""

    groups: tuple[GroupName, ...] = ()
    """Groups that are measured beside the standard ones; they read much more of the files."""
    skip: tuple[StandardName, ...] = ()
    """Measurements of these that are left out."""
    binning: dict[StandardName, dict[str, Binning]] = Field(default_factory=dict)
    """Measurement, then axis, then its bins."""
    add: dict[NewName, Measurement] = Field(default_factory=dict)
    """Measurements of your own, by name."""

    @field_validator("binning")
    @classmethod
    def _axes_are_known(
        cls, binning: dict[str, dict[str, Binning]]
    ) -> dict[str, dict[str, Binning]]:
        for name, axes in binning.items():
            known = {a.name for a in KNOWN[name].axes if isinstance(a, Regular | Variable)}
            for axis in axes:
                if axis not in known:
                    hint = suggest(axis, known)
                    raise ValueError(f"{name} has no axis {shorten(axis)} that can be binned{hint}")
        return binning

    @field_validator("add")
    @classmethod
    def _additions_can_be_made(cls, add: dict[str, Measurement]) -> dict[str, Measurement]:
        for name, measurement in add.items():
            if name in KNOWN:
                raise ValueError(f"'{name}' is a standard measurement: choose another name")
            check_columns(name, measurement)
            check_size(name, measurement)
        return add

    @model_validator(mode="after")
    def _something_is_left(self) -> Self:
        active = self.active()
        if not active:
            raise ValueError("all standard measurements are skipped: nothing is left to measure")
        for name in self.binning.keys() & active.keys():
            check_size(name, active[name])
        return self

    def without_words(self) -> Self:
        """Return what decides the numbers: your own without titles, labels and `picture`."""
        add = {name: measurement.without_words() for name, measurement in self.add.items()}
        return self.model_copy(update={"add": add})

    def active(self) -> dict[str, Measurement]:
        """List the measurements that are made, by name."""
        wanted = dict(STANDARD)
        for group in self.groups:
            wanted |= GROUPS[group]
        chosen = {
            name: self._rebinned(name, measurement)
            for name, measurement in wanted.items()
            if name not in self.skip
        }
        return chosen | self.add

    def _rebinned(self, name: str, measurement: Measurement) -> Measurement:
        binning = self.binning.get(name)
        if not binning:
            return measurement
        axes = tuple(
            binning[axis.name].apply(axis)
            if axis.name in binning and isinstance(axis, Regular | Variable)
            else axis
            for axis in measurement.axes
        )
        return measurement.model_copy(update={"axes": axes})
