"""Lay out a measurement in flat counters, so that other cuts count it in the same bins."""

from __future__ import annotations

from functools import cached_property
from math import prod
from typing import Any, Literal

import numpy as np

from dtperf.measurements import Measurement
from dtperf.measurements.binning import MOST_CATEGORIES
from dtperf.measurements.declaration import (
    MOMENTS,
    AtLeast,
    Axis,
    Category,
    Histogram,
    Integer,
)
from dtperf.measurements.moments import SUM_OF_SQUARES_UNIT, SUM_UNIT
from dtperf.selection.cuts import LARGEST_CATEGORY
from dtperf.selection.details.branches import is_of_details
from dtperf.skim.details import OF_PROBES
from dtperf.skim.recut.counting import CountedRows
from dtperf.skim.recut.row_bits import BITS, MOST_BITS, OF_SEGMENT, OF_STATION
from dtperf.typing import I64, AnyArray

__all__ = ["ANEW", "UNITS", "CounterLayout", "is_of_pair"]

UNITS = (SUM_UNIT, SUM_OF_SQUARES_UNIT)
Kind = Literal["muons", "entries", "rows", "tables", "events"]
ANEW: tuple[Kind, ...] = ("tables", "events")
"""Kinds of which tables are made and filled anew."""
OF_EVENT = {"run", "luminosity_block", "inst_lumi", "pileup"}


def is_of_pair(column: str) -> bool:
    """Return whether a column of the crossings differs for pairs of one probe."""
    return column in ("mass", "dz") or column.startswith("tag_")


