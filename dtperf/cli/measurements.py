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
    """List the standard measurements and those of groups, or the columns for your own."""
    from rich.console import Console

    from dtperf.cli.terminal import table
    from dtperf.measurements import BY_GROUP
    from dtperf.selection.details.described import COLUMNS

    if columns:
        shown = table("table", "column", "meaning")
        for of_table, described in COLUMNS.items():
            for column, meaning in described.items():
                shown.add_row(of_table, column, meaning)
    else:
        shown = table("group", "name", "table", "axes", "what")
        for group, members in BY_GROUP.items():
            for name, measurement in members.items():
                axes = ", ".join(axis.name for axis in measurement.axes)
                shown.add_row(group, name, measurement.table, axes, measurement.title)
    Console().print(shown)
