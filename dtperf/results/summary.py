"""The numbers that people quote: efficiencies of the stations and of the chambers."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dtperf import detector
from dtperf.measurements.declaration import Histogram
from dtperf.results.row_columns import Column, Columns, at, efficiency_columns, field_columns
from dtperf.results.table import Table
from dtperf.statistics import clopper_pearson

__all__ = [
    "ChamberEfficiency",
    "Efficiency",
    "StationEfficiency",
    "by_chamber",
    "by_station",
    "efficiencies",
    "in_words",
    "station_columns",
]


class Efficiency(NamedTuple):
    """A ratio of counts with its Clopper-Pearson interval of one standard deviation."""

    passed: int
    total: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The efficiency; NaN without entries."""
        return self.passed / self.total if self.total else nan


class StationEfficiency(NamedTuple):
    """The efficiencies of one station, in flat columns, and as `Efficiency`.

    The columns of what was not measured are None.
    """

    name: str
    fiducial_value: float | None
    """Of crossings far enough from the edges; with its interval and its counts."""
    fiducial_low: float | None
    fiducial_high: float | None
    fiducial_passed: int | None
    fiducial_total: int | None
    acceptance_value: float | None
    """Of all probes within the station's eta; with its interval and its counts."""
    acceptance_low: float | None
    acceptance_high: float | None
    acceptance_passed: int | None
    acceptance_total: int | None
    eligible_value: float | None
    """Part of the fiducial probes that other stations see, too; with its interval and counts."""
    eligible_low: float | None
    eligible_high: float | None
    eligible_passed: int | None
    eligible_total: int | None

    @property
    def fiducial(self) -> Efficiency | None:
        """Of crossings far enough from the edges; None if 'by_chamber' was not measured."""
        return self._of("fiducial")

    @property
    def with_acceptance(self) -> Efficiency | None:
        """Of all probes within its eta; None if 'acceptance_vs_pt' was not measured."""
        return self._of("acceptance")

    @property
    def eligible(self) -> Efficiency | None:
        """Part of the fiducial probes that other stations see, too.

        Of the others no efficiency tells. None if 'eligible_by_sector_and_run' was not measured.
        """
        return self._of("eligible")

    def _of(self, kind: str) -> Efficiency | None:
        names = Efficiency._fields
        counts = [getattr(self, f"{kind}_{name}") for name in names]
        return None if None in counts else Efficiency(*counts)

    def cells(self) -> list[tuple[str, str]]:
        """Return what a table shows of it."""
        fiducial, acceptance = in_words(self.fiducial), in_words(self.with_acceptance)
        heads = ("station", "fiducial %", "passed / total", "× acceptance %", "passed / total")
        return list(zip(heads, (self.name, *fiducial, *acceptance), strict=True))

    @classmethod
    def columns(cls) -> Columns:
        """Return the columns of a data frame."""
        return {
            **station_columns("name"),
            **efficiency_columns("fiducial", "fiducial_"),
            **efficiency_columns("with_acceptance", "acceptance_"),
            **efficiency_columns("eligible", "eligible_"),
        }


class ChamberEfficiency(NamedTuple):
    """The fiducial efficiency of one chamber, in flat columns."""

    name: str
    station: int
    wheel: int
    sector: int
    value: float
    """The efficiency; NaN without probes."""
    low: float
    """Lower end of the Clopper-Pearson interval of one standard deviation."""
    high: float
    passed: int
    total: int

    @property
    def chamber(self) -> detector.Chamber:
        """The chamber."""
        return detector.Chamber(self.wheel, self.sector, self.station)

    @property
    def efficiency(self) -> Efficiency:
        """Its efficiency."""
        return Efficiency(self.passed, self.total, self.low, self.high)

    def cells(self) -> list[tuple[str, str]]:
        """Return what a table shows of it."""
        heads = ("chamber", "fiducial %", "passed / total")
        return list(zip(heads, (self.name, *in_words(self.efficiency)), strict=True))

    @classmethod
    def columns(cls) -> Columns:
        """Return the columns of a data frame."""
        return {
            "place": Column(at("name")),
            **field_columns(cls, "station", "wheel", "sector", "passed", "total"),
            "efficiency": Column(at("value"), float),
            **field_columns(cls, "low", "high"),
        }


def station_columns(path: str) -> dict[str, Column]:
    """Return the name of a station, such as 'MB2', and its number.

    Args:
        path: Of the name in a row.
    """
    name = at(path)
    number = Column(lambda row: int(name(row).removeprefix("MB")), int)
    return {"place": Column(name), "station": number}


def in_words(efficiency: Efficiency | None) -> tuple[str, str]:
    """Write an efficiency in per cent with its uncertainties, and its counts."""
    if efficiency is None:
        return "not measured", ""
    if not efficiency.total:
        return "no probe", "0 / 0"
    value, low, high = (100 * x for x in (efficiency.value, efficiency.low, efficiency.high))
    return (
        f"{value:.3f} +{high - value:.3f} −{value - low:.3f}",
        f"{efficiency.passed:,} / {efficiency.total:,}",
    )


def efficiencies(passed: npt.ArrayLike, total: npt.ArrayLike) -> list[Efficiency]:
    """Make efficiencies of counts.

    Args:
        passed: Counts, shape (n,).
        total: Counts of the same shape.
    """
    columns = (np.asarray(passed), np.asarray(total), *clopper_pearson(passed, total))
    return [
        Efficiency(int(k), int(n), float(a), float(b)) for k, n, a, b in zip(*columns, strict=True)
    ]


def _efficiencies(counts: np.ndarray) -> list[Efficiency]:
    """Make efficiencies of counts of shape (n, 2): failed and passed."""
    return efficiencies(counts[:, 1], counts.sum(axis=1))


def _of_stations(counts: Mapping[str, Histogram], name: str) -> list[Efficiency | None]:
    if name not in counts:
        return [None] * 4
    view = counts[name].project("station", "passed").view(flow=True)
    return [*_efficiencies(np.asarray(view))]


def by_station(counts: Mapping[str, Histogram]) -> Table[StationEfficiency]:
    """Summarise MB1 to MB4.

    Args:
        counts: Histograms of integers by the measurement's name.

    Returns:
        Four rows.
    """
    names = ("by_chamber", "acceptance_vs_pt", "eligible_by_sector_and_run")
    each = zip(*(_of_stations(counts, name) for name in names), strict=True)
    rows = (
        StationEfficiency(f"MB{number}", *(value for kind in row for value in _flat(kind)))
        for number, row in enumerate(each, start=1)
    )
    return Table(rows, row=StationEfficiency)


def _flat(efficiency: Efficiency | None) -> tuple[Any, ...]:
    if efficiency is None:
        return (None,) * 5
    return efficiency.value, efficiency.low, efficiency.high, efficiency.passed, efficiency.total


def by_chamber(counts: Mapping[str, Histogram]) -> Table[ChamberEfficiency]:
    """List the 250 chambers.

    Args:
        counts: Histograms of integers by the measurement's name.

    Returns:
        One row a chamber in order of station, wheel and sector; none if 'by_chamber' was not
        measured.
    """
    if "by_chamber" not in counts:
        return Table((), "no chambers: 'by_chamber' was not measured", ChamberEfficiency)
    cells = detector.of_chambers(np.asarray(counts["by_chamber"].view(flow=True)))
    rows = (
        ChamberEfficiency(
            *(chamber.name, chamber.station, chamber.wheel, chamber.sector), *_flat(found)
        )
        for chamber, found in zip(detector.chambers(), _efficiencies(cells), strict=True)
    )
    return Table(rows, row=ChamberEfficiency)
