"""Declare a measurement: table, rows that enter, axes, and what counts as passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, TypeAlias

import hist
from pydantic import Field, FiniteFloat, model_validator

from dtperf.selection.cuts import TableName
from dtperf.validation import Model

__all__ = [
    "MOMENTS",
    "AtLeast",
    "Axis",
    "Category",
    "Histogram",
    "Integer",
    "Measurement",
    "OlderRegular",
    "PictureHints",
    "Regular",
    "Variable",
]


class _Axis(Model):
    name: str
    """Name of the axis in the histogram."""
    column: str = ""
    """Column that is binned; by default the one with the axis' name."""
    label: str = ""
    """Text on a plot, with the unit."""

    @model_validator(mode="before")
    @classmethod
    def _column_is_name(cls, data: object) -> object:
        if isinstance(data, dict) and not data.get("column"):
            return {**data, "column": data.get("name", "")}
        return data


class Regular(_Axis):
    """Bins of equal width, with underflow and overflow."""

    type: Literal["regular"] = "regular"
    bins: Annotated[int, Field(ge=1, le=30_000)]
    start: FiniteFloat
    stop: FiniteFloat

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start >= self.stop:
            raise ValueError(f"start ({self.start:g}) is not below stop ({self.stop:g})")
        return self

    @property
    def extent(self) -> int:
        """Number of bins, with flow bins."""
        return self.bins + 2

    def to_hist(self) -> hist.axis.AxesMixin:
        """Return the axis of the histogram."""
        return hist.axis.Regular(self.bins, self.start, self.stop, name=self.name, label=self.label)


class OlderRegular(Regular):
    """Bins of equal width, filled as by ROOT before 2025; `compatibility.root_binning` says so."""


