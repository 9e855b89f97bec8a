"""`dtperf compare`: what has changed between two results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dtperf.cli.as_json import print_json
from dtperf.cli.changed import table_of_changes
from dtperf.cli.options import (
    AsJson,
    Energy,
    FalseAlarms,
    Label,
    Luminosity,
    Page,
    number_or_file,
    refuse_without_page,
)
from dtperf.cli.terminal import console, harmless, percent, table
from dtperf.errors import InputError
from dtperf.wording import counted

if TYPE_CHECKING:
    from rich.table import Table

    from dtperf.diagnostics.comparison import Change, Changes
    from dtperf.results.result import Result
    from dtperf.results.summary import Efficiency

__all__ = ["compare"]

CHANGED = 4
"""Exit code with --gate: not that of an error, so that CI systems can tell them apart."""


def compare(
    before: Annotated[Path, typer.Argument(metavar="A", help="Result directory: the reference.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="Result directory to compare.")],
    false_alarms: FalseAlarms = 0.01,
    page: Page = None,
    label: Label = None,
    luminosity: Luminosity = None,
    energy: Energy = None,
    junit: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write JUnit XML: a test case for each place."),
    ] = None,
    gate: Annotated[
        bool,
        typer.Option("--gate", help=f"End with {CHANGED} if something has changed or is hidden."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List what has changed from A to B: barrel, station, wheel, sector, or single chambers."""
    from dtperf.diagnostics.comparison import changes
    from dtperf.diagnostics.flags import HIDING, flag
    from dtperf.pages.report import hidden_losses
    from dtperf.results.result import Result

    refuse_without_page(page, label=label, luminosity=luminosity, energy=energy)
    recorded = number_or_file(luminosity)
    # a table has the runs of both; a number is that of the second, as in other commands
    of_first = recorded if isinstance(recorded, str) else None
    old = Result.load(before).labelled(label, of_first, energy)
    new = Result.load(after).labelled(label, recorded, energy)
    found = changes(old, new, false_alarms=false_alarms)
    hidden = hidden_losses(flag(new, old, false_alarms, HIDING))
    names = (str(before), str(after))
    written: dict[str, Path | None] = {"page": None, "junit": None}
    if page:
        from dtperf.pages.report import render_comparison, save

        written["page"] = save(render_comparison(old, new, names, false_alarms), page)
    if junit:
        from dtperf.cli.junit import junit_xml, write_junit

        about = {"A": names[0], "B": names[1], "false alarms": f"{false_alarms:g}"}
        written["junit"] = write_junit(junit, junit_xml(found, hidden, about))
    if as_json:
        print_json(_as_dict(old, new, names, found, hidden) | written)
    else:
        _print(old, new, found, hidden)
        terminal = console()
        terminal.print(f"A: {harmless(names[0])}\nB: {harmless(names[1])}")
        for path in filter(None, written.values()):
            terminal.print(f"wrote {harmless(str(path))}")
    if gate:
        if not found.looks:
            raise InputError(
                f"{names[0]}, {names[1]}: no place has probes in both: nothing to hold"
            )
        if found.named or hidden:
            raise typer.Exit(CHANGED)


def _as_dict(
    old: Result, new: Result, names: tuple[str, str], found: Changes, hidden: list[str]
) -> dict[str, Any]:
    from dtperf.diagnostics.comparison import shared_files
    from dtperf.pages.report.changed import what_changed
    from dtperf.pages.report.words import sentence

    return {
        "verdict": sentence(what_changed(found)),
        "changes": found.named,
        "hidden_losses": hidden,
        "a": {"path": names[0], "stations": old.by_station()},
        "b": {"path": names[1], "stations": new.by_station()},
        "shared_files": shared_files(old, new),
        "same_cuts": old.config.hash == new.config.hash,
        "tested_places": len(found.looks),
        "false_alarms": found.false_alarms,
    }


def _print(old: Result, new: Result, found: Changes, hidden: list[str]) -> None:
    from dtperf.diagnostics.comparison import shared_files
    from dtperf.pages.report.changed import allowance, guarantee, what_changed
    from dtperf.pages.report.words import sentence

    terminal = console()
    terminal.print(f"[bold]{sentence(what_changed(found))}[/]")
    for line in hidden:
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
        without = f"{counted(unseen, 'chamber')} {'has' if unseen == 1 else 'have'}"
        terminal.print(f"{without} no probe in one of them, and no look of its own")


def _stations(old: Result, new: Result, found: Changes) -> Table:
    from dtperf.detector import Place  # which loads numba

    shown = table("fiducial efficiency", ">A %", ">B %", ">B − A", ">sigma")
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
