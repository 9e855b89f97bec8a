"""`dtperf trend --luminosity`: what it prints of slopes and steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dtperf.cli.terminal import SHOWN, console, harmless, table

if TYPE_CHECKING:
    from rich.table import Table

    from dtperf.diagnostics.ageing import Trend

__all__ = ["ageing_as_dict", "print_ageing"]


def ageing_as_dict(trends: Mapping[str, Trend]) -> list[dict[str, Any]]:
    """Return what `--json` has of each efficiency."""
    from dtperf.diagnostics.ageing import bins_of

    return [
        {
            "measurement": name,
            "against": trend.against,
            "slopes_per": trend.unit,
            "runs": len(trend.counts.runs),
            "delivered": trend.exposure.total,
            "target": trend.target,
            "named": trend.named,
            "slopes": trend.slopes,
            "bins": [
                {"place": each.place, "bins": [*bins_of(trend.counts, trend.course(each.place))]}
                for each in trend.sums
            ],
            "unknown_runs": trend.counts.unknown,
        }
        for name, trend in trends.items()
    ]


def print_ageing(trends: Mapping[str, Trend]) -> None:
    """Print verdict, places that have changed, and the slopes of barrel, stations and wheels."""
    from dtperf.pages.report.aged import assumptions, exposed, slope_guarantee, what_aged
    from dtperf.pages.report.changed import variation
    from dtperf.pages.report.words import sentence

    terminal = console()
    every = [*trends.values()]
    terminal.print(f"[bold]{harmless(sentence(what_aged(every)))}[/]\n{harmless(exposed(every))}\n")
    for name, trend in trends.items():
        terminal.print(f"[bold]{harmless(name)}[/]: {harmless(trend.counts.title)}")
        if trend.named:
            terminal.print(_named(trend))
        if len(trend.named) > SHOWN:
            terminal.print(f"… and {len(trend.named) - SHOWN} more: --page FILE lists them all")
        terminal.print(_sums(trend))
        for line in trend.remarks:
            terminal.print(f"[yellow]{harmless(line)}[/]")
        terminal.print(
            f"{sentence(slope_guarantee(trend))}\n{sentence(variation(trend.counts.spread))}"
        )
        if trend.target is not None:
            terminal.print(sentence(assumptions(trend)))
        terminal.print()


def _named(trend: Trend) -> Table:
    from dtperf.pages.report.aged import description, left_out, slope
    from dtperf.statistics import probability

    heads = (f">slope per {trend.unit}", ">sigma", ">p", "described by")
    shown = table("what has changed", *heads)
    for aged in trend.named[:SHOWN]:
        numbers = slope(aged), f"{aged.sigmas:.1f}", probability(aged.p_value)
        shown.add_row(left_out(aged), *numbers, description(aged))
    return shown


def _sums(trend: Trend) -> Table:
    from dtperf.pages.report.aged import expected, slope, some_names
    from dtperf.statistics import probability

    heads = [">efficiency %", f">slope per {trend.unit}", ">sigma", ">q"]
    if trend.target is not None:
        heads.append(f">at {trend.target:g} fb⁻¹")
    shown = table("place", *heads, "overlaps")
    for each in trend.sums:
        cells = [f"{100 * each.efficiency.value:.3f}", slope(each), f"{each.sigmas:.1f}"]
        cells.append(probability(each.q_value))
        if trend.target is not None:
            cells.append(expected(each))
        shown.add_row(each.place.name, *cells, some_names(trend.overlapping(each.place)))
    return shown