class Variable(_Axis):
    """Bins between given edges, with underflow and overflow."""

    type: Literal["variable"] = "variable"
    edges: Annotated[tuple[FiniteFloat, ...], Field(min_length=2, max_length=30_001)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if any(low >= high for low, high in zip(self.edges, self.edges[1:], strict=False)):
            raise ValueError("edges do not increase")
        return self

    @property
    def extent(self) -> int:
        """Number of bins, with flow bins."""
        return len(self.edges) + 1

    def to_hist(self) -> hist.axis.AxesMixin:
        """Return the axis of the histogram."""
        return hist.axis.Variable(self.edges, name=self.name, label=self.label)


class _Integers(_Axis):
    type: str  # here, so that it is written before the others
    first: int
    last: int

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not 0 <= self.last - self.first < 30_000:
            raise ValueError(f"no integers from {self.first} to {self.last}, or too many")
        return self

    @property
    def extent(self) -> int:
        """Number of bins; there are no flow bins."""
        return self.last - self.first + 1

    def to_hist(self) -> hist.axis.AxesMixin:
        """Return the axis of the histogram."""
        return hist.axis.Integer(
            self.first, self.last + 1, flow=False, name=self.name, label=self.label
        )


class Integer(_Integers):
    """One bin for each integer from first to last; the column has no other values."""

    type: Literal["integer"] = "integer"


class AtLeast(_Integers):
    """One bin for each threshold from first to last; an entry counts at all that it reaches."""

    type: Literal["at_least"] = "at_least"


class Category(_Axis):
    """One bin for each integer that occurs, such as a run number; sorted."""

    type: Literal["category"] = "category"

    def to_hist(self, values: Sequence[int] = ()) -> hist.axis.AxesMixin:
        """Return the axis of the histogram, with bins for these values."""
        return hist.axis.IntCategory(values, growth=True, name=self.name, label=self.label)


Axis = Annotated[Regular | Variable | Integer | AtLeast | Category, Field(discriminator="type")]


Histogram: TypeAlias = "hist.Hist[Any]"

MOMENTS = ("entries", "sum", "sum_of_squares", "high_sum", "high_sum_of_squares")
"""Bins of a profile's last axis; sums are kept in whole units so that adding is exact, and with
high parts as they may be beyond 64 bits: see `dtperf.measurements.moments`."""


ENTRIES = "entries"
"""In `PictureHints.log`: what is counted, rather than an axis."""


class PictureHints(Model):
    """How a measurement is drawn; nothing here changes a number."""

    kind: Literal["curve", "map", "none"] | None = None
    """Against the last axis, in the plane of the last two, or not unless it is asked for by name;
    null: what suits the axes. Station, wheel, sector and charge are shown only where there is
    nothing else; axes that are not shown are summed over."""
    by: str | None = None
    """Axis of which each bin has a curve or a panel of its own; null: the station, if it is one."""
    label: str = ""
    """Text for what is measured, with the unit, such as "mean t0 [ns]"; by default its kind."""
    log: tuple[str, ...] = ()
    """Axes that are logarithmic, by name; 'entries' for their number."""
    range: tuple[FiniteFloat, FiniteFloat] | None = None
    """Ends of the scale of what is measured, on its axis or in the colours of a map."""
    empty: str = ""
    """What is said in the place of a picture without entries, such as "not fitted"."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.range is not None and self.range[0] >= self.range[1]:
            raise ValueError(f"range: {self.range[0]:g} is not below {self.range[1]:g}")
        return self


class Measurement(Model):
    """A reduction of the rows of one table to one histogram of integer counts."""

    title: str
    """One line that describes the measurement."""
    table: TableName
    """Table whose rows are counted."""
    rows: tuple[str, ...] = ()
    """Boolean columns that all hold for the rows that enter; none: every row enters."""
    axes: Annotated[tuple[Axis, ...], Field(min_length=1, max_length=6)]
    """Axes, of different names."""
    passed: str | None = None
    """Boolean column: adds an axis 'passed', which makes this an efficiency."""
    mean_of: str | None = None
    """Column: adds an axis 'moment', which makes this a profile. NaN, and values of more than
    524288, are left out."""
    picture: PictureHints = PictureHints()
    """How it is drawn."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        names = [axis.name for axis in self.axes]
        if len(set(names)) < len(names):
            raise ValueError(f"axes share a name: {', '.join(names)}")
        if {"passed", "moment"} & set(names):
            raise ValueError("an axis cannot be named 'passed' or 'moment'")
        if self.passed and self.mean_of:
            raise ValueError("'passed' and 'mean_of' exclude each other")
        if any(isinstance(axis, AtLeast) for axis in self.axes) and not self.passed:
            raise ValueError("an axis 'at_least' needs 'passed'")
        return self

    @model_validator(mode="after")
    def _can_be_drawn(self) -> Self:
        names, hints = [axis.name for axis in self.axes], self.picture
        is_counted = not (self.passed or self.mean_of)
        scales = [*names, *([ENTRIES] if is_counted else [])]
        if hints.by is not None and hints.by not in names:
            raise ValueError(f"picture.by: no axis '{hints.by}'; there are {', '.join(names)}")
        if wrong := [name for name in hints.log if name not in scales]:
            raise ValueError(f"picture.log: no '{wrong[0]}' here; there are {', '.join(scales)}")
        left = len(names) - (hints.by is not None)
        if left < (2 if hints.kind == "map" else 1):
            beside = f" beside '{hints.by}'" if hints.by else ""
            needed = "a map needs two axes" if hints.kind == "map" else "an axis is needed"
            raise ValueError(f"picture: {needed}{beside}, and there is {left or 'none'}")
        return self

    def without_words(self) -> Measurement:
        """Return what decides the numbers: the same without titles, labels and `picture`."""
        axes = tuple(axis.model_copy(update={"label": ""}) for axis in self.axes)
        return self.model_copy(update={"title": "", "axes": axes, "picture": PictureHints()})

    @property
    def columns(self) -> frozenset[str]:
        """The columns of the table that are used."""
        extra = (name for name in (self.passed, self.mean_of) if name)
        return frozenset((*self.rows, *(axis.column for axis in self.axes), *extra))

    def empty(self, categories: Mapping[str, Sequence[int]] = MappingProxyType({})) -> Histogram:
        """Return the histogram without entries.

        Args:
            categories: For each axis of type 'category' the integers that have a bin.

        Returns:
            Integer counts on the declared axes, with 'passed' or 'moment' as the last one.
        """
        axes: list[Any] = [
            axis.to_hist(categories.get(axis.name, ()))
            if isinstance(axis, Category)
            else axis.to_hist()
            for axis in self.axes
        ]
        if self.passed:
            axes.append(hist.axis.Boolean(name="passed", label="passed"))
        if self.mean_of:
            axes.append(hist.axis.StrCategory(MOMENTS, name="moment", flow=False))
        histogram: Histogram = hist.Hist(*axes, storage=hist.storage.Int64())
        return histogram
