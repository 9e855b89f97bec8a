"""Count blocks of events with one set of cuts: the counters of one thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from dtperf.config import AnalysisConfig
from dtperf.measurements.declaration import MOMENTS, Histogram, Measurement
from dtperf.measurements.fill import fill
from dtperf.measurements.histograms import sort_categories
from dtperf.selection.details.branches import is_of_details
from dtperf.selection.tables import Table
from dtperf.selection.tagging import find_tables
from dtperf.skim.recut.block import Block
from dtperf.skim.recut.counting import (
    SelectedRows,
    count_at,
    count_rows,
    count_rows_of,
    muons_among,
    rows_entering,
    rows_of,
    sum_rows,
)
from dtperf.skim.recut.crossed import CrossingRows
from dtperf.skim.recut.layout import ANEW, UNITS, CounterLayout
from dtperf.skim.recut.pairs import SearchResult
from dtperf.typing import I64, AnyArray

__all__ = ["CounterSums"]

MOST = 2**31
"""Rows that may be counted before a counter of 32 bits could be full; no block has as many."""


class CounterSums:
    """Counters of all measurements."""

    def __init__(self, layouts: Mapping[str, CounterLayout], config: AnalysisConfig) -> None:
        """Set up counters of zero."""
        self._layouts, self._config = layouts, config
        self.found = Counter[str]()
        """Totals, as `dtperf.selection.totals` counts them."""
        self._counters: dict[str, AnyArray] = {}
        self._totals: dict[str, I64] = {}
        self.filled: dict[str, Histogram] = {}
        """Histograms of those that are filled anew, by name."""
        self._rows = 0
        for name, layout in layouts.items():
            if layout.kind in ANEW:
                continue
            if layout.measurement.mean_of:
                self._counters[name] = np.zeros((layout.size, len(MOMENTS) + 1), dtype=np.int64)
            else:
                self._counters[name] = np.zeros(layout.size, dtype=np.uint32)

    def add(self, block: Block, available: frozenset[str]) -> None:
        """Count the `available` measurements on a block of events."""
        layouts = {n: layout for n, layout in self._layouts.items() if n in available}
        found = block.search(self._config)
        of_tags, of_pairs, crossed = block.bins_for(layouts, self._config)
        among = rows_of(found.probes, crossed.rows)
        self.found.update(block.totals(found, among))
        muons = muons_among(found.first, found.last, found.tag)
        for name, layout in layouts.items():
            if layout.kind == "muons":
                count_at(self._counters[name], muons, of_tags[layout])
            elif layout.kind == "entries":
                count_at(self._counters[name], found.entries, of_tags[layout])
        of_rows = {n: layout for n, layout in layouts.items() if layout.kind == "rows"}
        self._count_rows(of_rows, found, among, crossed, of_pairs)
        left = {n: layout.measurement for n, layout in layouts.items() if layout.kind in ANEW}
        if left:
            filled = fill(left, self._tables(block, left.values()))
            self._add(filled)
        self._rows += max(len(muons), len(found.entries), block.most_rows * len(found.selected))
        if self._rows > MOST:
            self._empty()

    def _tables(self, block: Block, left: Iterable[Measurement]) -> Mapping[str, Table]:
        if any(map(is_of_details, left)):
            return block.tables(self._config)
        pairs, crossings = find_tables(block.flat(self._config), self._config)
        return {"pairs": pairs, "crossings": crossings}

    def _count_rows(
        self,
        layouts: Mapping[str, CounterLayout],
        found: SearchResult,
        among: SelectedRows,
        crossed: CrossingRows,
        of_pairs: Mapping[CounterLayout, AnyArray],
    ) -> None:
        lists: dict[tuple[int, int], Any] = {}
        for name, layout in layouts.items():
            counters, entering = self._counters[name], layout.entering
            bin_indices = crossed.bin_indices[layout]
            if layout in of_pairs:
                where = (found.probes, crossed.rows, entering, bin_indices)
                count_rows_of(counters, *where, found.selected, of_pairs[layout])
                continue
            key = (int(entering.need), int(entering.passed))
            if key not in lists:  # measurements of the same rows share it
                lists[key] = rows_entering(among, entering)
            if layout in crossed.values:
                sum_rows(counters, lists[key], bin_indices, crossed.values[layout], UNITS)
            else:
                count_rows(counters, lists[key], bin_indices)

    def _empty(self) -> None:
        for name, counters in self._counters.items():
            if name in self._totals:
                self._totals[name] += counters
            else:
                self._totals[name] = counters.astype(np.int64)
            counters[...] = 0
        self._rows = 0

    def merge(self, others: list[CounterSums]) -> None:
        """Add what other threads have counted."""
        for each in (self, *others):
            each._empty()
        for other in others:
            self.found.update(other.found)
            for name, counts in other._totals.items():
                self._totals[name] += counts
            if other.filled:
                self._add(other.filled)

    def _add(self, filled: Mapping[str, Histogram]) -> None:
        """Add histograms that were filled anew."""
        for name, histogram in filled.items():
            mine = self.filled.get(name)
            self.filled[name] = histogram if mine is None else mine + histogram

    def histograms(self, available: frozenset[str]) -> dict[str, Histogram]:
        """Return the histograms of the `available` measurements, after `merge`."""
        made = {}
        for name, layout in self._layouts.items():
            if name in self._totals and name in available:
                made[name] = layout.histogram(self._totals[name])
            elif name in available:
                # blocks are added up in the order in which threads are done
                made[name] = sort_categories(self.filled.get(name, layout.measurement.empty()))
        return made
