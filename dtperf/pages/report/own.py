"""Measurements of one's own, and what a processor has counted, as a page shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hist

from dtperf.pages.report.flagged import MOST_PLOTTED
from dtperf.pages.report.pictures import Picture, picture

if TYPE_CHECKING:
    from dtperf.results.result import Result

__all__ = ["own_numbers", "own_pictures"]


def own_numbers(result: Result) -> dict[str, str]:
    """Return the numbers among `Result.extra` by name, as they are written."""
    numbers = {n: v for n, v in result.extra.items() if not isinstance(v, hist.Hist)}
    return {n: f"{v:,}" if isinstance(v, int) else f"{v:,.6g}" for n, v in numbers.items()}


def own_pictures(result: Result, reference: Result | None = None) -> list[tuple[str, Picture]]:
    """Draw measurements of one's own, then the histograms among `Result.extra`.

    Args:
        result: What was measured.
        reference: Another result, drawn beside it where it has them.

    Returns:
        Names and pictures; of very many the first ones.
    """
    # loads matplotlib, which most commands do without
    from dtperf.plot.files import figure
    from dtperf.plot.names import not_measured, own_plots
    from dtperf.plot.style import for_page

    missing = not_measured(result)
    texts = {n: each.title for n, each in own_plots(result).items() if n not in missing}
    texts |= {name: f"Histogram {name}" for name in result.extra_histograms}
    with for_page():
        return [
            (name, picture(figure(result, name, reference), text))
            for name, text in [*texts.items()][:MOST_PLOTTED]
        ]
