"""`dtperf status`: how far a run is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from dtperf.cli.printed import harmless
from dtperf.results.table import printable

if TYPE_CHECKING:
    from dtperf.execution.status import RunStatus

__all__ = ["status"]

WITH_GAPS = 3
FEW = 3
MOST = 10
DERIVED = (
    *("percent", "events_per_second", "events_per_worker_second"),
    *("megabytes_per_second", "megabytes_per_worker_second"),
)


def status(
    out: Annotated[Path, typer.Argument(help="Directory of a run, also of one that goes on.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show progress, failures, throughput and the slowest files of a run."""
    from dtperf.execution.status import summarize

    found = summarize(out)
    if as_json:
        typer.echo(json.dumps(_as_dict(found), indent=2))
    else:
        _show(found, out)
    if found.state == "complete with gaps":
        raise typer.Exit(WITH_GAPS)


def _as_dict(found: RunStatus) -> dict[str, Any]:
    servers = [
        server._asdict() | {"megabytes_per_second": server.megabytes_per_second}
        for server in found.servers
    ]
    return {
        **found._asdict(),
        **{name: getattr(found, name) for name in DERIVED},
        "servers": servers,
        "slowest": [file._asdict() for file in found.slowest],
        "workers": [worker._asdict() for worker in found.workers],
    }


def _show(found: RunStatus, out: Path) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for line in _progress(found, out):
        console.print(line, markup=False)
    for table in (_causes(found), _servers(found), _workers(found), _slowest(found)):
        if table.row_count:
            console.print(table)


def _progress(found: RunStatus, out: Path) -> list[str]:
    events = (
        f"{found.events_read:,} read, {found.events_skipped:,} skipped, {found.events_left:,} left"
    )
    files = f"{found.files_read:,} read, in whole or in part"
    lines = [
        f"{out}: {found.state}",
        f"{found.percent:.1f}% of {found.events_total:,} events: {events}",
        f"{found.files_total:,} files: {files}; {found.files_skipped:,} with something skipped",
    ]
    if found.files_unknown:
        lines.append(
            f"{found.files_unknown:,} files could not be opened: their events are not counted here"
        )
    lines += found.event_remarks
    if found.skims:
        told = (
            f"{found.events_per_second:,.0f} events/s of {', '.join(map(printable, found.skims))}"
        )
        lines += [f"{told}; below, how that was made"]
    elif found.seconds:
        whole = _speed(found.events_per_second, found.megabytes_per_second)
        each = _speed(found.events_per_worker_second, found.megabytes_per_worker_second)
        lines += [f"{whole} in {found.seconds:,.0f} s", f"{each} for each worker while it works"]
    if found.seconds_left is not None:
        lines.append(f"about {_duration(found.seconds_left)} left")
    return lines


def _speed(events_per_second: float, megabytes_per_second: float) -> str:
    return f"{events_per_second:,.0f} events/s, {megabytes_per_second:,.1f} MB/s"


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {seconds:02} s"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, box=None, title_justify="left")
    for column in columns:
        text = column in ("cause", "server", "servers", "worker", "workers", "file")
        table.add_column(column, justify="left" if text else "right", overflow="fold")
    return table


def _causes(found: RunStatus) -> Table:
    table = _table("Skipped", "cause", "chunks or files")
    for cause, count in found.causes.items():
        table.add_row(cause, f"{count:,}")
    return table


def _servers(found: RunStatus) -> Table:
    columns = ("files", "events", "MB", "MB/s a worker", "chunks retried", "failures")
    table = _table("Servers", "server", *columns)
    for server in found.servers:
        counts = (server.retried_chunks, server.failures)
        table.add_row(
            harmless(server.name),
            f"{server.files:,}",
            f"{server.events:,}",
            f"{server.megabytes:,.1f}",
            f"{server.megabytes_per_second:,.2f}",
            *(f"{count:,}" for count in counts),
        )
    return table


def _workers(found: RunStatus) -> Table:
    columns = ("chunks", "events", "MB", "busy s", "CPU %", "most memory MB")
    table = _table(f"Workers, the busiest of {len(found.workers)}", "worker", *columns)
    for worker in sorted(found.workers, key=lambda each: -each.seconds)[:MOST]:
        table.add_row(
            harmless(worker.name),
            f"{worker.chunks:,}",
            f"{worker.events:,}",
            f"{worker.megabytes:,.1f}",
            f"{worker.seconds:,.1f}",
            f"{worker.cpu_percent:.0f}",
            f"{worker.memory_megabytes:,.0f}",
        )
    return table


def _slowest(found: RunStatus) -> Table:
    table = _table("Slowest files", "ms/event", "s", "events", "servers", "workers", "file")
    for file in found.slowest:
        table.add_row(
            f"{file.milliseconds_per_event:.3f}",
            f"{file.seconds:,.1f}",
            f"{file.events:,}",
            _several(file.servers),
            _several(file.workers),
            harmless(file.file),
        )
    return table


def _several(names: Sequence[str]) -> str:
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return harmless(", ".join(names[:FEW])) + more
