"""`dtperf status`: how far a run is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dtperf.cli.as_json import print_json
from dtperf.cli.options import WITH_GAPS, AsJson
from dtperf.cli.printed import of_files, of_unknown_length
from dtperf.cli.terminal import console, duration, first_names, harmless, table
from dtperf.errors import ConfigError
from dtperf.results.table import printable
from dtperf.wording import counted

if TYPE_CHECKING:
    from rich.table import Table

    from dtperf.execution.status import RunStatus

__all__ = ["status"]

FEW = 3
MOST = 10
DERIVED = (
    *("percent", "events_per_second", "events_per_worker_second"),
    *("megabytes_per_second", "megabytes_per_worker_second"),
)


def status(
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="Directory of a run, also of one that goes on.")
    ],
    as_json: AsJson = False,
    prometheus: Annotated[
        bool, typer.Option("--prometheus", help="Print it in Prometheus' text format.")
    ] = False,
) -> None:
    """Show progress, failures, throughput and the slowest files of a run."""
    from dtperf.execution.status import summarize

    if as_json and prometheus:
        raise ConfigError("--json and --prometheus: print which of them?")
    found = summarize(out)
    if as_json:
        print_json(_as_dict(found))
    elif prometheus:
        from dtperf.execution.metrics import as_prometheus

        print(as_prometheus(found, out.absolute().name), end="")
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
        "cost": found.cost._asdict() | {"energy_kwh": found.cost.energy_kwh},
        "servers": servers,
    }


def _show(found: RunStatus, out: Path) -> None:
    terminal = console()
    for line in _progress(found, out):
        terminal.print(line, markup=False)
    for shown in (_causes(found), _servers(found), _workers(found), _slowest(found)):
        if shown.row_count:
            terminal.print(shown)


def _progress(found: RunStatus, out: Path) -> list[str]:
    from dtperf.results.caption import runs_in_words

    events = (
        f"{found.events_read:,} read, {found.events_skipped:,} skipped, {found.events_left:,} left"
    )
    files = (
        f"{found.files_read:,} read, in whole or in part; {found.files_skipped:,} with something "
        "skipped"
    )
    lines = [
        f"{out}: {found.state}",
        f"{found.percent:.1f}% of {counted(found.events_total, 'event')}: {events}",
        f"{counted(found.files_total, 'file')}: {files}",
    ]
    if found.runs:
        lines.append(f"{found.source or 'events'} of {runs_in_words(found.runs)}")
    if found.files_unknown:
        lines.append(f"and {of_unknown_length(found.files_unknown)}, which never could be opened")
    lines += found.event_remarks
    lines += of_files(found.file_remarks)
    if found.skims:
        skims = ", ".join(map(printable, found.skims))
        rate = f"{found.events_per_second:,.0f} events/s"
        lines += [f"{rate} of {skims}; below, how that was made"]
    elif found.seconds:
        whole = _speed(found.events_per_second, found.megabytes_per_second)
        each = _speed(found.events_per_worker_second, found.megabytes_per_worker_second)
        lines += [f"{whole} in {found.seconds:,.0f} s", f"{each} for each worker while it works"]
        lines.append(found.cost.words)
    if found.seconds_left is not None:
        lines.append(f"about {duration(found.seconds_left)} left")
    return lines


def _speed(events_per_second: float, megabytes_per_second: float) -> str:
    return f"{events_per_second:,.0f} events/s, {megabytes_per_second:,.1f} MB/s"


def _causes(found: RunStatus) -> Table:
    shown = table("cause", ">chunks or files", title="Skipped")
    for cause, count in found.causes.items():
        shown.add_row(cause, f"{count:,}")
    return shown


def _servers(found: RunStatus) -> Table:
    columns = (">files", ">events", ">MB", ">MB/s a worker", ">chunks retried", ">failures")
    shown = table("server", *columns, title="Servers")
    for server in found.servers:
        shown.add_row(
            harmless(server.name),
            f"{server.files:,}",
            f"{server.events:,}",
            f"{server.megabytes:,.1f}",
            f"{server.megabytes_per_second:,.2f}",
            f"{server.retried_chunks:,}",
            f"{server.failures:,}",
        )
    return shown


def _workers(found: RunStatus) -> Table:
    columns = (">chunks", ">events", ">MB", ">busy s", ">CPU %", ">most memory MB")
    shown = table("worker", *columns, title=f"Workers, the busiest of {len(found.workers)}")
    for worker in sorted(found.workers, key=lambda each: -each.seconds)[:MOST]:
        shown.add_row(
            harmless(worker.name),
            f"{worker.chunks:,}",
            f"{worker.events:,}",
            f"{worker.megabytes:,.1f}",
            f"{worker.seconds:,.1f}",
            f"{worker.cpu_percent:.0f}",
            f"{worker.memory_megabytes:,.0f}",
        )
    return shown


def _slowest(found: RunStatus) -> Table:
    columns = (">ms/event", ">s", ">events", "servers", "workers", "file")
    shown = table(*columns, title="Slowest files")
    for file in found.slowest:
        shown.add_row(
            f"{file.milliseconds_per_event:.3f}",
            f"{file.seconds:,.1f}",
            f"{file.events:,}",
            harmless(first_names(file.servers, FEW)),
            harmless(first_names(file.workers, FEW)),
            harmless(file.file),
        )
    return shown
