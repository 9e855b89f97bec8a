"""What a processor has counted of its own, as a page shows it."""

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


def own_pictures(result: Result) -> list[tuple[str, Picture]]:
    """Draw the histograms among `Result.extra`, the first ones if they are very many."""
    # they load matplotlib, which most commands do without
    from dtperf.plot.files import figure
    from dtperf.plot.style import for_page

    names = [n for n, value in result.extra.items() if isinstance(value, hist.Hist)]
    with for_page():
        return [
            (name, picture(figure(result, f"extra/{name}"), f"Histogram {name}"))
            for name in names[:MOST_PLOTTED]
        ]
