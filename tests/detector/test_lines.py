"""Chambers on lines against trying all 250 planes, and against the symmetry of the detector."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dtperf.detector import (
    Chamber,
    LineCrossings,
    chambers,
    chambers_on_lines,
    direction_to_local,
    distances_cm,
    lengths_cm,
    sector_angles,
    stations,
    to_local,
    widths_cm,
)

Floats = npt.NDArray[np.float64]
MARGINS_CM = [-20.0, 0.0, 5.0, 150.0]
CHIMNEYS = {(-1, 3), (1, 4)}


def from_the_vertex(n: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(4)
    phi, eta = rng.uniform(-np.pi, np.pi, n), rng.uniform(-1.3, 1.3, n)
    points = rng.normal(0, 1, (n, 3)) * [0.01, 0.01, 4.0]
    return points, np.column_stack((np.cos(phi), np.sin(phi), np.sinh(eta)))


def from_anywhere(n: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(5)
    return rng.uniform(-900, 900, (n, 3)), rng.normal(0, 1, (n, 3))


def all_planes(points: Floats, vectors: Floats, margin_cm: float) -> dict[tuple[int, int], Floats]:
    """Local x, y and slopes of the crossings by line and code, from the planes of all chambers."""
    found = {}
    for code in (c.code for c in chambers()):
        normal = np.array([np.cos(sector_angles()[code]), np.sin(sector_angles()[code]), 0.0])
        with np.errstate(divide="ignore", invalid="ignore"):
            path = (distances_cm()[code] - points @ normal) / (vectors @ normal)
            x, y, _ = to_local(code, *(points + path[:, None] * vectors).T)
            u, v, w = direction_to_local(code, *vectors.T)
            values = np.column_stack((x, y, u / w, v / w))
        inside = (path > 0) & np.isfinite(path)
        inside &= np.abs(x) - widths_cm()[code] / 2 < margin_cm
        inside &= np.abs(y) - lengths_cm()[code] / 2 < margin_cm
        found |= {(int(i), code): values[i] for i in np.flatnonzero(inside)}
    return found


def by_place(crossings: LineCrossings) -> dict[tuple[int, int], Floats]:
    places = list(zip(crossings.line.tolist(), crossings.code.tolist(), strict=True))
    assert len(set(places)) == len(places)
    return dict(zip(places, np.column_stack(crossings[2:]), strict=True))


def assert_same(got: dict[tuple[int, int], Floats], want: dict[tuple[int, int], Floats]) -> None:
    assert got.keys() == want.keys()
    values = [got[place] for place in want]
    np.testing.assert_allclose(values, list(want.values()), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("margin_cm", MARGINS_CM)
@pytest.mark.parametrize("lines", [from_the_vertex, from_anywhere])
def test_no_chamber_is_missed_or_added(margin_cm: float, lines: object) -> None:
    points, vectors = lines(2000)  # type: ignore[operator]
    want = all_planes(points, vectors, margin_cm)
    assert len(want) > 1000
    assert_same(by_place(chambers_on_lines(points, vectors, margin_cm)), want)


@given(
    arrays(np.float64, (1, 3), elements=st.integers(-1000, 1000)),
    arrays(np.float64, (1, 3), elements=st.integers(-3, 3)),
    st.sampled_from(MARGINS_CM),
)
def test_nor_on_lines_with_round_numbers(points: Floats, vectors: Floats, margin_cm: float) -> None:
    # an irrational shift, lest an edge or a plane is met to the last bit
    points = points + np.array([0.0271828, 0.0314159, 0.0141421])
    want = all_planes(points, vectors, margin_cm)
    assert_same(by_place(chambers_on_lines(points, vectors, margin_cm)), want)


def test_a_line_along_x_meets_sector_1() -> None:
    crossings = chambers_on_lines([[0.0, 0.0, 10.0]], [[2.0, 0.0, 0.0]])
    assert crossings.code.tolist() == [Chamber(0, 1, station).code for station in (1, 2, 3, 4)]
    assert crossings.x == pytest.approx([-39.12, 21.43, -22.08, 94.895])
    assert crossings.y == pytest.approx([-9.15] * 4)
    assert crossings.dxdz.tolist() == crossings.dydz.tolist() == [0.0] * 4


def test_only_what_lies_ahead_is_met() -> None:
    outward = chambers_on_lines([[450.0, 0.0, 10.0]], [[1.0, 0.0, 0.0]])
    assert stations()[outward.code].tolist() == [2, 3, 4]
    inward = chambers_on_lines([[450.0, 0.0, 10.0]], [[-1.0, 0.0, 0.0]])
    sectors_met = [Chamber(0, 1, 1).code, Chamber(0, 7, 1).code]
    assert inward.code[stations()[inward.code] == 1].tolist() == sectors_met


def test_lines_that_cross_nothing() -> None:
    points = [[431.175, 0.0, 0.0], [0.0, 0.0, 0.0], [np.nan, 0.0, 0.0], [0.0, 0.0, np.nan]]
    vectors = [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
    assert all(len(column) == 0 for column in chambers_on_lines(points, vectors))
    assert len(chambers_on_lines(np.empty((0, 3)), np.empty((0, 3))).line) == 0


def test_rows_are_in_order_of_line_and_station() -> None:
    crossings = chambers_on_lines(*from_the_vertex(500), 5.0)
    order = crossings.line * 10 + stations()[crossings.code]
    assert (np.diff(order) >= 0).all()


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(3,\) and \(3,\): both must be \(n, 3\)"):
        chambers_on_lines([0.0, 0.0, 0.0], [1.0, 0.0, 0.0])


def regular(crossings: LineCrossings) -> dict[tuple[int, Chamber], Floats]:
    """The crossings in MB1 to MB3, wheels ±1 and ±2, away from the chimneys and their images."""
    of_code = {c.code: c for c in chambers()}
    places = {(i, of_code[code]): v for (i, code), v in by_place(crossings).items()}
    images = {(w, s + turn) for _, s in CHIMNEYS for w in (-1, 1) for turn in (-1, 0, 1)}
    return {
        (i, c): v
        for (i, c), v in places.items()
        if c.station < 4 and c.wheel != 0 and (c.wheel, c.sector) not in images
    }


def test_turned_by_30_degrees_a_line_meets_the_next_sector() -> None:
    points, vectors = from_the_vertex(1000)
    cos, sin = np.cos(np.pi / 6), np.sin(np.pi / 6)
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]).T
    turned = by_place(chambers_on_lines(points @ turn, vectors @ turn, 5.0))
    here = regular(chambers_on_lines(points, vectors, 5.0))
    assert len(here) > 500
    for (i, c), values in here.items():
        there = turned[i, c._replace(sector=c.sector % 12 + 1).code]
        np.testing.assert_allclose(there, values, atol=1e-8)


def test_mirrored_in_z_a_line_meets_the_opposite_wheel() -> None:
    points, vectors = from_the_vertex(1000)
    mirrored = by_place(chambers_on_lines(points * [1, 1, -1], vectors * [1, 1, -1], 5.0))
    for (i, c), values in regular(chambers_on_lines(points, vectors, 5.0)).items():
        there = mirrored[i, c._replace(wheel=-c.wheel).code]
        # the facing turns with the wheel: local y stays, local x changes its sign
        np.testing.assert_allclose(there, values * [-1, 1, -1, 1], atol=1e-8)
