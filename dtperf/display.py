"""What a notebook shows of a result."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from dtperf.web import chamber_rows
from dtperf.web.chamber_map import chamber_map

if TYPE_CHECKING:
    from dtperf.results import Result
    from dtperf.summary import Efficiency

__all__ = ["UNTITLED", "as_html", "counted_twice", "in_one_line"]

HEAD = ("station", "fiducial %", "passed / total", "× acceptance %", "passed / total")
CELL = "style='padding:0 .8em;text-align:right;white-space:nowrap'"
UNTITLED = "DT efficiency"
ALARM = "style='color:#a33c00'"


def in_one_line(result: Result) -> str:
    """Say what a result is, and how much is in it."""
    totals = result.totals
    return (
        f"<dtperf.Result of {result.config.title!r}: {totals['events']:,} events, "
        f"{totals['pairs']:,} pairs, {totals['crossings']:,} crossings, "
        f"{len(result)} measurements>"
    )


def counted_twice(result: Result) -> str:
    """Say how often a probe enters twice: by two tags, or by two chambers of a station."""
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
