"""What a notebook shows of a result: its table, and the map of the chambers as SVG."""

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
    "UNTITLED",
    "as_html",
    "chamber_map",
    "chamber_rows",
    "counted_twice",
    "in_one_line",
    "picture",
    "text",
]

STYLE = "background:#fff;font:10px sans-serif;max-width:100%;height:auto"


def picture(width: int, height: int, label: str, parts: Sequence[str]) -> str:
    """Put shapes together.

    Args:
        width: Pixels, as the height; less where there is less room.
        height: Pixels.
        label: What a screen reader says; this and the shapes are not escaped here.
        parts: Shapes.
    """
    place = f"viewBox='0 0 {width} {height}' width='{width}' role='img' aria-label='{label}'"
    return f"<svg {place} style='{STYLE}'>{''.join(parts)}</svg>"


def text(x: float, y: float, words: str, anchor: str, more: str = "") -> str:
    """Write words.

    Args:
        x: Pixels, as y.
        y: Of the line that they stand on.
        words: Not escaped here.
        anchor: 'start', 'middle' or 'end', which lies at x.
        more: Other attributes.
    """
    return f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' {more}>{words}</text>"


Row = dict[str, Any]

EDGES = (0.9, 0.93, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995, 1)
FILLS = (
    *("#d55e00", "#00224e", "#1d3964", "#434e6c", "#61646f", "#7d7c78", "#9d9570", "#c4b561"),
    *("#fee838", "#fee838"),
)
"""Those of the page's map: cividis, and vermilion below 90 %."""
DARK = range(1, 5)
"""Fills that need a light text."""
CELL_W, CELL_H, LEFT, TOP = 32, 20, 30, 22
COLUMNS, WHEELS = 14, 5


def chamber_map(rows: Sequence[Row]) -> str:
    """Draw wheel against sector of the four stations, two by two.

    Args:
        rows: From `dtperf.results.html.chamber_rows`.
    """
    width, height = LEFT + COLUMNS * CELL_W + 14, TOP + WHEELS * CELL_H + 18
    parts = []
    for station in range(1, 5):
        x, y = (station - 1) % 2 * width, (station - 1) // 2 * height
        parts.append(f'<g transform="translate({x},{y})">{"".join(_station(rows, station))}</g>')
    return picture(2 * width, 2 * height, "fiducial efficiency of the chambers, %", parts)


def _station(rows: Sequence[Row], station: int) -> Iterator[str]:
    yield text(LEFT, 14, f"MB{station}", "start", "font-weight='bold' font-size='13'")
    for wheel in range(-2, 3):
        y = TOP + (2 - wheel + 0.7) * CELL_H
        yield text(LEFT - 3, y, f"W{wheel:+d}".replace("-", "−").replace("+0", "0"), "end")
    mine = [row for row in rows if row["station"] == station]
    for sector in sorted({row["sector"] for row in mine}):
        x, y = LEFT + (sector - 0.5) * CELL_W, TOP + WHEELS * CELL_H + 12
        yield text(x, y, f"S{sector}", "middle")
    for row in mine:
        yield from _cell(row)


def _cell(row: Row) -> Iterator[str]:
    x, y = LEFT + (row["sector"] - 1) * CELL_W, TOP + (2 - row["wheel"]) * CELL_H
    box = f"x='{x}' y='{y}' width='{CELL_W - 1}' height='{CELL_H - 1}'"
    if row["value"] is None:
        told = f"<title>{row['name']}: no probes</title>"
        yield f"<rect {box} fill='#fff' stroke='#bbb'>{told}</rect>"
        return
    step = bisect_right(EDGES, row["value"])
    border = "" if step else " stroke='#000' stroke-width='2'"
    low, high = 100 * row["low"], 100 * row["high"]
    told = f"{row['name']}: {100 * row['value']:.2f} %, {low:.2f} to {high:.2f} %; "
    told += f"{row['passed']:,} of {row['total']:,} probes passed"
    yield f"<rect {box} fill='{FILLS[step]}'{border}><title>{told}</title></rect>"
    shown = f"{100 * row['value']:.1f}".replace("100.0", "100")
    colour = f"fill='{'#fff' if step in DARK else '#000'}' pointer-events='none'"
    yield text(x + CELL_W / 2, y + 0.68 * CELL_H, shown, "middle", colour)


HEAD = ("station", "fiducial %", "passed / total", "× acceptance %", "passed / total")
CELL = "style='padding:0 .8em;text-align:right;white-space:nowrap'"
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
        _stations(result),
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


def _stations(result: Result) -> str:
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
