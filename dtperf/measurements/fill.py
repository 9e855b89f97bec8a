"""Fill measurements from tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dtperf.measurements.declaration import Histogram, Measurement
from dtperf.measurements.table_counts import TableCounts
from dtperf.selection.tables import Table

__all__ = ["can_fill", "fill"]


def fill(
    measurements: Mapping[str, Measurement],
    tables: Mapping[str, Table],
    done_with: Callable[[str], None] = lambda _: None,
) -> dict[str, Histogram]:
    """Fill each measurement whose columns are there.

    Args:
        measurements: Declarations by name.
        tables: 'pairs' and 'crossings', and others; each parent before its children.
        done_with: Called with the name of each table when its measurements are filled, its
            children's before its own: what was made of its rows is the most of a chunk's memory.

    Returns:
        Histograms by the measurement's name; without those that need a column that is not there.

    Raises:
        InputError: Rows enter with more values on an axis of categories, as of runs, than can be.
    """
    filled: dict[str, Histogram] = {}
    used = {measurement.table for measurement in measurements.values()}
    for table in reversed([name for name in tables if name in used]):
        its = {
            name: measurement
            for name, measurement in measurements.items()
            if measurement.table == table and can_fill(measurement, tables[table])
        }
        filled |= TableCounts(tables[table]).counted(its)
        done_with(table)
    return {name: filled[name] for name in measurements if name in filled}


def can_fill(measurement: Measurement, table: Table) -> bool:
    """Return whether a table has the columns that a measurement uses."""
    return all(column in table for column in measurement.columns)
