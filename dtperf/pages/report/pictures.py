"""Plots as parts of a page: those of `dtperf.plot`, as PNG.

Of stations against 100 runs matplotlib makes 50 kB in half a second.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from dtperf.results.result import Result

__all__ = ["Picture", "against_results", "against_runs", "picture"]

DOTS_PER_INCH = 110


class Picture(NamedTuple):
    """A plot within the page."""

    address: str
    """The whole PNG as a data URI."""
    text: str
    """What it shows, for who cannot see it."""
    aspect: float
    """Width over height."""


def picture(figure: Figure, text: str) -> Picture:
    """Return a figure as a part of the page."""
    width, height = figure.get_size_inches()
    stream = BytesIO()
    # without the date and version that matplotlib writes: the same result gives the same page
    figure.savefig(stream, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    address = f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"
    return Picture(address, text, float(width / height))


def against_runs(result: Result) -> Picture | None:
    """Draw the fiducial efficiency of the stations against the run; None if it was not measured."""
    # they load matplotlib, which most commands do without
    from dtperf.plot.files import figure
    from dtperf.plot.style import for_page

    name = "efficiency_vs_run"
    if name not in result.counts or not result.counts[name].axes["run"].size:
        return None
    runs = [int(run) for run in result.counts[name].axes["run"]]
    text = f"Fiducial efficiency of the stations against {len(runs)} runs, {runs[0]} to {runs[-1]}"
    with for_page():
        return picture(figure(result, name), text)


def against_results(results: Sequence[tuple[str, Result]]) -> Picture:
    """Draw the fiducial efficiency of the stations against the result.

    Args:
        results: Names and results, in their order.
    """
    from dtperf.plot.station import station_trend
    from dtperf.plot.style import for_page

    text = f"Fiducial efficiency of the stations in {len(results)} results; the table has it, too"
    with for_page():
        return picture(station_trend(results), text)
