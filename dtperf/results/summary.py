"""The numbers that people quote: efficiencies of the stations and of the chambers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dtperf import detector
from dtperf.measurements.declaration import Histogram
from dtperf.statistics import clopper_pearson

__all__ = [
    "ChamberEfficiency",
    "Efficiency",
    "StationEfficiency",
    "by_chamber",
    "by_station",
    "efficiencies",
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
        return self.passed / self.total if self.total else float("nan")


class StationEfficiency(NamedTuple):
    """The efficiencies of one station."""

    name: str
    fiducial: Efficiency | None
    """Of crossings far enough from the edges; None if 'by_chamber' was not measured."""
    with_acceptance: Efficiency | None
    """Of all probes within the station's eta; None if 'acceptance_vs_pt' was not measured."""
    eligible: Efficiency | None = None
    """Part of the fiducial probes that other stations see, too: of the others no efficiency tells.
    None if 'eligible_by_sector_and_run' was not measured."""


class ChamberEfficiency(NamedTuple):
    """The fiducial efficiency of one chamber."""

    chamber: detector.Chamber
    efficiency: Efficiency


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


def by_station(counts: Mapping[str, Histogram]) -> tuple[StationEfficiency, ...]:
    """Summarise MB1 to MB4.

    Args:
        counts: Histograms of integers by the measurement's name.

    Returns:
        Four rows.
    """
    fiducial = _of_stations(counts, "by_chamber")
    acceptance = _of_stations(counts, "acceptance_vs_pt")
    eligible = _of_stations(counts, "eligible_by_sector_and_run")
    return tuple(
        StationEfficiency(f"MB{number}", *row)
        for number, row in enumerate(zip(fiducial, acceptance, eligible, strict=True), start=1)
    )


def by_chamber(counts: Mapping[str, Histogram]) -> tuple[ChamberEfficiency, ...]:
    """List the 250 chambers.

    Args:
        counts: Histograms of integers by the measurement's name.

    Returns:
        One row a chamber in order of station, wheel and sector; none if 'by_chamber' was not
        measured.
    """
    if "by_chamber" not in counts:
        return ()
    view = np.asarray(counts["by_chamber"].view(flow=True))
    chambers = detector.chambers()
    cells = np.stack([view[c.station - 1, c.wheel + 2, c.sector - 1] for c in chambers])
    return tuple(map(ChamberEfficiency, chambers, _efficiencies(cells)))
