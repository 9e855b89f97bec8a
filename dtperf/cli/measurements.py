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

    from dtperf.cli.terminal import table
    from dtperf.measurements import STANDARD
    from dtperf.selection.columns import CROSSING_COLUMNS, PAIR_COLUMNS

    if columns:
        shown = table("table", "column", "meaning")
        for name, described in (("pairs", PAIR_COLUMNS), ("crossings", CROSSING_COLUMNS)):
            for column, meaning in described.items():
                shown.add_row(name, column, meaning)
    else:
        shown = table("name", "table", "axes", "what")
        for name, measurement in STANDARD.items():
            axes = ", ".join(axis.name for axis in measurement.axes)
            shown.add_row(name, measurement.table, axes, measurement.title)
    Console().print(shown)
