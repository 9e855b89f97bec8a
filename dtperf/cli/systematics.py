"""`dtperf systematics`: every cut varied on the same events, and what of it dominates."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dtperf.cli import complete
from dtperf.cli.as_json import print_json
from dtperf.cli.options import AsJson, Force, Set
from dtperf.cli.terminal import console, harmless, percent, table

if TYPE_CHECKING:
    from rich.table import Table

    from dtperf.diagnostics.systematics import Systematics, Total

__all__ = ["systematics"]

PAGE = "systematics.html"
NOTHING = "–"


def systematics(
    skim: Annotated[
        Path,
        typer.Argument(metavar="SKIM", help="Skim, best of the analysis 'loosest'; or a result."),
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="DIR", help="Directory for tables and page.")
    ],
    config: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            autocompletion=complete.analyses,
            help="Analysis whose cuts are varied, or its config; without it the skim's own.",
        ),
    ] = None,
    set_: Set = None,
    variations: Annotated[
        str, typer.Option(metavar="FILE", help="What is varied; standard: every cut.")
    ] = "standard",
    other: Annotated[
        Path | None,
        typer.Option(metavar="SKIM", help="Skim of the same events with the other extrapolation."),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Vary every cut on the same events: shifts by station and chamber, total, what dominates.

    First: dtperf skim loosest FILES -o SKIM; then name the analysis with --config.
    """
    from dtperf.config import load_config
    from dtperf.diagnostics.systematics.storage import refuse_other
    from dtperf.errors import ConfigError
    from dtperf.pages.report import render_systematics, save
    from dtperf.skim.systematics import systematics as count

    if set_ and config is None:
        raise ConfigError("--set changes the analysis: name it with --config")
    refuse_other(out, force=force)
    nominal = None if config is None else load_config(config, set_ or ())
    found = count(skim, nominal, variations=variations, other=other)
    found.save(out, force=force)
    page = save(render_systematics(found), out / PAGE)
    if as_json:
        print_json(_as_dict(found, out, page))
        return
    _print(found)
    console().print(f"wrote {harmless(str(out))}; the page: {harmless(str(page))}")


def _as_dict(found: Systematics, out: Path, page: Path) -> dict[str, object]:
    return {
        "out": out,
        "page": page,
        "about": found.about,
        "stations": [_total(row) for row in found.by_station()],
        "shifts_of_stations": [
            {"place": row.place.name} | row._asdict() | {"sigmas": row.sigmas}
            for row in found.shifts(slice(0, 5))
        ],
        "covariance_of_stations": found.sum.covariance.tolist(),
        "left_out": found.left_out,
        "not_varied": found.declared.not_varied,
    }


def _total(row: Total) -> dict[str, object]:
    return row._asdict() | {"place": row.place.name}


def _print(found: Systematics) -> None:
    terminal = console()
    terminal.print(_stations(found))
    terminal.print(_variations(found))
    for name, why in found.left_out.items():
        terminal.print(f"[yellow]not varied: {harmless(name)}: {harmless(why)}[/]")
    for name, why in found.declared.not_varied.items():
        terminal.print(f"not varied: {harmless(name)}: {harmless(why)}")
    terminal.print(
        "In points of percent. A shift is that of the same events: its uncertainty is that of the "
        "probes that moved. Systematic: the larger shift of each variation without its chance, "
        "added in quadrature, in groups as declared."
    )


def _stations(found: Systematics) -> Table:
    shown = table("place", ">efficiency %", ">statistical", ">systematic", "dominated by", ">size")
    for row in found.by_station():
        of, value = row.efficiency, row.efficiency.value
        shown.add_row(
            row.place.name,
            percent(of),
            f"+{100 * (of.high - value):.3f} −{100 * (value - of.low):.3f}",
            f"{100 * row.systematic:.3f}",
            harmless(row.dominating) or NOTHING,
            f"{100 * row.dominating_size:.3f}" if row.dominating else "",
        )
    return shown


def _variations(found: Systematics) -> Table:
    shown = table("variation", "", *(f">MB{number}" for number in range(1, 5)), ">barrel", ">sigma")
    for each in found.varied:
        cells = [_shift(*both) for both in zip(*(part[:5] for part in each.shift), strict=True)]
        value, error = (float(part[0]) for part in each.shift)
        sigma = f"{abs(value / error):.1f}" if error > 0 else NOTHING
        shown.add_row(harmless(each.variation), each.change.direction, *cells[1:], cells[0], sigma)
    return shown


def _shift(value: float, error: float) -> str:
    if math.isnan(value):
        return NOTHING
    return f"{100 * value:+.3f} ± {100 * error:.3f}".replace("-", "−") if value or error else "0"
