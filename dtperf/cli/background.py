"""`dtperf background`: what is not a Z, and how far it shifts the efficiencies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dtperf.cli.as_json import print_json
from dtperf.cli.options import AsJson, ResultDirectory
from dtperf.cli.terminal import console, percent, table

if TYPE_CHECKING:
    from rich.table import Table

    from dtperf.diagnostics.background import Bias, Estimate, Fit

__all__ = ["background"]

NOTHING = "–"


def background(
    result: ResultDirectory,
    window: Annotated[
        tuple[float, float], typer.Option(metavar="LOW HIGH", help="Masses of the signal, GeV.")
    ] = (81.0, 101.0),
    as_json: AsJson = False,
) -> None:
    """Estimate the efficiency of each station without background under the Z, by two methods.

    The masses beside the window must have been kept: run with
    --set selection.pair.min_mass=60 --set selection.pair.max_mass=120.
    """
    from dtperf.diagnostics.background import biases
    from dtperf.results.result import Result

    found = biases(Result.load(result), window)
    if as_json:
        print_json({"window_gev": window, "stations": found})
        return
    terminal = console()
    terminal.print(_efficiencies(found))
    terminal.print(_fits(found))
    terminal.print(
        f"Masses from {window[0]:g} to {window[1]:g} GeV. Bias: counted minus without background, "
        "in percentage points; the larger one of each station is its systematic uncertainty. "
        "Of a background within three standard deviations of none, no efficiency is told."
    )


def _efficiencies(found: tuple[Bias, ...]) -> Table:
    numbers = (">passed / total", ">counted %", ">sideband %", ">bias", ">fit %", ">bias")
    shown = table("station", *numbers)
    for each in found:
        shown.add_row(
            each.station,
            f"{each.counted.passed:,} / {each.counted.total:,}",
            percent(each.counted),
            *_estimate(each.sideband),
            *_estimate(each.fitted.estimate if each.fitted else None),
        )
    return shown


def _estimate(estimate: Estimate | None) -> tuple[str, str]:
    from dtperf.diagnostics.background.mass_spectrum import NO_ESTIMATE

    return estimate.in_words() if estimate else NO_ESTIMATE


def _fits(found: tuple[Bias, ...]) -> Table:
    numbers = (">background in the window %", ">its efficiency %", ">chi2 / degrees")
    shown = table("fit", *numbers)
    for each in found:
        shown.add_row(each.station, *_fit(each.fitted))
    return shown


def _fit(fit: Fit | None) -> tuple[str, str, str]:
    if fit is None:
        return "too few probes, or no convergence", NOTHING, NOTHING
    return (
        f"{100 * fit.background:.3f} ± {100 * fit.background_uncertainty:.3f}",
        f"{100 * fit.background_efficiency:.1f}" if fit.is_background_seen else "none seen",
        f"{fit.chi2:.1f} / {fit.degrees_of_freedom}",
    )
