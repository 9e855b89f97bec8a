"""`dtperf measurements`: what can be measured, and what of."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["measurements"]


def measurements(
    columns: Annotated[
        bool, typer.Option("--columns", help="List the columns that a measurement can use.")
    ] = False,
) -> None:
    """List the standard measurements, or the columns for your own."""
    from rich.console import Console
    from rich.table import Table

    from dtperf.measurements import STANDARD
    from dtperf.selection.columns import CROSSING_COLUMNS, PAIR_COLUMNS

    table = Table(box=None)
    if columns:
        for title in ("table", "column", "meaning"):
            table.add_column(title)
        for name, described in (("pairs", PAIR_COLUMNS), ("crossings", CROSSING_COLUMNS)):
            for column, meaning in described.items():
                table.add_row(name, column, meaning)
    else:
        for title in ("name", "table", "axes", "what"):
            table.add_column(title)
        for name, measurement in STANDARD.items():
            axes = ", ".join(axis.name for axis in measurement.axes)
            table.add_row(name, measurement.table, axes, measurement.title)
    Console().print(table)
