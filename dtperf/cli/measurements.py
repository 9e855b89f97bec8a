"""`dtperf measurements`: what can be measured, and what of."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dtperf.cli.as_json import print_json
from dtperf.cli.options import AsJson
from dtperf.cli.terminal import console, table

__all__ = ["measurements"]


def measurements(
    columns: Annotated[
        bool, typer.Option("--columns", help="List the columns that a measurement can use.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the standard measurements and those of groups, or the columns for your own."""
    rows = _columns() if columns else _measurements()
    if as_json:
        print_json(rows)
        return
    heads = rows[0].keys() if columns else ("group", "name", "table", "axes", "title")
    shown = table(*heads)
    for row in rows:
        cells = (row[head] for head in heads)
        shown.add_row(*(", ".join(cell) if isinstance(cell, list) else cell for cell in cells))
    console().print(shown)


def _columns() -> list[dict[str, str]]:
    from dtperf.selection.details.described import COLUMNS

    return [
        {"table": name, "column": column, "meaning": meaning}
        for name, described in COLUMNS.items()
        for column, meaning in described.items()
    ]


def _measurements() -> list[dict[str, Any]]:
    from dtperf.measurements import BY_GROUP
    from dtperf.measurements.labels import as_text

    return [
        {
            "group": group,
            "name": name,
            "table": each.table,
            "axes": [axis.name for axis in each.axes],
            "title": as_text(each.title),
            "rows": [*each.rows],
            "passed": each.passed,
            "mean_of": each.mean_of,
        }
        for group, members in BY_GROUP.items()
        for name, each in members.items()
    ]
