"""What is flagged, with the reasons and plots."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from dtperf.diagnostics.flags import HIDING, OF_GROUPS, Loss, losses
from dtperf.pages.report.pictures import Picture, picture

if TYPE_CHECKING:
    from dtperf.detector import Chamber
    from dtperf.diagnostics.flags import Flag
    from dtperf.results.result import Result

__all__ = ["MOST_PLOTTED", "FlaggedPlace", "addresses", "flagged_places"]

T = TypeVar("T")

MOST_PLOTTED = 40
"""Places with plots: a page of some megabytes still opens on a phone."""
OF_ALL_GROUPS = {kind for kinds in OF_GROUPS.values() for kind in kinds}


class FlaggedPlace(NamedTuple):
    """One place that needs a look."""

    loss: Loss
    pictures: tuple[Picture, ...]

    @property
    def address(self) -> str:
        """Name of its part of the page."""
        return "flagged-" + self.loss.place.name.replace("+", "p").replace(" ", "-").lower()


def flagged_places(result: Result, flags: Sequence[Flag]) -> list[FlaggedPlace]:
    """Gather the flags of each loss and plot its place.

    Args:
        result: What was measured.
        flags: What is wrong where.

    Returns:
        The largest places first, then the least probable ones; of very many the later ones are
        without plots.
    """
    return [
        FlaggedPlace(loss, _pictures(result, loss) if number < MOST_PLOTTED else ())
        for number, loss in enumerate(losses(flags))
    ]


def addresses(flagged: Sequence[FlaggedPlace]) -> dict[Chamber, str]:
    """Return where on the page the flags of each chamber are explained."""
    found: dict[Chamber, str] = {}
    for each in flagged:
        for flag in (*each.loss.flags, *each.loss.others):
            for chamber in flag.place.chambers:
                found.setdefault(chamber, each.address)
    return found


def _pictures(result: Result, loss: Loss) -> tuple[Picture, ...]:
    from dtperf.plot.style import for_page  # loads matplotlib, which most commands do without

    with for_page():
        return tuple(_drawn(result, loss))


def _drawn(result: Result, loss: Loss) -> Iterator[Picture]:
    from dtperf.plot.chamber import chamber_trend, inside_chamber
    from dtperf.plot.eligible import eligible_trend

    place = loss.place
    # of groups of measurements the page has pictures of its own
    if all(flag.kind in OF_ALL_GROUPS for flag in loss.flags):
        return
    if len(place.chambers) == 1:
        [chamber] = place.chambers
        if "by_chamber_and_run" in result.counts:
            run = _first(flag.run for flag in loss.flags if flag.kind == "drifting")
            figure = chamber_trend(result, chamber, change=run)
            yield picture(figure, f"Efficiency of {place.name} against run")
        if "inside_chambers" in result.counts:
            region = _first(flag.region for flag in loss.flags)
            figure = inside_chamber(result, chamber, region=region, only="probes")
            yield picture(figure, f"Probes inside {place.name}, local x and y")
            figure = inside_chamber(result, chamber, region=region, only="efficiency")
            yield picture(figure, f"Efficiency inside {place.name}, local x and y")
    is_hiding = any(flag.kind in HIDING for flag in loss.flags)
    if is_hiding and "eligible_by_sector_and_run" in result.counts:
        run = _first(flag.run for flag in loss.flags if flag.kind == "eligible drifting")
        figure = eligible_trend(result, place, change=run)
        yield picture(figure, f"Eligible fraction of {place.name} against run")


def _first(values: Iterable[T | None]) -> T | None:
    return next((value for value in values if value is not None), None)
