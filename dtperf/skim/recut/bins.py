"""Compute the bins in which muons, entries and rows of probes of a block are counted."""

from __future__ import annotations

import numpy as np

from dtperf.config import AnalysisConfig
from dtperf.measurements.binning import category_bins
from dtperf.measurements.declaration import Axis, Category, Integer
from dtperf.measurements.places import bin_numbers
from dtperf.selection.columns import crossing_columns, pair_columns, station_limits
from dtperf.selection.crossings import find_crossings
from dtperf.selection.extrapolation import ProbeMatches
from dtperf.selection.flat_collection import events_of
from dtperf.selection.flatten import FlatEvents
from dtperf.selection.pairs import Candidates
from dtperf.selection.tables import Table
from dtperf.selection.tagging import passing_limits
from dtperf.skim.recut.counting import add_bins
from dtperf.skim.recut.layout import CounterLayout
from dtperf.skim.recut.pairs import Entries, Probes, Tags
from dtperf.typing import AnyArray

__all__ = [
    "BinCache",
    "bin_indices",
    "entry_table",
    "is_on",
    "muon_table",
    "pair_shifts",
    "row_bins",
    "row_table",
]


BinCache = dict[tuple[int, Axis], AnyArray]
"""Bin numbers of a block on each axis, shared by all measurements: by id of the table, and axis."""


def muon_table(flat: FlatEvents) -> Table:
    """Return a table of all muons as probes."""
    muons = np.arange(len(flat.muons.pt))
    return _table(flat, muons, muons)


def entry_table(flat: FlatEvents, tags: Tags, probes: Probes, entries: Entries) -> Table:
    """Return a table of all entries."""
    tag, probe = tags.muon[entries.tag], probes.muon[entries.probe]
    dz = flat.muons.trk_dz[tag] - flat.muons.trk_dz[probe]
    return _table(flat, tag, probe, entries.mass, entries.dr, dz)


def _table(flat: FlatEvents, tag: AnyArray, probe: AnyArray, *kinematics: AnyArray) -> Table:
    unknown = np.full(len(probe), np.nan, dtype=np.float32)
    mass, dr, dz = kinematics or (unknown, unknown, unknown)
    holds = np.ones(len(probe), dtype=np.bool_)
    offsets = flat.muons.offsets
    event = events_of(offsets)[probe]
    found = Candidates(event, tag, probe, mass, dr, dz, holds, holds)
    return Table(len(probe), pair_columns(flat, found))


def row_table(
    flat: FlatEvents, probes: AnyArray, crossed: ProbeMatches, config: AnalysisConfig
) -> Table:
    """Return the table of crossings of all possible probes, as if each were in one pair."""
    parent = _table(flat, probes, probes)
    limits = passing_limits(config)
    matches = (crossed.matches, crossed.begins, crossed.ends)
    masks = flat.muons.trkMu_stationMask[probes]
    found = find_crossings(masks, *matches, flat.segments, parent["event"], limits)
    itself = np.arange(len(probes))
    columns = crossing_columns(flat, crossed, found, itself, station_limits(config))
    return Table(len(found.pair), columns, parent=parent, link="candidate")


def bin_indices(layout: CounterLayout, table: Table, cache: BinCache) -> AnyArray:
    """Return the bin of every row of a table of muons or entries; bins on axes are cached."""
    total = np.zeros(table.rows, dtype=np.uint32)
    for axis, stride in layout.strides.items():
        add_bins(total, _numbers(layout, table, axis, cache), stride)
    return total.astype(layout.index_type)


def pair_shifts(layout: CounterLayout, table: Table, cache: BinCache) -> AnyArray:
    """Return what the axes of pairs add to the bins of rows, for each entry."""
    added = np.zeros(table.rows, dtype=np.uint32)
    for axis in layout.of_pair:
        add_bins(added, _numbers(layout, table, axis, cache), layout.strides[axis])
    return added.astype(layout.index_type)


def row_bins(layout: CounterLayout, table: Table, cache: BinCache) -> AnyArray:
    """Return the bins of rows of probes, from `row_table`, that enter and have not passed."""
    parent = table.parent
    assert parent is not None
    of_probe = np.zeros(parent.rows, dtype=np.uint32)
    own_axes = []
    for axis, stride in layout.strides.items():
        if axis in layout.of_pair:
            continue
        if table.inherits(axis.column):
            add_bins(of_probe, _numbers(layout, parent, axis, cache), stride)
        else:
            own_axes.append((_numbers(layout, table, axis, cache), stride))
    total = table.of_parent(of_probe)
    for bins, stride in own_axes:
        add_bins(total, bins, stride)
    return total.astype(layout.index_type)


def is_on(layout: CounterLayout, table: Table, axis: Integer, cache: BinCache) -> AnyArray:
    """Return which rows have a bin on an axis of integers."""
    return np.asarray(_numbers(layout, table, axis, cache) >= 0)


def _numbers(layout: CounterLayout, table: Table, axis: Axis, cache: BinCache) -> AnyArray:
    """Return the bin numbers on an axis, computed once for all measurements."""
    key = (id(table), axis)
    if key not in cache:
        column = axis.column
        if isinstance(axis, Integer) and table.parent is not None and table.inherits(column):
            cache[key] = table.of_parent(_numbers(layout, table.parent, axis, cache))
        elif isinstance(axis, Category):
            values = table[column]
            cache[key] = np.empty(len(values), dtype=np.int16)
            category_bins(values, layout.runs.astype(values.dtype), cache[key])
        else:
            cache[key] = bin_numbers(axis, table[column])
    return cache[key]
