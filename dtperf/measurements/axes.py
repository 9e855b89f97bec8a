"""Axes of a measurement: which column is binned, and how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

import hist
from pydantic import Field, FiniteFloat, model_validator

from dtperf.model import Model

__all__ = ["AtLeast", "Axis", "Category", "Integer", "OlderRegular", "Regular", "Variable"]


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

    def to_hist(self) -> hist.axis.AxesMixin:
        """Build the axis of the histogram."""
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

    def to_hist(self) -> hist.axis.AxesMixin:
        """Build the axis of the histogram."""
        return hist.axis.Variable(self.edges, name=self.name, label=self.label)


class Integer(_Axis):
    """One bin for each integer from first to last; the column has no other values."""

    type: Literal["integer"] = "integer"
    first: int
    last: int

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not 0 <= self.last - self.first < 30_000:
            raise ValueError(f"no integers from {self.first} to {self.last}, or too many")
        return self

    def to_hist(self) -> hist.axis.AxesMixin:
        """Build the axis of the histogram."""
        return hist.axis.Integer(
            self.first, self.last + 1, flow=False, name=self.name, label=self.label
        )


class AtLeast(_Axis):
    """One bin for each threshold from first to last; an entry counts at all that it reaches."""

    type: Literal["at_least"] = "at_least"
    first: int
    last: int

    def to_hist(self) -> hist.axis.AxesMixin:
        """Build the axis of the histogram."""
        return hist.axis.Integer(
            self.first, self.last + 1, flow=False, name=self.name, label=self.label
        )


class Category(_Axis):
    """One bin for each integer that occurs, such as a run number; sorted."""

    type: Literal["category"] = "category"

    def to_hist(self, values: Sequence[int] = ()) -> hist.axis.AxesMixin:
        """Build the axis of the histogram, with bins for these values."""
        return hist.axis.IntCategory(values, growth=True, name=self.name, label=self.label)


Axis = Annotated[Regular | Variable | Integer | AtLeast | Category, Field(discriminator="type")]
