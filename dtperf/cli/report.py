"""What a run leaves on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from dtperf.results import Result
    from dtperf.summary import Efficiency

__all__ = ["print_report"]

MEGABYTE = 1e6


def print_report(result: Result, out: Path) -> None:
    """Print efficiencies, accounting and throughput.

    Args:
        result: What was measured.
        out: Where it was saved.
    """
    console = Console(highlight=False, soft_wrap=True)
    console.print(_efficiencies(result))
    for line in (*_accounting(result), *_warnings(result), _throughput(result)):
        console.print(line)
    console.print(f"Result in {out}")


def _efficiencies(result: Result) -> Table:
    table = Table(box=None, caption="Clopper-Pearson intervals of one standard deviation")
    table.add_column("station")
    table.add_column("efficiency")
    table.add_column("%", justify="right")
    table.add_column("passed / total", justify="right")
    for station in result.by_station():
        table.add_row(station.name, "fiducial", *_cells(station.fiducial))
        table.add_row("", "× acceptance", *_cells(station.with_acceptance))
    return table


def _cells(efficiency: Efficiency | None) -> tuple[str, str]:
    if efficiency is None:
        return "not measured", ""
    if not efficiency.total:
        return "no probe", "0 / 0"
    value, low, high = (100 * x for x in (efficiency.value, efficiency.low, efficiency.high))
    return (
        f"{value:.3f} +{high - value:.3f} −{value - low:.3f}",
        f"{efficiency.passed:,} / {efficiency.total:,}",
    )


def _accounting(result: Result) -> list[str]:
    totals = result.totals
    read, skipped = result.ledger.events("read"), result.skipped_events
    return [
        f"{read:,} events read + {skipped:,} skipped = {read + skipped:,}",
        f"{totals['files']:,} files, {totals['chunks']:,} chunks",
        f"{totals['pairs']:,} pairs, {totals['crossings']:,} crossings",
    ]


def _warnings(result: Result) -> list[str]:
    lines = []
    if not result.totals["pairs"]:
        lines.append("[yellow]No pair was selected: check the cuts with 'dtperf config show'.[/]")
    for name, count in result.anomalies.items():
        measurement = name.removeprefix("events_not_in_")
        if count and measurement == name:
            lines.append(f"[yellow]{name.replace('_', ' ')}: {count:,} times[/]")
        elif count and measurement not in result.left_out:
            lines.append(f"[yellow]{measurement} lacks {count:,} events without its branches[/]")
    if result.left_out:
        lines.append(
            f"[yellow]Left out, the input lacks their branches: {', '.join(result.left_out)}[/]"
        )
    return lines


def _throughput(result: Result) -> str:
    events, size = result.totals["events"], result.totals["bytes"] / MEGABYTE
    wall = result.provenance["seconds_measuring"]
    cores = min(result.provenance["workers"], result.provenance["cpus"])
    return (
        f"{wall:.1f} s: {events / wall:,.0f} events/s, {events / wall / cores:,.0f} on each of "
        f"{cores} cores, {size:,.1f} MB read at {size / wall:,.1f} MB/s"
    )
