"""What a notebook shows of a result: its table, and the map of the chambers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from dtperf.results.colours import ALARM, EDGES, FEW, FILLS, fill_of, ink_on, is_few, is_surely_low
from dtperf.results.table import table_html
from dtperf.wording import counted

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
]

Row = dict[str, Any]

PADDING = "padding:1px 4px;text-align:center"


def chamber_map(rows: Sequence[Row]) -> str:
    """Draw wheel against sector of the four stations, as tables.

    Tables, for Jupyter and GitHub show no SVG of a notebook that is somebody else's. They stand
    side by side where there is room.

    Args:
        rows: From `dtperf.results.html.chamber_rows`.

    Returns:
        HTML of several columns or one, in the colour of the words around it.
    """
    steps = [
        (f"surely below {100 * EDGES[0]:g}", ALARM),
        *((f"from {100 * edge:g}", fill) for edge, fill in zip(EDGES, FILLS, strict=False)),
    ]
    scale = " ".join(
        f"<span style='{_colours(fill)};padding:0 4px'>{label}</span>" for label, fill in steps
    )
    stations = "".join(_station(rows, station) for station in range(1, 5))
    words = f"fiducial efficiency of the chambers, in %: {scale} pale: fewer than {FEW} probes"
    return f"<p><small>{words}</small></p>{stations}"


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


def _colours(fill: str) -> str:
    return f"background:{fill};color:{ink_on(fill)}"


def _cell(row: Row | None) -> str:
    if row is None:
        return "<td></td>"
    if row["value"] is None:
        return f"<td style='{PADDING}' title='{row['name']}: no probes'>–</td>"
    low, high = 100 * row["low"], 100 * row["high"]
    title = f"{row['name']}: {100 * row['value']:.2f} %, {low:.2f} to {high:.2f} %; "
    title += f"{row['passed']:,} of {row['total']:,} probes passed"
    shown = f"{100 * row['value']:.1f}".replace("100.0", "100")
    fill = fill_of(row["value"], alarm=row["alarm"], few=row["few"])
    style = f"{_colours(fill)};{PADDING}"
    return f"<td style='{style}' title='{title}'>{shown}</td>"


UNTITLED = "DT efficiency"
WARNED = f"style='border-left:4px solid {ALARM};padding-left:.6em'"
"""A mark beside words that keep the page's colour: no orange can be read on white and on black."""
ASIDE = "style='opacity:.75'"


def in_one_line(result: Result) -> str:
    """Return what a result is, and how much is in it."""
    totals = result.totals
    return (
        f"<dtperf.Result of {result.config.title!r}: {totals['events']:,} {result.origin.noun}, "
        f"{counted(totals['pairs'], 'pair')}, {counted(totals['crossings'], 'crossing')}, "
        f"{counted(len(result), 'measurement')}>"
    )


def counted_twice(result: Result) -> str:
    """Return how often a probe enters twice: by two tags, or by two chambers of a station."""
    probes, crossings = (result.totals[n] for n in ("repeated_probes", "double_crossings"))
    return (
        f"{counted(probes, 'probe')} counted twice, {counted(crossings, 'crossing')} beside "
        "another one of the same probe and station"
    )


def as_html(result: Result) -> str:
    """Show efficiencies of the stations, the map of the chambers, and what was not read.

    Args:
        result: Its title comes from elsewhere, and is escaped.
    """
    totals = result.totals
    words = (
        f"{totals['events']:,} {result.origin.noun} of {counted(totals['files'], 'file')}, "
        f"{counted(totals['pairs'], 'pair')}, {counted(totals['crossings'], 'crossing')} "
        f"({counted_twice(result)}), {counted(len(result), 'measurement')}"
    )
    if result.extra:
        words += f", {len(result.extra)} of the processor's own: see result.extra"
    if result.skims:
        words += f", on {escape(', '.join(result.skims))}"
    rows = chamber_rows(result)
    index = result.histograms
    summary = f"<summary>{counted(len(index), 'histogram')}</summary>"
    parts = [
        f"<p><b>{escape(result.config.title or UNTITLED)}</b>: {words}</p>",
        *(f"<p {WARNED}>{escape(warning)}</p>" for warning in _warnings(result)),
        *(f"<p {ASIDE}>{escape(aside)}</p>" for aside in _asides(result)),
        table_html(result.by_station(), ""),
        chamber_map(rows) if rows else "",
        f"<details>{summary}{table_html(index, index.nothing)}</details>",
    ]
    return f"<div>{''.join(parts)}</div>"


LACKING = "events_not_in_"
"""Begins the name of what counts events without the branches that a measurement needs."""


def _warnings(result: Result) -> Iterator[str]:
    if result.skipped_files:
        unknown = f", {result.unknown_files:,} of them of unknown size" * bool(result.unknown_files)
        yield (
            f"{counted(result.skipped_events, 'event')} of {counted(result.skipped_files, 'file')} "
            f"were skipped{unknown}: see result.ledger"
        )
    yield from result.event_remarks
    if remarks := [f"{file} {remark}" for file, remark in result.remarks.items()]:
        more = f"; and {len(remarks) - 1:,} more: see result.remarks" * (len(remarks) > 1)
        yield f"{remarks[0]}{more}"
    found = {name: n for name, n in result.anomalies.items() if n and not name.startswith(LACKING)}
    if found:
        yield "anomalies: " + ", ".join(
            f"{name.replace('_', ' ')} {n:,}" for name, n in found.items()
        )
    for name, n in result.anomalies.items():
        if n and name.startswith(LACKING) and name.removeprefix(LACKING) in result.counts:
            yield (
                f"{name.removeprefix(LACKING)} lacks {counted(n, 'event')} of files without its "
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
        One row a chamber, none if 'by_chamber' was not measured; its value is None without probes,
        and `dtperf.results.colours` says what 'alarm' and 'few' are.
    """
    trends = _trends(result)
    rows = []
    chambers = result.by_chamber()
    passed, total = ([getattr(each, n) for each in chambers] for n in ("passed", "total"))
    marks = zip(chambers, is_surely_low(passed, total), is_few(total), strict=True)
    for each, alarm, few in marks:
        row: dict[str, Any] = each._asdict()
        row["value"] = each.value if each.total else None
        row |= {"alarm": bool(alarm), "few": bool(few)}
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