class CounterLayout:
    """One measurement in flat counters."""

    def __init__(
        self, measurement: Measurement, runs: AnyArray, axis_bits: dict[Axis, int]
    ) -> None:
        """Compute shape, strides and conditions.

        Args:
            measurement: What is counted.
            runs: All run numbers that occur, increasing.
            axis_bits: Bits that tell whether a row is on an axis of integers; those that this
                measurement needs are added.
        """
        self.measurement = measurement
        self.runs = runs
        self.kind: Kind = self._kind()
        """Of which rows the bins are known: of muons, entries or rows of probes; or 'tables' of
        none, so that tables are made and filled anew; 'events' the same, of what no cut on tags,
        probes, stations and segments moves."""
        self.axis_bits = self._number(axis_bits)
        """Bits of its axes of integers."""
        conditions = [*measurement.rows] if self.kind == "rows" else []
        need = [*(BITS[name] for name in conditions), *self.axis_bits.values()]
        has_passed = self.kind == "rows" and measurement.passed
        self.entering = CountedRows(
            np.uint32(sum(1 << bit for bit in {*need})),
            np.uint32(1 << BITS[measurement.passed or ""] if has_passed else 0),
        )
        """Which rows count."""
        axes = measurement.axes if self.kind not in ANEW else ()
        self.of_pair = [axis for axis in axes if self.kind == "rows" and is_of_pair(axis.column)]
        """Axes of which the pair knows the bin, not the probe."""
        self.shape = (*map(self._bins, axes), *((2,) if measurement.passed else ()))
        """With flow bins; of thresholds with one more, for what reaches none."""
        self.size = prod(self.shape)
        self.strides: dict[Axis, int] = {
            axis: prod(self.shape[i + 1 :]) for i, axis in enumerate(axes)
        }
        """Of each axis; what has passed is counted one place behind what has not."""
        values = (*(axis.column for axis in axes), measurement.mean_of)
        self.moves = self.kind == "rows" and not OF_SEGMENT.isdisjoint(values)
        """Whether cuts on segments change the bins or values of rows."""

    @cached_property
    def index_type(self) -> Any:
        """The smallest type for the index of a bin."""
        return np.min_scalar_type(self.size - 1)

    def _kind(self) -> Kind:
        measured = self.measurement
        if is_of_details(measured):
            of_probes = measured.table in OF_PROBES or "is_of_probe" in measured.columns
            return "tables" if of_probes else "events"
        categories = [axis for axis in measured.axes if isinstance(axis, Category)]
        if any(axis.column != "run" for axis in categories):
            return "tables"
        if categories and not self._can_number_runs():
            return "tables"
        if measured.table == "pairs":
            if measured.passed or measured.mean_of or measured.rows not in ((), ("is_probe",)):
                return "tables"
            if measured.rows:
                return "entries" if "selected" not in measured.columns else "tables"
            of_muon = all(c.startswith("probe_") or c in OF_EVENT for c in measured.columns)
            return "muons" if of_muon else "tables"
        shifting = [axis for axis in measured.axes if is_of_pair(axis.column)]
        values = (*(axis.column for axis in measured.axes), measured.mean_of or "")
        conditions = (*measured.rows, *((measured.passed,) if measured.passed else ()))
        if (
            "selected" in values
            or not BITS.keys() >= {*conditions}
            or not {*OF_STATION}.isdisjoint(values)
            or is_of_pair(measured.mean_of or "")
            or (shifting and measured.mean_of)
            or any(isinstance(axis, Integer | AtLeast | Category) for axis in shifting)
            # a run is there even if its rows are left out because they are beyond a later axis
            or (categories and _ends_with_integers(measured.axes))
        ):
            return "tables"
        return "rows"

    def _can_number_runs(self) -> bool:
        """Return whether every run has a bin; wild numbers have none."""
        return len(self.runs) <= MOST_CATEGORIES and self.runs.max(initial=0) <= LARGEST_CATEGORY

    def _number(self, axis_bits: dict[Axis, int]) -> dict[Integer, int]:
        """Assign bits to axes of integers; where there are no more, tables must do."""
        if self.kind != "rows":
            return {}
        axes = [axis for axis in self.measurement.axes if isinstance(axis, Integer)]
        own_axes = {axis: axis_bits.setdefault(axis, len(BITS) + len(axis_bits)) for axis in axes}
        if max(own_axes.values(), default=0) >= MOST_BITS:
            self.kind = "tables"
            return {}
        return own_axes

    def _bins(self, axis: Axis) -> int:
        if isinstance(axis, Category):
            return len(self.runs)
        axis_of_hist: Any = axis.to_hist()
        return int(axis_of_hist.extent) + isinstance(axis, AtLeast)

    def histogram(self, counts: I64) -> Histogram:
        """Make the histogram.

        Args:
            counts: Flat; of a profile of shape (bins, 6), as `sum_rows` fills it.
        """
        measured = self.measurement
        shaped = counts.reshape(self.shape + ((len(MOMENTS) + 1,) if measured.mean_of else ()))
        # a run is there even if none of its rows has a value
        rows = shaped[..., -1] if measured.mean_of else shaped
        categories = {}
        for at, axis in enumerate(measured.axes):
            if isinstance(axis, Category):
                others = tuple(i for i in range(rows.ndim) if i != at)
                present = np.flatnonzero(rows.sum(axis=others))
                categories[axis.name] = self.runs[present].tolist()
                shaped = np.take(shaped, present, axis=at)
            elif isinstance(axis, AtLeast):
                shaped = _reached(shaped, at)
        histogram = measured.empty(categories)
        view: Any = histogram.view(flow=True)
        view[...] = shaped[..., :-1] if measured.mean_of else shaped
        return histogram


def _ends_with_integers(axes: tuple[Axis, ...]) -> bool:
    first = next(i for i, axis in enumerate(axes) if isinstance(axis, Category))
    return any(isinstance(axis, Integer) for axis in axes[first:])


def _reached(raw: I64, at: int) -> I64:
    """Count at all thresholds that are reached: of the passed axis, the rest is failed."""
    total = raw.sum(axis=(at, -1), keepdims=True)[..., 0]
    passed = np.flip(np.cumsum(np.flip(raw[..., 1], axis=at), axis=at), axis=at)
    passed = np.delete(passed, 0, axis=at)
    return np.stack([total - passed, passed], axis=-1)
