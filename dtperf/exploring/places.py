"""Where muons, entries and rows of probes are counted, for one block of events."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dtperf.config import AnalysisConfig
from dtperf.exploring.counting import Offsets, add_bins, add_places, on_axis, rows_of
from dtperf.exploring.layout import Layout
from dtperf.exploring.pairing import Entries, Probes, Tags
from dtperf.kernels.binning import category_bins
from dtperf.kernels.crossings import find_crossings
from dtperf.kernels.gather import take
from dtperf.kernels.pairs import Candidates
from dtperf.measurements.axes import Axis, Category, Integer
from dtperf.measurements.booking import bin_numbers
from dtperf.selection.columns import crossing_columns, pair_columns
from dtperf.selection.extrapolation import ProbeMatches
from dtperf.selection.flatten import FlatEvents
from dtperf.selection.table import Table
from dtperf.selection.tagging import passing_limits

__all__ = [
    "Known",
    "Rows",
    "entry_table",
    "muon_table",
    "places",
    "row_places",
    "row_table",
    "shifts",
]

Column = npt.NDArray[Any]


class Rows(NamedTuple):
    """Rows of probes that enter a measurement."""

    offsets: Offsets
    places: Column
    """Shape (rows,)."""
    values: Column | None
    """What a profile is the mean of, shape (rows,)."""


class _Entering(NamedTuple):
    """What measurements share whose rows are the same."""

    rows: Column
    """Numbers of the rows in the table."""
    pairs: Column
    """Rows of the table's parent that they belong to."""
    offsets: Offsets


class Known:
    """What was found of the tables of a block, for all measurements."""

    def __init__(self) -> None:
        self.bins: dict[tuple[int, Axis | str], Column] = {}
        """Bin numbers by table, and by axis or boolean column."""
        self.entering: dict[Any, _Entering] = {}
        self.whole: dict[tuple[int, Axis], bool] = {}
        """Whether all rows of a table are on an axis."""


def muon_table(flat: FlatEvents) -> Table:
    """Make a table of all muons as probes."""
    muons = np.arange(len(flat.muons.pt))
    return _table(flat, muons, muons)


def entry_table(flat: FlatEvents, tags: Tags, probes: Probes, entries: Entries) -> Table:
    """Make a table of all entries."""
    tag, probe = tags.muon[entries.tag], probes.muon[entries.probe]
    dz = flat.muons.trk_dz[tag] - flat.muons.trk_dz[probe]
    return _table(flat, tag, probe, entries.mass, entries.dr, dz)


def _table(flat: FlatEvents, tag: Column, probe: Column, *kinematics: Column) -> Table:
    unknown = np.full(len(probe), np.nan, dtype=np.float32)
    mass, dr, dz = kinematics or (unknown, unknown, unknown)
    holds = np.ones(len(probe), dtype=np.bool_)
    offsets = flat.muons.offsets
    event = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))[probe]
    found = Candidates(event, tag, probe, mass, dr, dz, holds, holds)
    return Table(len(probe), pair_columns(flat, found))


def row_table(
    flat: FlatEvents, probes: Column, crossed: ProbeMatches, config: AnalysisConfig
) -> Table:
    """Make the table of crossings of all possible probes, as if each were in one pair.

    Args:
        flat: The events.
        probes: Index into the muons.
        crossed: What they cross.
        config: The cuts.
    """
    parent = _table(flat, probes, probes)
    limits = passing_limits(config.selection, config.compatibility.truncate_extrapolation)
    place = (crossed.matches, crossed.begins, crossed.ends)
    masks = flat.muons.trkMu_stationMask[probes]
    found = find_crossings(masks, *place, flat.segments, parent["event"], limits)
    itself = np.arange(len(probes))
    columns = crossing_columns(flat, crossed, found, itself, config.selection.station)
    return Table(len(found.pair), columns, parent=parent, link="candidate")


