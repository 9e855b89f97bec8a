"""Systematic uncertainties of efficiencies: every shift, their total, and what dominates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dtperf import detector
from dtperf.diagnostics.systematics.declaration import Change, Variations
from dtperf.diagnostics.systematics.places import CHAMBERS, STATIONS, places
from dtperf.diagnostics.systematics.shifts import Shift
from dtperf.diagnostics.systematics.totals import Size, Sum, add_up, size_of
from dtperf.errors import InputError
from dtperf.results.result import Result
from dtperf.results.row_columns import Column, Columns, at, field_columns, place_columns
from dtperf.results.summary import Efficiency, efficiencies, in_words
from dtperf.results.table import Table
from dtperf.typing import I64, AnyArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Systematics", "Total", "Varied", "VariedAt"]


class Varied(NamedTuple):
    """One change of the cuts, or one estimate, and what it does everywhere."""

    variation: str
    change: Change
    shift: Shift
    """Of shape (places,)."""
    counts: I64 | None
    """Failed and passed with the changed cuts, shape (places, 2); None: an estimate."""


class VariedAt(NamedTuple):
    """What one change does to the efficiency of one place."""

    place: detector.Place
    variation: str
    direction: str
    """'down', 'up', or 'other'."""
    passed: int | None
    """With the changed cuts, as the next one; None: an estimate."""
    total: int | None
    shift: float
    """Efficiency with the changed cuts minus the nominal one; NaN: none is known."""
    uncertainty: float
    """Of the shift, by the probes that have moved."""

    @property
    def sigmas(self) -> float:
        """The shift in its standard deviations; NaN where nothing has moved by chance."""
        return self.shift / self.uncertainty if self.uncertainty > 0 else nan

    def cells(self) -> list[tuple[str, str]]:
        """Return what a table shows of it."""
        counts = "" if self.total is None else f"{self.passed:,} / {self.total:,}"
        return [
            ("place", self.place.name),
            ("variation", self.variation),
            ("direction", self.direction),
            ("passed / total", counts),
            ("shift", f"{100 * self.shift:+.3f} ± {100 * self.uncertainty:.3f}"),
        ]

    @classmethod
    def columns(cls) -> Columns:
        """Return the columns of a data frame."""
        names = ("variation", "direction", "passed", "total", "shift", "uncertainty")
        return {
            **place_columns(),
            **field_columns(cls, *names),
            "sigmas": Column(at("sigmas"), float),
        }


class Total(NamedTuple):
    """The efficiency of one place with its statistical and its systematic uncertainty."""

    place: detector.Place
    efficiency: Efficiency
    systematic: float
    """Of all variations, one standard deviation; 0 where none is beyond chance."""
    dominating: str
    """The largest variation; '' where none is beyond chance."""
    dominating_size: float

    def cells(self) -> list[tuple[str, str]]:
        """Return what a table shows of it."""
        value, counts = in_words(self.efficiency)
        return [
            ("place", self.place.name),
            ("efficiency %", value),
            ("passed / total", counts),
            ("systematic", f"{100 * self.systematic:.3f}"),
            ("dominated by", self.dominating),
            ("size", f"{100 * self.dominating_size:.3f}"),
        ]

    @classmethod
    def columns(cls) -> Columns:
        """Return the columns of a data frame."""
        counts = {name: Column(at(f"efficiency.{name}"), int) for name in ("passed", "total")}
        ends = {name: Column(at(f"efficiency.{name}"), float) for name in ("low", "high")}
        return {
            **place_columns(),
            **counts,
            "efficiency": Column(at("efficiency.value"), float),
            **ends,
            **field_columns(cls, "systematic", "dominating", "dominating_size"),
        }


@dataclass(frozen=True)
class Systematics:
    """All shifts, from `dtperf.systematics`."""

    nominal: I64
    """Failed and passed with the analysis' own cuts, shape (places, 2)."""
    varied: tuple[Varied, ...]
    declared: Variations
    left_out: Mapping[str, str]
    """What of the declaration could not be counted, as 'name' or 'name down', and why."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """What was measured: the analysis, its hash, the events."""

    def __repr__(self) -> str:
        """Return the stations, and what was left out."""
        lines = [
            repr(self.by_station()),
            *(f"not varied: {n}: {w}" for n, w in self.left_out.items()),
        ]
        return "\n".join(lines)

    @cached_property
    def sum(self) -> Sum:
        """All variations together."""
        return add_up(self.sizes, self.declared.variations, self.declared.groups)

    @cached_property
    def sizes(self) -> dict[str, Size]:
        """The size of each variation that was counted, by its name."""
        shifts: dict[str, dict[str, Shift]] = {}
        for each in self.varied:
            shifts.setdefault(each.variation, {})[each.change.direction] = each.shift
        return {name: size_of(of) for name, of in shifts.items()}

    def by_station(self) -> Table[Total]:
        """Return the barrel, and MB1 to MB4."""
        return self._totals(slice(0, STATIONS.stop))

    def by_chamber(self) -> Table[Total]:
        """Return the 250 chambers."""
        return self._totals(CHAMBERS)

    def shifts(self, of: slice = slice(None)) -> Table[VariedAt]:
        """Return every shift of every place, or of some.

        Args:
            of: Which of the places: 0 is the barrel, then four stations, then chambers.
        """
        rows = (
            VariedAt(
                place,
                each.variation,
                each.change.direction,
                None if each.counts is None else int(each.counts[number, 1]),
                None if each.counts is None else int(each.counts[number].sum()),
                float(each.shift.value[number]),
                float(each.shift.uncertainty[number]),
            )
            for each in self.varied
            for number, place in [*enumerate(places())][of]
        )
        return Table(rows, row=VariedAt)

    def to_pandas(self) -> pd.DataFrame:
        """Return every shift of every place as a data frame."""
        return self.shifts().to_pandas()

    def of_chambers(self, result: Result) -> dict[str, AnyArray]:
        """Return how far one standard deviation moves the efficiencies of the chambers.

        Args:
            result: What was measured with the nominal cuts.

        Returns:
            By variation, and 'systematic' for all of them together; shape (4, 5, 14): station,
            wheel, sector. That of a variation has the sign of its shift upwards, so that chambers
            move together; 0 where there is no chamber.

        Raises:
            InputError: The result has other counts than the nominal ones here.
        """
        rows = result.by_chamber()
        counts = [[row.total - row.passed, row.passed] for row in rows]
        if not np.array_equal(counts, self.nominal[CHAMBERS]):
            raise InputError(
                "systematic uncertainties: their nominal counts are not those of the result: count "
                "them with its config, on its events"
            )
        found = {name: size.value * size.sign for name, size in self.sizes.items()}
        found["systematic"] = self.sum.total
        return {name: _laid_out(values[CHAMBERS]) for name, values in found.items()}

    def save(self, out: str | Path, *, force: bool = False) -> Path:
        """Write everything into a directory, as JSON and as tables in Parquet.

        Args:
            out: The directory, new or empty.
            force: Replace those of before.

        Raises:
            ConfigError: There is something else, or it cannot be written.
        """
        from dtperf.diagnostics.systematics.storage import save  # which makes these

        return save(self, out, force=force)

    @classmethod
    def load(cls, directory: str | Path) -> Systematics:
        """Read what `save` has written.

        Raises:
            InputError: There is no such file, or it is something else; names it.
        """
        from dtperf.diagnostics.systematics.storage import load  # which makes these

        return load(directory)

    def _totals(self, of: slice) -> Table[Total]:
        found = efficiencies(self.nominal[of, 1], self.nominal[of].sum(axis=1))
        names = self.sum.dominating[of]
        numbers = range(len(places()))[of]
        rows = (
            Total(
                places()[number],
                efficiency,
                float(self.sum.total[number]),
                name,
                float(self.sizes[name].value[number]) if name else 0.0,
            )
            for number, efficiency, name in zip(numbers, found, names, strict=True)
        )
        return Table(rows, row=Total)


def _laid_out(values: AnyArray) -> AnyArray:
    made = np.zeros((4, 5, 14))
    for chamber, value in zip(detector.chambers(), values, strict=True):
        made[chamber.station - 1, chamber.wheel + 2, chamber.sector - 1] = value
    return made
