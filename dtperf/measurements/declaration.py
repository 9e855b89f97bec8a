"""What a measurement is: a table, the rows that enter, the axes, and what counts as passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, TypeAlias

import hist
from pydantic import Field, model_validator

from dtperf.measurements.axes import AtLeast, Axis, Category
from dtperf.model import Model

__all__ = ["MOMENTS", "Histogram", "Measurement"]

Histogram: TypeAlias = "hist.Hist[Any]"

MOMENTS = ("entries", "sum", "sum_of_squares")
"""Bins of a profile's last axis; sums are kept in whole units so that adding is exact."""


class Measurement(Model):
    """A reduction of the pairs or of the crossings to one histogram of integer counts."""

    title: str
    """One line that says what is measured."""
    table: Literal["pairs", "crossings"]
    """Table whose rows are counted."""
    rows: tuple[str, ...] = ()
    """Boolean columns that all hold for the rows that enter; none: every row enters."""
    axes: Annotated[tuple[Axis, ...], Field(min_length=1, max_length=6)]
    """Axes, of different names."""
    passed: str | None = None
    """Boolean column: adds an axis 'passed', which makes this an efficiency."""
    mean_of: str | None = None
    """Column: adds an axis 'moment', which makes this a profile."""

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

    @property
    def columns(self) -> frozenset[str]:
        """The columns of the table that are used."""
        extra = (name for name in (self.passed, self.mean_of) if name)
        return frozenset((*self.rows, *(axis.column for axis in self.axes), *extra))

    def empty(self, categories: Mapping[str, Sequence[int]] = MappingProxyType({})) -> Histogram:
        """Book the histogram, without entries.

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
