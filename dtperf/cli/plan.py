"""`dtperf plan`: what a larger sample would need."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from dtperf.execution.estimate import Need, Rates

__all__ = ["plan"]

TALK = "the talk's RDataFrame program took 120 minutes for 672 GB on one CPU, 7 minutes on 92"
CORES = (1, 8, 32, 92, 1000)


def plan(
    size: Annotated[str, typer.Option(help="Size of all files.")] = "672GB",
    result: Annotated[
        Path | None,
        typer.Option("--from", help="Result directory whose rates to take; else measured here."),
    ] = None,
    event_size: Annotated[
        int | None, typer.Option(min=1, help="Bytes of an event in its file.")
    ] = None,
) -> None:
    """Estimate the cores and the bandwidth that a sample of this size needs, and the HL-LHC."""
    from dtperf.api import run
    from dtperf.execution.estimate import SAMPLE_EVENTS, measure_here, needs

    size_bytes = _bytes(size)
    console = Console(highlight=False, soft_wrap=True)
    if result is None:
        console.print("Measuring synthetic events on one core: about half a minute")
        rates, origin = measure_here(run), "measured here on synthetic events"
    else:
        rates, origin = _from(result), f"of {result}"
    event_bytes = event_size or rates.event_bytes
    console.print(
        f"{rates.events_per_core_s:,.0f} events/s on one core, {rates.read_bytes:,.0f} bytes read "
        f"an event, {origin}",
        markup=False,
    )
    if rates.events < SAMPLE_EVENTS:
        console.print(
            f"[yellow]Only {rates.events:,} events: the loading of kernels counts among them, and "
            "more are faster[/]"
        )
    console.print(_sample(rates, size_bytes, event_bytes, size))
    console.print(_goals(needs(rates)))
    console.print(
        f"Reading and measuring alone, all cores busy to the end; {TALK}. Files of other contents "
        "or compression, slower storage and the scheduler (python -m benchmarks.scaling) change it."
    )


def _from(directory: Path) -> Rates:
    from dtperf.execution.checkpoint import FILESET
    from dtperf.execution.estimate import rates_of
    from dtperf.filesets import resolve
    from dtperf.results.result import Result

    fileset = directory / FILESET
    return rates_of(Result.load(directory).ledger, resolve(fileset) if fileset.is_file() else ())


def _bytes(size: str) -> int:
    from dask.utils import parse_bytes

    from dtperf.errors import ConfigError

    try:
        return int(parse_bytes(size))
    except ValueError:
        raise ConfigError(f"--size: {size[:60]!r} is no size: write it as 672GB or 1.5TB") from None


def _sample(rates: Rates, size: int, event_bytes: float | None, told: str) -> Table | str:
    from dtperf.errors import ConfigError

    if not event_bytes:
        raise ConfigError("--event-size: give the bytes of an event, the result does not know them")
    events = size / event_bytes
    table = Table(box=None, title_justify="left")
    table.title = f"{told}: {events:,.0f} events of {event_bytes:,.0f} bytes"
    for name in ("cores", "time", "events/s", "GB/s read"):
        table.add_column(name, justify="right")
    for cores in CORES:
        hz = cores * rates.events_per_core_s
        row = (f"{cores:,}", _time(events / hz), f"{hz:,.0f}", f"{hz * rates.read_bytes / 1e9:.2f}")
        table.add_row(*row)
    return table


def _goals(found: list[Need]) -> Table:
    table = Table(box=None, title_justify="left", title="HL-LHC, 60 billion events a year")
    table.add_column("goal")
    for name in ("events", "MHz", "cores", "GB/s read", "cores at 100 Hz each (talk)"):
        table.add_column(name, justify="right")
    for need in found:
        table.add_row(
            need.goal.name,
            f"{need.goal.events / 1e9:g} billion",
            f"{need.hz / 1e6:.2f}",
            f"{need.cores:,.1f}",
            f"{need.bytes_per_s / 1e9:.2f}",
            f"{need.cores_of_talk:,.0f}",
        )
    return table


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
