"""The layouts against the places that the reference's formulas give."""

from __future__ import annotations

from collections.abc import Callable

import hist
import numpy as np
import pytest

from dtperf.measurements import STANDARD
from dtperf.results.export import tables
from dtperf.results.export.cells import HistogramCells
from tests.helpers.profiles import moments_of

TWINS = {13: 4, 14: 10}


def numbered(name: str) -> hist.Hist:
    """Put a different number into each bin."""
    counts = STANDARD[name].empty()
    view = counts.view(flow=True)
    is_profile = counts.axes[-1].name == "moment"
    shape = (*view.shape[:-1], 3) if is_profile else view.shape
    numbers = np.random.default_rng(1).integers(1, 10**6, shape)
    view[...] = moments_of(numbers) if is_profile else numbers
    return counts


def sector_and_wheel(station: int, wheel: int, sector: int) -> tuple[float, float]:
    return sector + 0.5, wheel + 0.5


def all_one(station: int, wheel: int, sector: int) -> tuple[float, float]:
    sector = TWINS.get(sector, sector)
    x = sector - 0.1 if station in (1, 3) else sector + 0.1
    return x, wheel - 0.1 if station in (1, 2) else wheel + 0.1


def all_two(station: int, wheel: int, sector: int) -> tuple[float, float]:
    return wheel + 3.1 + 5 * (station - 1), TWINS.get(sector, sector) + 0.1


def placed(
    counts: hist.Hist,
    cells: HistogramCells,
    place: Callable[[int, int, int], tuple[float, float]],
    at: int,
) -> np.ndarray:
    """Fill a map cell by cell; station 0 stands for all stations."""
    edges = [axis.edges for axis in cells.axes[-2:]]
    filled = np.zeros((len(edges[0]) - 1, len(edges[1]) - 1))
    view = counts.view(flow=True)
    for (s, w, c), count in np.ndenumerate(view[..., 1]):
        if at in (0, s + 1):
            x, y = place(s + 1, w - 2, c + 1)
            filled += np.histogram2d([x], [y], edges, weights=[count])[0]
    return filled


def assert_inner_and_nothing_else(values: np.ndarray, inner: np.ndarray) -> None:
    np.testing.assert_array_equal(values[1:-1, 1:-1], inner)
    assert values.sum() == inner.sum() > 0


def test_sector_by_wheel() -> None:
    counts = numbered("by_chamber")
    cells = tables.sector_by_wheel(HistogramCells.of(counts))
    for station in range(1, 5):
        inner = placed(counts, cells, sector_and_wheel, station)
        assert_inner_and_nothing_else(cells.at("station", station).values[..., 1], inner)


@pytest.mark.parametrize(
    ("layout", "place"), [(tables.within_sectors, all_one), (tables.side_by_side, all_two)]
)
def test_one_map_of_all(layout: Callable[[HistogramCells], HistogramCells], place) -> None:
    counts = numbered("by_chamber")
    cells = layout(HistogramCells.of(counts))
    assert_inner_and_nothing_else(cells.values[..., 1], placed(counts, cells, place, 0))


@pytest.mark.parametrize("name", ["t0", "t0_profile"])
def test_in_one_row(name: str) -> None:
    counts = numbered(name)
    view = counts.view(flow=True)
    if name == "t0_profile":
        view = view[..., :3]  # there is no need of high parts
    cells = tables.in_one_row(HistogramCells.of(counts))
    for s, w, c in np.ndindex(*view.shape[:3]):
        x = (c + 1) + 14 * ((w - 2) + 2)
        piece = cells.at("station", s + 1).at("chamber", x).values
        np.testing.assert_array_equal(piece.ravel(), view[s, w, c].ravel())
    assert cells.values.sum() == view.sum()
