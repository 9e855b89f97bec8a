"""The flagged chambers with their reasons and plots."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from dtperf.flags import Flag
    from dtperf.geometry import Chamber
    from dtperf.results import Result

__all__ = ["MOST_PLOTTED", "Flagged", "Picture", "flagged_chambers"]

MOST_PLOTTED = 40
"""Chambers with plots: a page of some megabytes still opens on a phone."""
DOTS_PER_INCH = 110


class Picture(NamedTuple):
    """A plot within the page."""

    address: str
    """The whole PNG as a data URI."""
    text: str
    """What it shows, for who cannot see it."""
    aspect: float
    """Width over height."""


class Flagged(NamedTuple):
    """One chamber that needs a look."""

    chamber: Chamber
    flags: tuple[Flag, ...]
    pictures: tuple[Picture, ...]


def flagged_chambers(result: Result, flags: Sequence[Flag]) -> list[Flagged]:
    """Gather the flags of each chamber and plot it.

    Args:
        result: What was measured.
        flags: What is wrong with which chamber.

    Returns:
        The least probable ones first; of very many the later ones are without plots.
    """
    gathered: dict[Chamber, list[Flag]] = {}
    for flag in sorted(flags, key=lambda flag: flag.p_value):
        gathered.setdefault(flag.chamber, []).append(flag)
    return [
        Flagged(chamber, tuple(mine), _pictures(result, mine) if number < MOST_PLOTTED else ())
        for number, (chamber, mine) in enumerate(gathered.items())
    ]


def _pictures(result: Result, flags: list[Flag]) -> tuple[Picture, ...]:
    from dtperf import plot  # loads matplotlib, which most commands do without

    chamber = flags[0].chamber
    pictures = []
    if "by_chamber_and_run" in result.counts:
        run = next((flag.run for flag in flags if flag.run is not None), None)
        figure = plot.chamber_trend(result, chamber, change=run)
        pictures.append(_picture(figure, f"Efficiency of {chamber.name} against run"))
    if "inside_chambers" in result.counts:
        region = next((flag.region for flag in flags if flag.region is not None), None)
        figure = plot.inside_chamber(result, chamber, region=region)
        pictures.append(_picture(figure, f"Efficiency inside {chamber.name}, local x and y"))
    return tuple(pictures)


def _picture(figure: Figure, text: str) -> Picture:
    width, height = figure.get_size_inches()
    stream = BytesIO()
    # without the date and version that matplotlib writes: the same result gives the same page
    figure.savefig(stream, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    address = f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"
    return Picture(address, text, float(width / height))
