"""`dtperf compare`: which chambers have changed between two results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from dtperf.cli.options import FalseAlarms
from dtperf.cli.printed import harmless

if TYPE_CHECKING:
    from dtperf.comparison import Change
    from dtperf.results import Result
    from dtperf.summary import Efficiency

__all__ = ["compare"]


def compare(
    before: Annotated[Path, typer.Argument(metavar="A", help="Result directory: the reference.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="Result directory to compare.")],
    false_alarms: FalseAlarms = 0.01,
    page: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the comparison as a page.")
    ] = None,
) -> None:
    """List the stations, and the chambers whose efficiency has changed from A to B."""
    from dtperf.comparison import changes, shared_files
    from dtperf.flags import HIDING, flag
    from dtperf.report import hidden_losses
    from dtperf.results import Result

    old, new = Result.load(before), Result.load(after)
    found = changes(old, new)
    console = Console(highlight=False, soft_wrap=True)
    console.print(_stations(old, new))
    for line in hidden_losses(flag(new, old, false_alarms, HIDING)):
        console.print(f"[yellow]{harmless(line)}[/]")
    if shared := shared_files(old, new):
        console.print(
            f"[yellow]Both have read {shared:,} of the same files: what differs comes of cuts or "
            "code, and the tests below do not hold for that.[/]"
        )
    elif old.config.hash != new.config.hash:
        console.print("[yellow]Their configs differ: what differs may come of the cuts.[/]")
    listed = [change for change in found if change.false_alarms <= false_alarms]
    if listed:
        console.print(_changed(listed))
    console.print(
        f"{len(listed)} of {len(found)} chambers changed: exact test of each, at most "
        f"{100 * false_alarms:g} % of those listed by chance (Benjamini-Hochberg)"
    )
    if unseen := len(old.by_chamber()) - len(found):
        console.print(f"{unseen} chambers have no probe in one of them, and were not compared")
    console.print(f"A: {harmless(str(before))}\nB: {harmless(str(after))}")
    if page:
        from dtperf.report import render_comparison, save

        names = (str(before), str(after))
        written = save(render_comparison(old, new, names, false_alarms), page)
        console.print(f"wrote {harmless(str(written))}")


def _stations(old: Result, new: Result) -> Table:
    table = Table(box=None)
    for name in ("station", "efficiency", "A %", "B %", "B − A"):
        table.add_column(name, justify="left" if name in ("station", "efficiency") else "right")
    for a, b in zip(old.by_station(), new.by_station(), strict=True):
        table.add_row(a.name, "fiducial", *_side_by_side(a.fiducial, b.fiducial))
        table.add_row("", "× acceptance", *_side_by_side(a.with_acceptance, b.with_acceptance))
        table.add_row("", "eligible fraction", *_side_by_side(a.eligible, b.eligible))
    return table


def _side_by_side(a: Efficiency | None, b: Efficiency | None) -> tuple[str, str, str]:
    difference = f"{100 * (b.value - a.value):+.3f}" if a and b and a.total and b.total else "–"
    return _percent(a), _percent(b), difference


def _percent(efficiency: Efficiency | None) -> str:
    if efficiency is None:
        return "not measured"
    return f"{100 * efficiency.value:.3f}" if efficiency.total else "no probe"


def _changed(listed: list[Change]) -> Table:
    from dtperf.statistics import probability  # loads scipy

    table = Table(box=None)
    table.add_column("chamber", no_wrap=True)
    for name in ("A %", "passed / total", "B %", "passed / total", "B − A", "p", "false alarms"):
        table.add_column(name, justify="right")
    for change in listed:
        sides = (
            text
            for side in (change.before, change.after)
            for text in (_percent(side), f"{side.passed:,} / {side.total:,}")
        )
        table.add_row(
            harmless(change.chamber.name),
            *sides,
            f"{100 * change.difference:+.3f}",
            probability(change.p_value),
            probability(change.false_alarms),
        )
    return table
