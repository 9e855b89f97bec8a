"""`dtperf compare`: what has changed between two results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dtperf.cli.changed import table_of_changes
from dtperf.cli.options import FalseAlarms, Page
from dtperf.cli.terminal import console, harmless, percent, table

if TYPE_CHECKING:
    from rich.table import Table

    from dtperf.diagnostics.comparison import Change, Changes
    from dtperf.results.result import Result
    from dtperf.results.summary import Efficiency

__all__ = ["compare"]


def compare(
    before: Annotated[Path, typer.Argument(metavar="A", help="Result directory: the reference.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="Result directory to compare.")],
    false_alarms: FalseAlarms = 0.01,
    page: Page = None,
) -> None:
    """List what has changed from A to B: barrel, station, wheel, sector, or single chambers."""
    from dtperf.diagnostics.comparison import changes, shared_files
    from dtperf.diagnostics.flags import HIDING, flag
    from dtperf.pages.report import hidden_losses
    from dtperf.pages.report.changed import allowance, guarantee, what_changed
    from dtperf.pages.report.words import sentence
    from dtperf.results.result import Result

    old, new = Result.load(before), Result.load(after)
    found = changes(old, new, false_alarms=false_alarms)
    terminal = console()
    terminal.print(f"[bold]{sentence(what_changed(found))}[/]")
    for line in hidden_losses(flag(new, old, false_alarms, HIDING)):
        terminal.print(f"[yellow]{harmless(line)}[/]")
    terminal.print()
    terminal.print(_stations(old, new, found))
    if shared := shared_files(old, new):
        terminal.print(
            f"[yellow]Both have read {shared:,} of the same files: what differs comes of cuts or "
            "code, and the tests below do not hold for that.[/]"
        )
    elif old.config.hash != new.config.hash:
        terminal.print("[yellow]Their configs differ: what differs may come of the cuts.[/]")
    if found.named:
        terminal.print(table_of_changes(found.named, "what has changed"))
    terminal.print(f"{sentence(guarantee(found))}\n{sentence(allowance(found))}")
    if unseen := len(old.by_chamber()) - len(found.chambers):
        without = "1 chamber has" if unseen == 1 else f"{unseen} chambers have"
        terminal.print(f"{without} no probe in one of them, and no look of its own")
    terminal.print(f"A: {harmless(str(before))}\nB: {harmless(str(after))}")
    if page:
        from dtperf.pages.report import render_comparison, save

        names = (str(before), str(after))
        written = save(render_comparison(old, new, names, false_alarms), page)
        terminal.print(f"wrote {harmless(str(written))}")


def _stations(old: Result, new: Result, found: Changes) -> Table:
    from dtperf.detector import Place  # which loads numba

    shown = table("fiducial efficiency", ">A %", ">B %", ">B − A", ">sigma", whole=True)
    for station, (a, b) in enumerate(zip(old.by_station(), new.by_station(), strict=True), 1):
        change = found.of(Place(station=station))
        shown.add_row(a.name, percent(a.fiducial), percent(b.fiducial), *_difference(change))
        shown.add_row("  × acceptance", *_side_by_side(a.with_acceptance, b.with_acceptance))
        shown.add_row("  eligible fraction", *_side_by_side(a.eligible, b.eligible))
    for place in (Place(), *(Place(wheel) for wheel in range(-2, 3))):
        if change := found.of(place):
            sides = (percent(change.before), percent(change.after))
            shown.add_row(place.name, *sides, *_difference(change))
    return shown


def _difference(change: Change | None) -> tuple[str, str]:
    from dtperf.pages.report.changed import points

    return ("–", "") if change is None else (points(change), f"{change.sigmas:.1f}")


def _side_by_side(a: Efficiency | None, b: Efficiency | None) -> tuple[str, str, str]:
    difference = f"{100 * (b.value - a.value):+.3f}" if a and b and a.total and b.total else "–"
    return percent(a), percent(b), difference.replace("-", "−")
