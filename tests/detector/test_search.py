"""The search for candidates against all chambers, for points and for bent tracks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from dtperf.detector import (
    MAX_CANDIDATES,
    Chamber,
    candidate_codes,
    centres_cm,
    chambers,
    distances_cm,
    lengths_cm,
    search_table,
    sector_angles,
    stations,
    to_global,
    to_local,
    widths_cm,
)
from dtperf.detector.search import INNER_RADIUS, OUTER_RADIUS

CODES = np.array([c.code for c in chambers()])


def candidates(
    search: npt.NDArray[np.float64], station: int, *at: float, half: tuple[float, float] = (0, 0)
) -> list[int]:
    codes = np.empty(MAX_CANDIDATES, dtype=np.int64)
    found: list[int] = codes[: candidate_codes(codes, search, station, *at, *half)].tolist()
    assert len(set(found)) == len(found)
    return found


def names(codes: list[int]) -> set[str]:
    return {c.name for c in chambers() if c.code in codes}


@pytest.mark.parametrize("margin_cm", [-30.0, 0.0, 5.0, 100.0])
def test_points_inside_the_widened_edges_find_their_chamber(margin_cm: float) -> None:
    search = search_table(margin_cm)
    rng = np.random.default_rng(6)
    codes = rng.choice(CODES, 2000)
    # half of them on the rim
    u, v = np.clip(rng.uniform(-2, 2, (2, 2000)), -1, 1)
    x, y, z = to_global(
        codes,
        u * (widths_cm()[codes] / 2 + margin_cm) * (1 - 1e-9),
        v * (lengths_cm()[codes] / 2 + margin_cm) * (1 - 1e-9),
        0.0,
    )
    radius, phi = np.hypot(x, y), np.arctan2(y, x)
    assert (search[codes, INNER_RADIUS] < radius).all()
    assert (radius < search[codes, OUTER_RADIUS]).all()
    for code, at_phi, at_z in zip(codes, phi, z, strict=True):
        turned = at_phi + 2 * np.pi * rng.integers(-2, 3)
        assert code in candidates(search, stations()[code], turned, at_z)


def test_places() -> None:
    search = search_table(5.0)
    assert names(candidates(search, 1, 0.0, 0.0)) == {"MB1 W0 S1"}
    assert names(candidates(search, 2, np.pi, 300.0)) == {"MB2 W+1 S7"}
    assert names(candidates(search, 1, 0.0, 134.3)) == set()  # between the wheels
    assert names(candidates(search, 1, 0.0, 134.3, half=(0, 5.0))) == {"MB1 W0 S1", "MB1 W+1 S1"}
    assert names(candidates(search, 4, np.pi / 2, 10.0)) == {"MB4 W0 S4", "MB4 W0 S13"}
    assert names(candidates(search, 4, -np.pi / 2 + 0.1, -300.0)) == {"MB4 W-1 S14"}


def test_the_widest_search_names_all_chambers_of_the_station() -> None:
    for station in (1, 2, 3, 4):
        found = candidates(search_table(5.0), station, 1.0, 0.0, half=(7.0, 2000.0))
        assert sorted(found) == [c.code for c in chambers() if c.station == station]


def test_nonsense_finds_nothing() -> None:
    search = search_table(5.0)
    assert candidates(search, 1, np.nan, 0.0) == candidates(search, 1, 0.0, np.nan) == []
    assert candidates(search, 1, np.inf, 0.0) == candidates(search, 1, 0.0, 1e6) == []


def crossed_by_bent_track(
    phi_of: np.polynomial.Polynomial, z_of: np.polynomial.Polynomial, margin_cm: float
) -> set[int]:
    """Chambers that a track (phi(r), z(r)) meets, by following it through all 250 planes."""
    radius = np.linspace(380, 900, 1041)
    found = set()
    for code in CODES:
        above = radius * np.cos(phi_of(radius) - sector_angles()[code]) - distances_cm()[code]
        for i in np.flatnonzero(above[:-1] * above[1:] < 0):
            at = radius[i] - above[i] * (radius[i + 1] - radius[i]) / (above[i + 1] - above[i])
            x, y, _ = to_local(code, at * np.cos(phi_of(at)), at * np.sin(phi_of(at)), z_of(at))
            # the interpolation is good to 0.01 cm: look at the edges that much closer
            in_x = abs(x) < widths_cm()[code] / 2 + margin_cm - 0.02
            in_y = abs(y) < lengths_cm()[code] / 2 + margin_cm - 0.02
            if in_x and in_y:
                found.add(int(code))
    return found


def test_bent_tracks_meet_candidates_only() -> None:
    margin_cm = 5.0
    search = search_table(margin_cm)
    rng = np.random.default_rng(7)
    met = 0
    for _ in range(150):
        # up to 1 mrad/cm: a turn by 0.3 rad between MB1 and MB4, as a muon of a few GeV has it
        phi_of = np.polynomial.Polynomial([rng.uniform(-9, 9), rng.uniform(-1e-3, 1e-3)])
        z_of = np.polynomial.Polynomial([rng.normal(0, 4), np.sinh(rng.uniform(-1.2, 1.2))])
        crossed = crossed_by_bent_track(phi_of, z_of, margin_cm)
        met += len(crossed)
        for station in (1, 2, 3, 4):
            first = Chamber(-2, 1, station).code
            shell = search[first, [INNER_RADIUS, OUTER_RADIUS]]
            half = (abs(np.diff(phi_of(shell))[0]) / 2, abs(np.diff(z_of(shell))[0]) / 2)
            found = candidates(search, station, phi_of(shell).mean(), z_of(shell).mean(), half=half)
            assert {code for code in crossed if stations()[code] == station} <= set(found)
            assert len(found) <= 4
    assert met > 300


def test_limits_are_those_of_the_chambers() -> None:
    search = search_table(0.0)
    assert np.isfinite(search[CODES]).all()
    np.testing.assert_array_equal(search[CODES, 2], centres_cm()[CODES, 2])
    with pytest.raises(ValueError, match="read-only"):
        search[0, 0] = 0.0
