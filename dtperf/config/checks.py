"""What a declared measurement must keep to, beyond its own form."""

from __future__ import annotations

from math import prod

from dtperf.config.suggest import shorten, suggest
from dtperf.measurements.axes import Axis, Category, Regular, Variable
from dtperf.measurements.declaration import Measurement

__all__ = ["check_columns", "check_size"]

MOST_BINS = 10_000_000  # 80 MB of counts
LARGEST_INTEGER = 2**31 - 1
BOOLEANS = {"passing", "selected", "station_passing"}


def check_columns(name: str, measurement: Measurement) -> None:
    """Refuse columns that the table does not have, or that cannot be used in this place.

    Args:
        name: Name of the measurement.
        measurement: Its declaration.

    Raises:
        ValueError: Names the column and the nearest that the table has.
    """
    # needs numba, which a config without measurements of its own can do without
    from dtperf.selection.columns import CROSSING_COLUMNS, PAIR_COLUMNS

    known = PAIR_COLUMNS if measurement.table == "pairs" else CROSSING_COLUMNS
    table = f"the table '{measurement.table}' has no"
    for column in sorted(measurement.columns):
        if column not in known:
            hint = suggest(column, known)
            raise ValueError(f"{name}: {table} column {shorten(column)}{hint}")
    booleans = [column for column in known if column.startswith("is_") or column in BOOLEANS]
    for column in (*measurement.rows, *filter(None, [measurement.passed])):
        if column not in booleans:
            hint = suggest(column, booleans)
            raise ValueError(f"{name}: {table} boolean column '{column}'{hint}")


def check_size(name: str, measurement: Measurement) -> None:
    """Refuse a histogram that has no bins, or more than memory should hold.

    Args:
        name: Name of the measurement.
        measurement: Its declaration.

    Raises:
        ValueError: Names the measurement and the limit.
    """
    bins = prod(_bins(name, axis) for axis in measurement.axes)
    if bins > MOST_BINS:
        raise ValueError(f"{name}: {bins:,} bins in all are more than {MOST_BINS:,}; use fewer")


def _bins(name: str, axis: Axis) -> int:
    if isinstance(axis, Category):
        return 1
    if isinstance(axis, Regular):
        return axis.bins + 2
    if isinstance(axis, Variable):
        return len(axis.edges) + 1
    if max(abs(axis.first), abs(axis.last)) > LARGEST_INTEGER or axis.first > axis.last:
        raise ValueError(f"{name}: axis '{axis.name}' has no integers from first to last")
    return axis.last - axis.first + 1
