"""`dtperf plan`: what a larger sample would need."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dtperf.cli.as_json import print_json
from dtperf.cli.options import AsJson
from dtperf.cli.terminal import console, duration, table
from dtperf.wording import counted

if TYPE_CHECKING:
    from rich.table import Table

    from dtperf.execution.estimate import Need, Rates

__all__ = ["plan"]

TALK = "the talk's RDataFrame program took 120 minutes for 672 GB on one CPU, 7 minutes on 92"
SMALLEST = 1_000_000
"""Bytes of a sample: fewer are a number without its unit."""
CORES = (1, 8, 32, 92, 1000)


def plan(
    size: Annotated[
        str, typer.Option(metavar="SIZE", help="Size of all files, such as 1.5TB.")
    ] = "672GB",
    result: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="OUT",
            help="Result directory whose rates to take; else measured here.",
        ),
    ] = None,
    event_size: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Bytes of an event in its file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Estimate the cores and the bandwidth that a sample of this size needs, and the HL-LHC."""
    from dtperf.api import run
    from dtperf.execution.estimate import SAMPLE_EVENTS, measure_synthetic, needs

    size_bytes = _bytes(size)
    if result is None:
        console(stderr=True).print("Measuring synthetic events on one core: about half a minute")
        rates, origin = measure_synthetic(run), "measured here on synthetic events"
    else:
        rates, origin = _from(result), f"of {result}"
    sample = _sample(rates, size_bytes, event_size or rates.event_bytes)
    if as_json:
        print_json({"origin": origin, "rates": rates, "sample": sample, "goals": needs(rates)})
        return
    terminal = console()
    terminal.print(
        f"{rates.events_per_core_s:,.0f} events/s on one core, {rates.read_bytes:,.0f} bytes read "
        f"an event, {origin}",
        markup=False,
    )
    if rates.events < SAMPLE_EVENTS:
        terminal.print(
            f"[yellow]Only {counted(rates.events, 'event')}: the loading of kernels counts among "
            "them, and more are faster[/]"
        )
    terminal.print(_table(sample, size))
    terminal.print(_goals(needs(rates)))
    terminal.print(
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
        found = int(parse_bytes(size))
    except ValueError:
        raise ConfigError(f"--size: {size[:60]!r} is no size: write it as 672GB or 1.5TB") from None
    if found < SMALLEST:
        raise ConfigError(f"--size: {size[:60]!r} is no sample, but {found:,} bytes: 672GB?")
    return found


def _sample(rates: Rates, size_bytes: int, event_bytes: float | None) -> dict[str, Any]:
    """Return the events of a sample, and what numbers of cores do with it."""
    from dtperf.errors import ConfigError

    if not event_bytes:
        raise ConfigError("--event-size: give the bytes of an event, the result does not know them")
    events = size_bytes / event_bytes
    speeds = {cores: cores * rates.events_per_core_s for cores in CORES}
    return {
        "bytes": size_bytes,
        "event_bytes": event_bytes,
        "events": round(events),
        "cores": [
            {
                "cores": cores,
                "seconds": events / hz,
                "events_per_s": hz,
                "read_bytes_per_s": hz * rates.read_bytes,
            }
            for cores, hz in speeds.items()
        ],
    }


def _table(sample: dict[str, Any], size: str) -> Table:
    title = f"{size}: {sample['events']:,} events of {sample['event_bytes']:,.0f} bytes"
    shown = table(">cores", ">time", ">events/s", ">GB/s read", title=title)
    for each in sample["cores"]:
        shown.add_row(
            f"{each['cores']:,}",
            duration(each["seconds"]),
            f"{each['events_per_s']:,.0f}",
            f"{each['read_bytes_per_s'] / 1e9:.2f}",
        )
    return shown


def _goals(found: list[Need]) -> Table:
    numbers = (">events", ">MHz", ">cores", ">GB/s read", ">cores at 100 Hz each (talk)")
    shown = table("goal", *numbers, title="HL-LHC, 60 billion events a year")
    for need in found:
        shown.add_row(
            need.goal.name,
            f"{need.goal.events / 1e9:g} billion",
            f"{need.hz / 1e6:.2f}",
            f"{need.cores:,.1f}",
            f"{need.bytes_per_s / 1e9:.2f}",
            f"{need.cores_of_talk:,.0f}",
        )
    return shown
