"""Rows of crossings of all possible probes of a block, and what cuts change in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dtperf.config import AnalysisConfig
from dtperf.measurements.declaration import Integer
from dtperf.selection.arrays import Matches, Segments
from dtperf.selection.columns import border_distances, station_limits
from dtperf.selection.crossings import count_hits
from dtperf.selection.flatten import FlatEvents
from dtperf.selection.ragged import numbers
from dtperf.selection.tables import Table
from dtperf.selection.tagging import passing_limits
from dtperf.skim.recut.bins import BinCache, is_on, row_bins
from dtperf.skim.recut.counting import ProbeRows, offsets_of
from dtperf.skim.recut.layout import CounterLayout
from dtperf.skim.recut.row_bits import (
    BITS,
    ProbeTracks,
    RowConstants,
    SegmentHits,
    mark_stations,
    probes_with_new_segment,
)
from dtperf.typing import I32, U32, AnyArray

if TYPE_CHECKING:
    from dtperf.skim.recut.block import Block

__all__ = ["CrossingRows"]


class CrossingRows:
    """Rows of crossings, their flags, and the bins in which measurements count them."""

    def __init__(
        self, block: Block, flat: FlatEvents, table: Table, config: AnalysisConfig
    ) -> None:
        """Compute what is the same for all measurements.

        `table` is that of `row_table`, of all possible probes, made with the cuts of
        `config`.
        """
        self._cuts = _cuts(config)
        self._constants = RowConstants(table["match"], table["station"], table["n_other_stations"])
        self._segment: I32 = table["segment"]
        possible = np.append(block.possible, len(block.probes.muon))
        self.rows = ProbeRows(offsets_of(table["pair"], possible), _flags(table))
        matches, muons = block.matches(flat), block.probes.muon
        self._hits = _hits(flat.segments, matches, block.segment_offsets)
        self._matches = matches
        self._tracks = ProbeTracks(
            *(getattr(flat.muons, name)[muons] for name in ProbeTracks._fields)
        )
        self.bin_indices: dict[CounterLayout, AnyArray] = {}
        self.values: dict[CounterLayout, AnyArray] = {}
        """What profiles are the mean of."""
        self._axes: dict[Integer, tuple[int, CounterLayout]] = {}

    @property
    def arrays(self) -> tuple[Any, ...]:
        """Arrays that take memory; the others are views of the events."""
        hits = self._hits
        own = (hits.match_code, hits.code, hits.has_phi, hits.has_zed, hits.n)
        kept = (
            self._constants,
            self._segment,
            self.rows,
            self._tracks,
            self.bin_indices,
            self.values,
        )
        return (*own, *kept)

    def add(self, layouts: list[CounterLayout], table: Table, cache: BinCache) -> None:
        """Compute the bins of the rows for more measurements.

        `table` is that of `row_table`, with the cuts of the last `apply_cuts`.
        """
        for layout in layouts:
            self.bin_indices[layout] = row_bins(layout, table, cache)
            if layout.measurement.mean_of:
                self.values[layout] = table[layout.measurement.mean_of]
            for axis, bit in layout.axis_bits.items():
                if axis not in self._axes:
                    self._axes[axis] = (bit, layout)
                    self._mark(slice(None), table, axis, cache)

    def apply_cuts(self, block: Block, config: AnalysisConfig) -> None:
        """Compute anew what depends on cuts that have changed."""
        cuts = _cuts(config)
        (station, *search), (station_before, *search_before) = cuts, self._cuts
        self._cuts = cuts
        offsets = self.rows.offsets
        if search != search_before:
            limits = passing_limits(config)
            rows = (offsets, self._constants.match, self._segment)
            probes = probes_with_new_segment(block.probes.offsets, *rows, self._hits, limits)
            if len(probes):
                chosen = np.searchsorted(block.possible, probes)
                changed = numbers(offsets[probes], offsets[probes + 1])
                self._update(changed, *block.some_rows(chosen, config))
        if station != station_before:
            limits_of = station_limits(config)
            edges = border_distances(self._matches, limits_of)
            mark_stations(self.rows, self._constants, self._tracks, *edges, limits_of)

    def _update(self, rows: AnyArray, table: Table, segment: I32) -> None:
        cache: BinCache = {}
        self._segment[rows] = segment
        self.rows.flags[rows] = _flags(table)
        for axis in self._axes:
            self._mark(rows, table, axis, cache)
        for layout, bin_indices in self.bin_indices.items():
            if layout.moves:
                bin_indices[rows] = row_bins(layout, table, cache)
            if layout in self.values:
                self.values[layout][rows] = table[layout.measurement.mean_of or ""]

    def _mark(self, rows: Any, table: Table, axis: Integer, cache: BinCache) -> None:
        bit, layout = self._axes[axis]
        flags = is_on(layout, table, axis, cache).astype(np.uint32) << np.uint32(bit)
        self.rows.flags[rows] |= flags


def _cuts(config: AnalysisConfig) -> tuple[Any, ...]:
    """Return the cuts on stations, and those that change the best segment."""
    selection, compatibility = config.selection, config.compatibility
    on_stations = (selection.station, compatibility.four_vector_rounding)
    return (on_stations, selection.passing, compatibility.truncate_extrapolation)


def _hits(segments: Segments, matches: Matches, offsets: I32) -> SegmentHits:
    return SegmentHits(
        match_code=matches.code,
        match_x=matches.x,
        match_y=matches.y,
        offsets=offsets,
        code=segments.code,
        x=segments.seg4D_posLoc_x,
        y=segments.seg4D_posLoc_y,
        has_phi=segments.seg4D_hasPhi,
        has_zed=segments.seg4D_hasZed,
        n=count_hits(segments),
    )


def _flags(table: Table) -> U32:
    flags = np.zeros(table.rows, dtype=np.uint32)
    for name, bit in BITS.items():
        flags |= table[name].astype(np.uint32) << np.uint32(bit)
    return flags
