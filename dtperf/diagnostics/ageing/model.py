"""What was found of an efficiency against luminosity or time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from dtperf.detector import Chamber, Place
from dtperf.diagnostics.ageing.exposure import Against, Exposure
from dtperf.diagnostics.ageing.series import Series
from dtperf.diagnostics.ageing.shapes import Course, Shape, Step, course
from dtperf.diagnostics.ageing.slopes import NO_PROBES, STEP, Slope, expected
from dtperf.errors import InputError
from dtperf.results.caption import Caption
from dtperf.results.row_columns import Column, Columns, field_columns, names_of, place_columns
from dtperf.results.table import Table
from dtperf.selection.brilcalc import first_runs
from dtperf.statistics import probability
from dtperf.typing import AnyArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Aged", "Trend"]


class Aged(NamedTuple):
    """A place whose efficiency has changed, each change told once, at the place that changed."""

    place: Place
    shape: Shape
    """Whether a line or steps describe it better."""
    slope: float
    """Change of the efficiency per 100/fb, or per year, of all its cells but `without`."""
    uncertainty: float
    """Of the slope, one standard deviation."""
    steps: tuple[Step, ...]
    """Moments at which it has changed; of a line those that it would be cut at."""
    sigmas: float
    """Of the slope or the largest step, whichever is surer."""
    p_value: float
    """Of one as large as this or larger, if nothing has changed, times the number of looks."""
    without: tuple[Place, ...]
    """Parts that have changed differently, and are not counted here."""

    def cells(self) -> list[tuple[str, str]]:
        """Return what a table shows of it."""
        runs = ", ".join(str(step.run) for step in self.steps)
        return [
            ("place", self.place.name),
            ("best described by", "a line" if self.shape == "line" else f"steps at run {runs}"),
            ("slope in points", f"{100 * self.slope:+.3f} ± {100 * self.uncertainty:.3f}"),
            ("sigmas", f"{self.sigmas:.1f}"),
            ("p-value", probability(self.p_value)),
        ]

    @classmethod
    def columns(cls) -> Columns:
        """Return the columns of a data frame."""
        return {
            **place_columns(),
            **field_columns(cls, "shape", "slope", "uncertainty", "sigmas", "p_value"),
            "runs": Column(lambda aged: "; ".join(str(step.run) for step in aged.steps)),
            "without": Column(lambda aged: names_of(aged.without)),
        }


class Trend(NamedTuple):
    """One efficiency against luminosity or time."""

    measurement: str
    named: Table[Aged]
    """Places that have changed, the surest first."""
    slopes: Table[Slope]
    """Of all places, from the barrel to the chambers."""
    counts: Series
    """Of all runs."""
    against: Against
    target: float | None
    """Luminosity at which efficiencies are asked for, 1/fb."""
    exposure: Exposure
    false_alarms: float
    """Part of those named that may be there by chance."""
    caption: Caption
    """What stands above plots."""

    def __repr__(self) -> str:
        """Return the places that have changed, as a table."""
        return f"{self.measurement}: {self._summary}\n{self.named!r}"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the places that have changed."""
        return f"<div><p>{self.measurement}: {self._summary}</p>{self.named._repr_html_()}</div>"

    def to_pandas(self) -> pd.DataFrame:
        """Return the slopes of all places as a data frame; that of `named` has those named."""
        return self.slopes.to_pandas()

    @property
    def _summary(self) -> str:
        return (
            f"{len(self.named):,} of {len(self.slopes):,} places named, "
            f"{100 * self.false_alarms:g} % of them by chance at most"
        )

    @property
    def unit(self) -> str:
        """What slopes are per: '100 fb⁻¹' or 'year'."""
        return "100 fb⁻¹" if self.against == "luminosity" else "year"

    @property
    def stations(self) -> tuple[Place, ...]:
        """MB1 to MB4, as far as the measurement is made there."""
        each = (Place(station=number) for number in range(1, 5))
        return tuple(place for place in each if place in self.counts.family.places)

    @property
    def cells(self) -> Table[Slope]:
        """The smallest places, chambers where these are counted, the most conspicuous one first."""
        smallest = {*self.counts.family.places[-len(self.counts.passed) :]}
        each = (slope for slope in self.slopes if slope.place in smallest)
        return Table(sorted(each, key=lambda slope: slope.p_value), NO_PROBES, Slope)

    @property
    def sums(self) -> Table[Slope]:
        """Barrel, stations and wheels."""
        places = (
            slope
            for slope in self.slopes
            if slope.place.sector is None and None in (slope.place.station, slope.place.wheel)
        )
        return Table(places, NO_PROBES, Slope)

    def of(self, place: Place | Chamber) -> Slope | None:
        """Return the slope of a place; None if it has no probes at two moments."""
        return next((slope for slope in self.slopes if slope.place == place), None)

    def part_of(self, place: Place | Chamber) -> Aged | None:
        """Return the named place that a smaller one has its part in; None if it has not changed."""
        mine = {*Place(*place).chambers}
        for aged in self.named:
            left_out = {each for part in aged.without for each in part.chambers}
            if mine <= {*aged.place.chambers} - left_out:
                return aged
        return None

    def overlapping(self, place: Place | Chamber) -> list[Aged]:
        """Return what is named and has chambers in common with a place, but for itself."""
        mine = {*Place(*place).chambers}
        return [
            aged for aged in self.named if aged.place != place and mine & {*aged.place.chambers}
        ]

    def course(self, place: Place | Chamber, without: Sequence[Place] = ()) -> Course:
        """Return the counts of a place by run, each cell compared with itself.

        Args:
            place: One of the slopes'.
            without: Parts that are not counted.
        """
        whole = self.counts.family
        number = whole.places.index(Place(*place))
        members = whole.members[number].copy()
        for part in without:
            members &= ~whole.members[whole.places.index(part)]
        return course(self.counts, number, members)

    def line(
        self, place: Place | Chamber | Aged, at: AnyArray
    ) -> tuple[AnyArray, AnyArray, AnyArray]:
        """Return the efficiency of a place along its line, and its band of one standard deviation.

        Args:
            place: One of the slopes', or what is named, without what it leaves out.
            at: Positions: 1/fb, or years since 1970, shape (n,).

        Raises:
            InputError: It has no probes at two moments.
        """
        step = STEP[self.against]
        if isinstance(place, Aged):
            ends = (place.slope + side * place.uncertainty for side in (0, -1, 1))
            value, low, high = (end / step for end in ends)
            went = self.course(place.place, place.without)
            return expected(self.counts, went, (value, low, high), at)
        found = self.of(place)
        if found is None:
            raise InputError(f"{Place(*place).name} has no probes at two moments")
        slope = found.slope / step, found.low / step, found.high / step
        return expected(self.counts, self.course(place), slope, at)

    @property
    def remarks(self) -> list[str]:
        """What has been left out, and what is not known."""
        counts, found = self.counts, []
        if counts.unknown:
            found.append(
                f"{', '.join(self.exposure.files)}: lacks {first_runs(counts.unknown)}: "
                f"{counts.lost:,} probes of {self.measurement} are left out; write a table of all "
                "runs with brilcalc"
            )
        if not counts.spread.is_known:
            found.append(
                f"{self.measurement}: {counts.spread.runs} runs are too few to tell what differs "
                "from run to run: a change of conditions would be named as one of the detector"
            )
        return found
