"""What a notebook shows of a result: its table, and the map of the chambers."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from dtperf.detector import Chamber
    from dtperf.results.result import Result
    from dtperf.results.summary import Efficiency

__all__ = [
    "EDGES",
    "FILLS",
    "UNTITLED",
    "as_html",
    "chamber_map",
    "chamber_rows",
    "counted_twice",
    "in_one_line",
    "station_table",
]

Row = dict[str, Any]

EDGES = (0.9, 0.93, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995, 1.0)
"""Efficiencies at which the colour changes."""
FILLS = (
    *("#d55e00", "#00224e", "#1d3964", "#434e6c", "#61646f", "#7d7c78", "#9d9570", "#c4b561"),
    *("#fee838", "#fee838"),
)
"""One more than edges: vermilion below the first, cividis above it."""
DARK = range(1, 5)
"""Fills that need a light text."""
PADDING = "padding:1px 4px;text-align:center"


def chamber_map(rows: Sequence[Row]) -> str:
    """Draw wheel against sector of the four stations, as tables.

    Tables, for Jupyter and GitHub show no SVG of a notebook that is somebody else's. They stand
    side by side where there is room.

    Args:
        rows: From `dtperf.results.html.chamber_rows`.
    """
    steps = [f"below {100 * EDGES[0]:g}", *(f"from {100 * edge:g}" for edge in EDGES[:-1])]
    scale = " ".join(
        f"<span style='{_colours(step)};padding:0 4px'>{label}</span>"
        for step, label in enumerate(steps)
    )
    stations = "".join(_station(rows, station) for station in range(1, 5))
    return f"<p><small>fiducial efficiency of the chambers, in %: {scale}</small></p>{stations}"


def _station(rows: Sequence[Row], station: int) -> str:
    by_position = {(r["wheel"], r["sector"]): r for r in rows if r["station"] == station}
    sectors = sorted({sector for _, sector in by_position})
    head = "".join(f"<th style='{PADDING}'>S{sector}</th>" for sector in sectors)
    lines = [f"<tr><th style='{PADDING}'>MB{station}</th>{head}</tr>"]
    for wheel in range(2, -3, -1):
        name = f"W{wheel:+d}".replace("-", "−").replace("+0", "0")
        cells = "".join(_cell(by_position.get((wheel, sector))) for sector in sectors)
        lines.append(f"<tr><th style='{PADDING}'>{name}</th>{cells}</tr>")
    style = "display:inline-table;margin:0 1em .5em 0;font-size:10px;line-height:1.3"
    return f"<table style='{style}'>{''.join(lines)}</table>"


def _colours(step: int) -> str:
    return f"background:{FILLS[step]};color:{'#fff' if step in DARK else '#000'}"


def _cell(row: Row | None) -> str:
    if row is None:
        return "<td></td>"
    if row["value"] is None:
        return f"<td style='{PADDING}' title='{row['name']}: no probes'>–</td>"
    low, high = 100 * row["low"], 100 * row["high"]
    title = f"{row['name']}: {100 * row['value']:.2f} %, {low:.2f} to {high:.2f} %; "
    title += f"{row['passed']:,} of {row['total']:,} probes passed"
    shown = f"{100 * row['value']:.1f}".replace("100.0", "100")
    style = f"{_colours(bisect_right(EDGES, row['value']))};{PADDING}"
    return f"<td style='{style}' title='{title}'>{shown}</td>"


HEAD = ("station", "fiducial %", "passed / total", "× acceptance %", "passed / total")
CELL = "style='padding:0 .6em;text-align:right'"
UNTITLED = "DT efficiency"
ALARM = "style='color:#a33c00'"


def in_one_line(result: Result) -> str:
    """Return what a result is, and how much is in it."""
    totals = result.totals
    return (
        f"<dtperf.Result of {result.config.title!r}: {totals['events']:,} events, "
        f"{totals['pairs']:,} pairs, {totals['crossings']:,} crossings, "
        f"{len(result)} measurements>"
    )


def counted_twice(result: Result) -> str:
    """Return how often a probe enters twice: by two tags, or by two chambers of a station."""
    probes, crossings = (result.totals[n] for n in ("repeated_probes", "double_crossings"))
    return (
        f"{probes:,} probes counted twice, {crossings:,} crossings beside another one of the same "
        "probe and station"
    )


def as_html(result: Result) -> str:
    """Show efficiencies of the stations, the map of the chambers, and what was not read.

    Args:
        result: Its title comes from elsewhere, and is escaped.
    """
    totals = result.totals
    words = (
        f"{totals['events']:,} events of {totals['files']:,} files, {totals['pairs']:,} pairs, "
        f"{totals['crossings']:,} crossings ({counted_twice(result)}), {len(result)} measurements"
    )
    if result.extra:
        words += f", {len(result.extra)} of the processor's own: see result.extra"
    if result.skims:
        words += f", on {escape(', '.join(result.skims))}"
    rows = chamber_rows(result)
    parts = [
        f"<p><b>{escape(result.config.title or UNTITLED)}</b>: {words}</p>",
        *(f"<p {ALARM}>{escape(warning)}</p>" for warning in _warnings(result)),
        station_table(result),
        chamber_map(rows) if rows else "",
    ]
    return f"<div>{''.join(parts)}</div>"


def _warnings(result: Result) -> Iterator[str]:
    if result.skipped_files:
        unknown = f", {result.unknown_files:,} of them of unknown size" * bool(result.unknown_files)
        yield (
            f"{result.skipped_events:,} events of {result.skipped_files:,} files were skipped"
            f"{unknown}: see result.ledger"
        )
    yield from result.event_remarks
    if found := {name: n for name, n in result.anomalies.items() if n}:
        yield "anomalies: " + ", ".join(f"{name} {n:,}" for name, n in found.items())


def station_table(result: Result) -> str:
    """Write the efficiencies of the stations as a table."""
    head = "".join(f"<th {CELL}>{name}</th>" for name in HEAD)
    lines = (
        [station.name, *_cells(station.fiducial), *_cells(station.with_acceptance)]
        for station in result.by_station()
    )
    body = "".join(
        "<tr>" + "".join(f"<td {CELL}>{cell}</td>" for cell in line) + "</tr>" for line in lines
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(efficiency: Efficiency | None) -> tuple[str, str]:
    if efficiency is None:
        return "not measured", ""
    if not efficiency.total:
        return "no probe", ""
    value = 100 * efficiency.value
    up, down = 100 * efficiency.high - value, value - 100 * efficiency.low
    shown = f"{value:.3f} <small>+{up:.3f} −{down:.3f}</small>"
    return shown, f"{efficiency.passed:,} / {efficiency.total:,}"


POINTS = 60
"""Of a trend at most: more would not show in its little picture."""


def chamber_rows(
    result: Result, reasons: Mapping[Chamber, str] = MappingProxyType({})
) -> list[dict[str, Any]]:
    """List the chambers as `drawMap` wants them.

    Args:
        result: What was measured.
        reasons: What is wrong with a chamber, or what holds it.

    Returns:
        One row a chamber, none if 'by_chamber' was not measured; its value is None without probes.
    """
    trends = _trends(result)
    rows = []
    for chamber, efficiency in result.by_chamber():
        row: dict[str, Any] = {"name": chamber.name, "station": chamber.station}
        row |= {"wheel": chamber.wheel, "sector": chamber.sector}
        row |= {"passed": efficiency.passed, "total": efficiency.total}
        row["value"] = efficiency.value if efficiency.total else None
        row |= {"low": efficiency.low, "high": efficiency.high}
        if chamber in reasons:
            row["reason"] = reasons[chamber]
        if trends:
            row["trend"] = trends[chamber]
        rows.append(row)
    return rows


def _trends(result: Result) -> dict[Any, list[list[int]]]:
    """Return [run, passed, total] of each chamber; of many runs, neighbours are added up."""
    if "by_chamber_and_run" not in result.counts:
        return {}
    counts = result.counts["by_chamber_and_run"]
    axis = counts.axes["run"]
    first = np.arange(0, axis.size, -(-axis.size // POINTS) or 1)
    # a category axis has an overflow, which stays empty while the axis grows
    view = np.asarray(counts.view())
    summed = np.add.reduceat(view, first, axis=3) if axis.size else view
    runs = [int(axis.value(at)) for at in first]
    found = {}
    for chamber, _ in result.by_chamber():
        cells = summed[chamber.station - 1, chamber.wheel + 2, chamber.sector - 1]
        found[chamber] = [
            [run, int(passed), int(failed + passed)]
            for run, (failed, passed) in zip(runs, cells, strict=True)
        ]
    return found