def places(layout: Layout, table: Table, known: Known) -> Column:
    """Say where every row of a table is counted.

    Args:
        layout: The measurement.
        table: Of muons or of entries.
        known: What is known of its block; more is added.
    """
    total = np.zeros(table.rows, dtype=np.uint32)
    for axis, stride in layout.strides.items():
        add_bins(total, _numbers(layout, table, axis, known), stride)
    return total.astype(layout.place_type)


def shifts(layout: Layout, table: Table, known: Known) -> Column:
    """Say what each entry adds to the place of a row.

    Args:
        layout: A measurement of crossings, with an axis of pairs.
        table: Of entries.
        known: What is known of its block; more is added.
    """
    added = np.zeros(table.rows, dtype=np.uint32)
    for axis in layout.of_pair:
        add_bins(added, _numbers(layout, table, axis, known), layout.strides[axis])
    return added.astype(layout.place_type)


def row_places(layout: Layout, table: Table, probes: Column, known: Known) -> Rows:
    """Say where the rows of probes are counted that enter.

    Args:
        layout: A measurement of crossings.
        table: From `row_table`.
        probes: Which of all probes each of those in the table is, of shape (possible probes,),
            and the number of all at last.
        known: What is known of its block; more is added.
    """
    entering = _entering(layout, table, probes, known)
    parent = table.parent
    assert parent is not None
    of_probe = np.zeros(parent.rows, dtype=np.uint32)
    mine = []
    for axis, stride in layout.strides.items():
        if axis in layout.of_pair:
            continue
        if table.inherits(axis if isinstance(axis, str) else axis.column):
            add_bins(of_probe, _numbers(layout, parent, axis, known), stride)
        else:
            mine.append((_numbers(layout, table, axis, known), stride))
    total = take(of_probe, entering.pairs, np.uint32(0))
    for bins, stride in mine:
        add_places(total, entering.rows, bins, stride)
    mean_of = layout.measurement.mean_of
    values = table[mean_of][entering.rows] if mean_of else None
    return Rows(entering.offsets, total.astype(layout.place_type), values)


def _entering(layout: Layout, table: Table, probes: Column, known: Known) -> _Entering:
    """Find the rows for which all conditions hold, and that are on all axes of integers."""
    axes = [a for a in layout.strides if isinstance(a, Integer) and a not in layout.of_pair]
    key = (layout.measurement.rows, *axes)
    if key not in known.entering:
        everything = table.rows_where(layout.measurement.rows)
        rows = everything
        for axis in axes:
            numbers = _numbers(layout, table, axis, known)
            rows = rows if _all_on(numbers, axis, table, known) else on_axis(rows, numbers)
        known.entering[key] = _shared(rows, len(everything), layout, table, probes, known)
    return known.entering[key]


def _all_on(numbers: Column, axis: Integer, table: Table, known: Known) -> bool:
    key = (id(table), axis)
    if key not in known.whole:
        known.whole[key] = bool(numbers.min(initial=0) >= 0)
    return known.whole[key]


def _shared(
    rows: Column, n: int, layout: Layout, table: Table, probes: Column, known: Known
) -> _Entering:
    """Take what is there of the same rows, if none of n was left out."""
    key = (layout.measurement.rows, "all")
    if len(rows) == n and key in known.entering:
        return known.entering[key]
    pairs = take(table["pair"], rows, np.int32(-1))
    found = _Entering(rows, pairs, rows_of(pairs, probes))
    if len(rows) == n:
        known.entering[key] = found
    return found


def _numbers(layout: Layout, table: Table, axis: Axis | str, known: Known) -> Column:
    """Number the bins of an axis or of a boolean column, once for all measurements."""
    key = (id(table), axis)
    found = known.bins
    if key not in found:
        column = axis if isinstance(axis, str) else axis.column
        if isinstance(axis, Integer) and table.parent is not None and table.inherits(column):
            found[key] = table.of_parent(_numbers(layout, table.parent, axis, known))
        elif isinstance(axis, str):
            found[key] = table[column].view(np.uint8)
        elif isinstance(axis, Category):
            found[key] = category_bins(table[column], layout.runs.astype(table[column].dtype))
        else:
            found[key] = bin_numbers(axis, table[column])
    return found[key]
