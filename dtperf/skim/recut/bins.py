"""Where muons, entries and rows of probes are counted, for one block of events."""

from __future__ import annotations

import numpy as np

from dtperf.config import AnalysisConfig
from dtperf.measurements.binning import category_bins
from dtperf.measurements.declaration import Axis, Category, Integer
from dtperf.measurements.fill import bin_numbers
from dtperf.selection.columns import crossing_columns, pair_columns, station_limits
from dtperf.selection.crossings import find_crossings
from dtperf.selection.extrapolation import ProbeMatches
from dtperf.selection.flatten import FlatEvents
from dtperf.selection.pairs import Candidates
from dtperf.selection.tables import Table
from dtperf.selection.tagging import passing_limits
from dtperf.skim.recut.counting import add_bins
from dtperf.skim.recut.layout import CounterLayout
from dtperf.skim.recut.pairs import Entries, Probes, Tags
from dtperf.typing import AnyArray

__all__ = [
    "Known",
    "entry_table",
    "is_on",
    "muon_table",
    "places",
    "row_places",
    "row_table",
    "shifts",
]


Known = dict[tuple[int, Axis], AnyArray]
"""Bin numbers of a block, for all measurements: by the id of the table, and axis."""


def muon_table(flat: FlatEvents) -> Table:
    """Make a table of all muons as probes."""
    muons = np.arange(len(flat.muons.pt))
    return _table(flat, muons, muons)


def entry_table(flat: FlatEvents, tags: Tags, probes: Probes, entries: Entries) -> Table:
    """Make a table of all entries."""
    tag, probe = tags.muon[entries.tag], probes.muon[entries.probe]
    dz = flat.muons.trk_dz[tag] - flat.muons.trk_dz[probe]
    return _table(flat, tag, probe, entries.mass, entries.dr, dz)


def _table(flat: FlatEvents, tag: AnyArray, probe: AnyArray, *kinematics: AnyArray) -> Table:
    unknown = np.full(len(probe), np.nan, dtype=np.float32)
    mass, dr, dz = kinematics or (unknown, unknown, unknown)
    holds = np.ones(len(probe), dtype=np.bool_)
    offsets = flat.muons.offsets
    event = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))[probe]
    found = Candidates(event, tag, probe, mass, dr, dz, holds, holds)
    return Table(len(probe), pair_columns(flat, found))


def row_table(
    flat: FlatEvents, probes: AnyArray, crossed: ProbeMatches, config: AnalysisConfig
) -> Table:
    """Make the table of crossings of all possible probes, as if each were in one pair.

    Args:
        flat: The events.
        probes: Index into the muons.
        crossed: What they cross.
        config: The cuts.
    """
    parent = _table(flat, probes, probes)
    limits = passing_limits(config)
    place = (crossed.matches, crossed.begins, crossed.ends)
    masks = flat.muons.trkMu_stationMask[probes]
    found = find_crossings(masks, *place, flat.segments, parent["event"], limits)
    itself = np.arange(len(probes))
    columns = crossing_columns(flat, crossed, found, itself, station_limits(config))
    return Table(len(found.pair), columns, parent=parent, link="candidate")


def places(layout: CounterLayout, table: Table, known: Known) -> AnyArray:
    """Return where every row of a table is counted.

    Args:
        layout: The measurement.
        table: Of muons or of entries.
        known: What is known of its block; more is added.
    """
    total = np.zeros(table.rows, dtype=np.uint32)
    for axis, stride in layout.strides.items():
        add_bins(total, _numbers(layout, table, axis, known), stride)
    return total.astype(layout.place_type)


def shifts(layout: CounterLayout, table: Table, known: Known) -> AnyArray:
    """Return what each entry adds to the place of a row.

    Args:
        layout: A measurement of crossings, with an axis of pairs.
        table: Of entries.
        known: What is known of its block; more is added.
    """
    added = np.zeros(table.rows, dtype=np.uint32)
    for axis in layout.of_pair:
        add_bins(added, _numbers(layout, table, axis, known), layout.strides[axis])
    return added.astype(layout.place_type)


def row_places(layout: CounterLayout, table: Table, known: Known) -> AnyArray:
    """Return where rows of probes are counted that have not passed, if they enter.

    Args:
        layout: A measurement of crossings.
        table: From `row_table`.
        known: What is known of its block; more is added.
    """
    parent = table.parent
    assert parent is not None
    of_probe = np.zeros(parent.rows, dtype=np.uint32)
    mine = []
    for axis, stride in layout.strides.items():
        if axis in layout.of_pair:
            continue
        if table.inherits(axis.column):
            add_bins(of_probe, _numbers(layout, parent, axis, known), stride)
        else:
            mine.append((_numbers(layout, table, axis, known), stride))
    total = table.of_parent(of_probe)
    for bins, stride in mine:
        add_bins(total, bins, stride)
    return total.astype(layout.place_type)


def is_on(layout: CounterLayout, table: Table, axis: Integer, known: Known) -> AnyArray:
    """Return which rows are on an axis of integers."""
    return np.asarray(_numbers(layout, table, axis, known) >= 0)


def _numbers(layout: CounterLayout, table: Table, axis: Axis, known: Known) -> AnyArray:
    """Number the bins of an axis, once for all measurements."""
    key = (id(table), axis)
    if key not in known:
        column = axis.column
        if isinstance(axis, Integer) and table.parent is not None and table.inherits(column):
            known[key] = table.of_parent(_numbers(layout, table.parent, axis, known))
        elif isinstance(axis, Category):
            known[key] = category_bins(table[column], layout.runs.astype(table[column].dtype))
        else:
            known[key] = bin_numbers(axis, table[column])
    return known[key]
