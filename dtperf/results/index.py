"""The index of a result: which histograms it has, and what is in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import hist

from dtperf.config import AnalysisConfig
from dtperf.errors import ConfigError
from dtperf.measurements.declaration import Histogram
from dtperf.measurements.labels import as_text
from dtperf.results.row_columns import Columns, field_columns
from dtperf.results.table import Table

__all__ = ["HistogramEntry", "UnknownHistogram", "histogram_index"]


class UnknownHistogram(ConfigError, KeyError):
    """A result has no histogram of this name; the message names the nearest."""

    __str__ = Exception.__str__  # a KeyError shows its message between quotes


class HistogramEntry(NamedTuple):
    """What a result's index says of a histogram."""

    name: str
    """Of the measurement; with 'extra/' before it, of what the processor has counted."""
    title: str
    """What is measured, in plain text."""
    axes: str
    """Names of the axes."""
    entries: float
    """Sum of all bins, overflow included; of a profile the number of rows."""

    def cells(self) -> list[tuple[str, str]]:
        """Return what a table shows of it."""
        entries = f"{self.entries:,.10g}"
        return [*zip(self._fields, (self.name, self.title, self.axes, entries), strict=True)]

    @classmethod
    def columns(cls) -> Columns:
        """Return the columns of a data frame."""
        return field_columns(cls)


def histogram_index(
    config: AnalysisConfig, histograms: Mapping[str, Histogram]
) -> Table[HistogramEntry]:
    """List histograms with their titles.

    Args:
        config: Has the titles of the measurements.
        histograms: By name.
    """
    titles = {name: as_text(each.title) for name, each in config.measurements.active().items()}
    entries = (
        HistogramEntry(name, titles.get(name, ""), ", ".join(each.axes.name), _rows(each))
        for name, each in histograms.items()
    )
    return Table(entries, "no histograms", HistogramEntry)


def _rows(histogram: Histogram) -> float:
    """Count what was filled: of a profile rows, not the sums beside them."""
    shown: Any = histogram
    if "moment" in histogram.axes.name:
        shown = histogram[{"moment": hist.loc("entries")}]
    total: float = shown.values(flow=True).sum().item()
    return total
