"""What a notebook shows of a result: its table, and the map of the chambers as SVG."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from dtperf.results.table import table_html

if TYPE_CHECKING:
    from dtperf.detector import Chamber
    from dtperf.results.result import Result

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

STYLE = "font:11px sans-serif;max-width:100%;height:auto"
"""No colour of its own: on a dark page words are light, as all others there."""


def picture(width: int, height: int, label: str, parts: Sequence[str], style: str = "") -> str:
    """Put shapes together.

    Args:
        width: Pixels, as the height; less where there is less room.
        height: Pixels.
        label: What a screen reader says; this and the shapes are not escaped here.
        parts: Shapes; black ones are drawn in the colour of the words around the picture.
        style: More CSS.
    """
    place = f"viewBox='0 0 {width} {height}' width='{width}' role='img' aria-label='{label}'"
    look = f"fill='currentColor' style='{STYLE};{style}'"
    return f"<svg {place} {look}>{''.join(parts)}</svg>"


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
WIDTH, HEIGHT = LEFT + COLUMNS * CELL_W + 4, TOP + WHEELS * CELL_H + 18
GRID = (
    "display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));"
    "gap:6px 14px;max-width:1150px"
)
"""Two stations beside each other, or one where there is less room."""
OUTLINE = "stroke='currentColor' stroke-opacity='0.35'"


def chamber_map(rows: Sequence[Row]) -> str:
    """Draw wheel against sector of the four stations, and what the colours mean.

    Args:
        rows: From `dtperf.results.html.chamber_rows`.

    Returns:
        HTML that takes one column or two, and the colour of the words around it.
    """
    stations = "".join(
        picture(
            WIDTH,
            HEIGHT,
            f"fiducial efficiency of the chambers of MB{station}, %",
            [*_station(rows, station)],
            "width:100%;max-width:620px",
        )
        for station in range(1, 5)
    )
    return f"<div>{_scale()}<div style='{GRID}'>{stations}</div></div>"


def _scale() -> str:
    """Draw the colours with the efficiencies at which they change, and the sign of no probes."""
    parts = [text(0, 14, "fiducial efficiency, %", "start")]
    left = 122
    for step, fill in enumerate(FILLS[: len(EDGES)]):
        x = left + step * CELL_W
        border = OUTLINE if step else "stroke='currentColor' stroke-width='2'"
        parts.append(
            f"<rect x='{x}' y='3' width='{CELL_W - 1}' height='13' fill='{fill}' {border}/>"
        )
        if step:
            parts.append(text(x - 0.5, 30, f"{100 * EDGES[step - 1]:g}", "middle"))
    end = left + len(EDGES) * CELL_W
    parts.append(text(end - 0.5, 30, "100", "middle"))
    parts.append(
        f"<rect x='{end + 20}' y='3' width='{CELL_W - 1}' height='13' fill='none' {OUTLINE}/>"
    )
    parts.append(text(end + 26 + CELL_W, 14, "no probes", "start"))
    return picture(end + 120, 34, "colours of the map", parts)


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
        yield f"<rect {box} fill='none' pointer-events='all' {OUTLINE}>{told}</rect>"
        return
    step = bisect_right(EDGES, row["value"])
    border = OUTLINE if step else "stroke='currentColor' stroke-width='2'"
    low, high = 100 * row["low"], 100 * row["high"]
    told = f"{row['name']}: {100 * row['value']:.2f} %, {low:.2f} to {high:.2f} %; "
    told += f"{row['passed']:,} of {row['total']:,} probes passed"
    yield f"<rect {box} fill='{FILLS[step]}' {border}><title>{told}</title></rect>"
    shown = f"{100 * row['value']:.1f}".replace("100.0", "100")
    colour = f"fill='{'#fff' if step in DARK else '#000'}' pointer-events='none'"
    yield text(x + CELL_W / 2, y + 0.7 * CELL_H, shown, "middle", colour)


UNTITLED = "DT efficiency"
ALARM = "style='border-left:4px solid #d55e00;padding-left:.6em'"
"""A mark beside words that keep the page's colour: no orange can be read on white and on black."""
ASIDE = "style='opacity:.75'"


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
        f"{_number(totals['events'], 'event')} of {_number(totals['files'], 'file')}, "
        f"{_number(totals['pairs'], 'pair')}, {_number(totals['crossings'], 'crossing')} "
        f"({counted_twice(result)}), {_number(len(result), 'measurement')}"
    )
    if result.extra:
        words += f", {len(result.extra)} of the processor's own: see result.extra"
    if result.skims:
        words += f", on {escape(', '.join(result.skims))}"
    rows = chamber_rows(result)
    index = result.histograms
    summary = f"<summary>{_number(len(index), 'histogram')}</summary>"
    parts = [
        f"<p><b>{escape(result.config.title or UNTITLED)}</b>: {words}</p>",
        *(f"<p {ALARM}>{escape(warning)}</p>" for warning in _warnings(result)),
        *(f"<p {ASIDE}>{escape(aside)}</p>" for aside in _asides(result)),
        table_html(result.by_station(), ""),
        chamber_map(rows) if rows else "",
        f"<details>{summary}{table_html(index, index.nothing)}</details>",
    ]
    return f"<div>{''.join(parts)}</div>"


def _number(count: int, what: str) -> str:
    """Write a number of things."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


LACKING = "events_not_in_"
"""Begins the name of what counts events without the branches that a measurement needs."""


def _warnings(result: Result) -> Iterator[str]:
    if result.skipped_files:
        unknown = f", {result.unknown_files:,} of them of unknown size" * bool(result.unknown_files)
        yield (
            f"{_number(result.skipped_events, 'event')} of {_number(result.skipped_files, 'file')} "
            f"were skipped{unknown}: see result.ledger"
        )
    yield from result.event_remarks
    found = {name: n for name, n in result.anomalies.items() if n and not name.startswith(LACKING)}
    if found:
        yield "anomalies: " + ", ".join(
            f"{name.replace('_', ' ')} {n:,}" for name, n in found.items()
        )
    for name, n in result.anomalies.items():
        if n and name.startswith(LACKING) and name.removeprefix(LACKING) in result.counts:
            yield (
                f"{name.removeprefix(LACKING)} lacks {_number(n, 'event')} of files without its "
                "branches"
            )


def _asides(result: Result) -> Iterator[str]:
    """Yield what is no fault: branches that none of the files has."""
    if result.left_out:
        whose = "this file" if result.totals["files"] == 1 else "these files"
        yield f"not in {whose}: the branches for {', '.join(result.left_out)}"


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
    for each in result.by_chamber():
        row: dict[str, Any] = each._asdict()
        row["value"] = each.value if each.total else None
        if each.chamber in reasons:
            row["reason"] = reasons[each.chamber]
        if trends:
            row["trend"] = trends[each.chamber]
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
    for row in result.by_chamber():
        cells = summed[row.station - 1, row.wheel + 2, row.sector - 1]
        found[row.chamber] = [
            [run, int(passed), int(failed + passed)]
            for run, (failed, passed) in zip(runs, cells, strict=True)
        ]
    return found
