"""`dtperf trend`: many results in their order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from dtperf.cli.options import FalseAlarms
from dtperf.cli.printed import harmless

if TYPE_CHECKING:
    from dtperf.report.history import Period, Step
    from dtperf.summary import Efficiency

__all__ = ["trend"]

BLOCKS = "▁▂▃▄▅▆▇█"
SHOWN = 10


def trend(
    results: Annotated[
        list[Path], typer.Argument(metavar="OUT…", help="Result directories, two at least.")
    ],
    page: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the trend as a page.")
    ] = None,
    false_alarms: FalseAlarms = 0.01,
) -> None:
    """List the stations over many results, in order of runs, and the chambers that changed most."""
    from dtperf.errors import ConfigError
    from dtperf.flags import flag_history
    from dtperf.report import hidden_losses, render_history, save
    from dtperf.report.history import in_order, overlaps, steps
    from dtperf.results import Result

    if len({path.resolve() for path in results}) < len(results):
        raise ConfigError("the same result directory is named twice")
    periods = in_order([(str(path), Result.load(path)) for path in results])
    found = steps(periods)
    console = Console(highlight=False, soft_wrap=True)
    console.print(_stations(periods))
    console.print(_lines(periods))
    told_by_name = [(period.name, period.result) for period in periods]
    for line in hidden_losses(flag_history(told_by_name, false_alarms)):
        console.print(f"[yellow]{harmless(line)}[/]")
    for warning in overlaps(periods):
        console.print(f"[yellow]{harmless(warning)}[/]")
    changed = [step for step in found if step.false_alarms <= false_alarms]
    if changed:
        console.print(_changed(changed[:SHOWN], periods))
    if len(changed) > SHOWN:
        console.print(f"… and {len(changed) - SHOWN} more chambers: --page FILE lists them all")
    console.print(
        f"{len(changed)} of {len(found)} chambers changed at some moment: exact test of each, at "
        f"most {100 * false_alarms:g} % of those by chance (Benjamini-Hochberg)"
    )
    if page:
        written = save(render_history(periods, found, false_alarms), page)
        console.print(f"wrote {harmless(str(written))}")


def _stations(periods: Sequence[Period]) -> Table:
    table = Table(box=None)
    for name in ("result", "runs"):
        table.add_column(name)
    for number in range(1, 5):
        table.add_column(f"MB{number} %", justify="right")
    for period in periods:
        runs = f"{period.runs[0]} – {period.runs[1]}" if period.runs else "unknown"
        stations = period.result.by_station()
        table.add_row(harmless(period.name), runs, *(_percent(s.fiducial) for s in stations))
    return table


def _lines(periods: Sequence[Period]) -> Table:
    table = Table(box=None)
    for name in ("station", "lowest %", "highest %", "in this order"):
        table.add_column(name, justify="right" if "%" in name else "left")
    rows = zip(*(period.result.by_station() for period in periods), strict=True)
    for stations in rows:
        filled = [each.fiducial for each in stations if each.fiducial and each.fiducial.total]
        ends = sorted(filled, key=lambda each: each.value)
        told = (_percent(ends[0]), _percent(ends[-1])) if ends else ("no probe", "no probe")
        table.add_row(stations[0].name, *told, _sparkline([each.fiducial for each in stations]))
    return table


def _sparkline(efficiencies: Sequence[Efficiency | None]) -> str:
    """Draw efficiencies between their least and their largest; a gap where there is none."""
    values = [each.value if each and each.total else None for each in efficiencies]
    filled = [value for value in values if value is not None]
    if not filled:
        return ""
    low, span = min(filled), max(filled) - min(filled)
    highest = len(BLOCKS) - 1
    return "".join(
        " " if value is None else BLOCKS[round(highest * (value - low) / span) if span else 0]
        for value in values
    )


def _percent(efficiency: Efficiency | None) -> str:
    if efficiency is None or not efficiency.total:
        return "no probe"
    return f"{100 * efficiency.value:.3f}"


def _changed(steps: Sequence[Step], periods: Sequence[Period]) -> Table:
    from dtperf.statistics import probability  # loads scipy

    table = Table(box=None)
    table.add_column("chamber", no_wrap=True)
    for name in ("before %", "after %", "difference", "p"):
        table.add_column(name, justify="right")
    for name in ("changed with", "in this order"):
        table.add_column(name)
    for step in steps:
        table.add_row(
            step.chamber.name,
            _percent(step.before),
            _percent(step.after),
            f"{100 * step.difference:+.3f}",
            probability(step.p_value),
            harmless(periods[step.at].name),
            _sparkline(step.efficiencies),
        )
    return table
