"""`dtperf trend`: many results in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dtperf.cli.as_json import print_json
from dtperf.cli.changed import table_of_changes
from dtperf.cli.options import (
    WITH_GAPS,
    AsJson,
    Energy,
    FalseAlarms,
    Label,
    Page,
    refuse_without_page,
)
from dtperf.cli.terminal import SHOWN, console, harmless, percent, table

if TYPE_CHECKING:
    from rich.table import Table

    from dtperf.diagnostics.ageing import Trend
    from dtperf.diagnostics.comparison import Changes
    from dtperf.pages.report.history import Period
    from dtperf.results.summary import Efficiency

__all__ = ["trend"]

BLOCKS = "▁▂▃▄▅▆▇█"


class Against(StrEnum):
    """What slopes are against."""

    luminosity = "luminosity"
    time = "time"


def trend(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="OUT", help="Result directories: two at least, or one with --luminosity."
        ),
    ],
    luminosity: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="CSV",
            help="brilcalc's table of all runs, for slopes; one for each year, say.",
        ),
    ] = None,
    against: Annotated[
        Against, typer.Option(help="With --luminosity: slopes per 100/fb or per year.")
    ] = Against.luminosity,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="With --luminosity: an efficiency by run; may be given several times.",
        ),
    ] = None,
    extrapolate: Annotated[
        float, typer.Option(metavar="FB", help="With --luminosity: up to where lines go on, 1/fb.")
    ] = 3000.0,
    before: Annotated[
        float,
        typer.Option(metavar="FB", help="With --luminosity: delivered before its first run, 1/fb."),
    ] = 0.0,
    page: Page = None,
    label: Label = None,
    energy: Energy = None,
    false_alarms: FalseAlarms = 0.01,
    as_json: AsJson = False,
) -> None:
    """List the stations over many results, what changed, and when; with luminosity, slopes."""
    from dtperf.errors import ConfigError
    from dtperf.pages.report.history import in_order
    from dtperf.results.result import Result

    if len({path.resolve() for path in results}) < len(results):
        raise ConfigError("the same result directory is named twice")
    refuse_without_page(page, label=label, energy=energy)
    loaded = [(str(path), Result.load(path).labelled(label, energy=energy)) for path in results]
    if not luminosity:
        if only or before or against is Against.time:
            raise ConfigError("--against, --only and --before need --luminosity CSV")
        _between_results(in_order(loaded), page, false_alarms, as_json)
        return
    from dtperf.diagnostics.ageing import trends

    periods = in_order(loaded, fewest=1)
    found = trends(
        *(period.result for period in periods),
        luminosity=luminosity,
        against=against.value,
        only=only or (),
        false_alarms=false_alarms,
        target=extrapolate,
        before=before,
    )
    _against_luminosity(periods, found, page, as_json)
    if any(each.counts.unknown for each in found.values()):
        raise typer.Exit(WITH_GAPS)


def _between_results(
    periods: Sequence[Period], page: Path | None, false_alarms: float, as_json: bool
) -> None:
    from dtperf.diagnostics.comparison import changes
    from dtperf.diagnostics.flags import flag_history
    from dtperf.pages.report import hidden_losses, render_history, save
    from dtperf.pages.report.changed import what_changed
    from dtperf.pages.report.history import overlaps

    found = changes(*(period.result for period in periods), false_alarms=false_alarms)
    history = [(period.name, period.result) for period in periods]
    hidden = hidden_losses(flag_history(history, false_alarms))
    written = save(render_history(periods, found), page) if page else None
    if as_json:
        _print_json(
            what_changed(found, [period.name for period in periods]),
            periods,
            changes=[each._asdict() | {"since": periods[each.at].name} for each in found.named],
            tested_places=len(found.looks),
            false_alarms=false_alarms,
            hidden_losses=hidden,
            remarks=overlaps(periods),
            page=written,
        )
        return
    _print(periods, found, [*hidden, *overlaps(periods)])
    if written:
        console().print(f"wrote {harmless(str(written))}")


def _against_luminosity(
    periods: Sequence[Period], found: Mapping[str, Trend], page: Path | None, as_json: bool
) -> None:
    from dtperf.cli.ageing import ageing_as_dict, print_ageing
    from dtperf.diagnostics.flags import flag_history
    from dtperf.pages.report import hidden_losses, render_ageing, save
    from dtperf.pages.report.aged import what_aged
    from dtperf.pages.report.history import overlaps

    history = [(period.name, period.result) for period in periods]
    false_alarms = next(iter(found.values())).false_alarms
    hidden = hidden_losses(flag_history(history, false_alarms))
    remarks = [*overlaps(periods), *(line for each in found.values() for line in each.remarks)]
    written = save(render_ageing(periods, found, hidden), page) if page else None
    if as_json:
        _print_json(
            what_aged(found.values()),
            periods,
            ageing=ageing_as_dict(found),
            tested_places=sum(len(each.slopes) for each in found.values()),
            false_alarms=false_alarms,
            hidden_losses=hidden,
            remarks=remarks,
            page=written,
        )
        return
    print_ageing(found)
    for line in [*hidden, *overlaps(periods)]:
        console().print(f"[yellow]{harmless(line)}[/]")
    if written:
        console().print(f"wrote {harmless(str(written))}")


def _print_json(verdict: str, periods: Sequence[Period], **more: Any) -> None:
    from dtperf.pages.report.words import sentence

    results = [
        {
            "path": period.name,
            "runs": period.runs,
            "begin": period.begin,
            "stations": period.result.by_station(),
        }
        for period in periods
    ]
    of_either: dict[str, Any] = {"changes": [], "ageing": []}
    print_json({"verdict": sentence(verdict), **of_either, **more, "results": results})


def _print(periods: Sequence[Period], found: Changes, remarks: Sequence[str]) -> None:
    from dtperf.pages.report.changed import allowance, guarantee, what_changed
    from dtperf.pages.report.words import sentence

    names = [harmless(period.name) for period in periods]
    terminal = console()
    terminal.print(f"[bold]{sentence(what_changed(found, names))}[/]\n")
    terminal.print(_stations(periods))
    terminal.print(_lines(periods))
    for line in remarks:
        terminal.print(f"[yellow]{harmless(line)}[/]")
    if found.named:
        terminal.print(_changed(found, periods))
    if len(found.named) > SHOWN:
        terminal.print(f"… and {len(found.named) - SHOWN} more: --page FILE lists them all")
    terminal.print(f"{sentence(guarantee(found))}\n{sentence(allowance(found))}")


def _stations(periods: Sequence[Period]) -> Table:
    shown = table("result", "runs", *(f">MB{number} %" for number in range(1, 5)))
    for period in periods:
        runs = f"{period.runs[0]} – {period.runs[1]}" if period.runs else "unknown"
        stations = period.result.by_station()
        shown.add_row(harmless(period.name), runs, *(percent(s.fiducial) for s in stations))
    return shown


def _lines(periods: Sequence[Period]) -> Table:
    shown = table("station", ">lowest %", ">highest %", "in this order")
    rows = zip(*(period.result.by_station() for period in periods), strict=True)
    for stations in rows:
        every = [each.fiducial for each in stations]
        filled = [each for each in every if each and each.total] or every
        ends = sorted(filled, key=lambda each: each.value if each else 0)
        shown.add_row(stations[0].name, percent(ends[0]), percent(ends[-1]), _sparkline(every))
    return shown


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


def _changed(found: Changes, periods: Sequence[Period]) -> Table:
    from dtperf.pages.report.history import in_each

    return table_of_changes(
        found.named[:SHOWN],
        "what has changed",
        [
            ("changed with", lambda change: harmless(periods[change.at].name)),
            ("in this order", lambda change: _sparkline(in_each(periods, change))),
        ],
    )
