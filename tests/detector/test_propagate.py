from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
import pytest

from dtperf.detector import chambers, frame_table, stations, wheels
from dtperf.detector.frames import HALF_LENGTH, HALF_WIDTH, to_local
from dtperf.detector.layers import Layers, layers
from dtperf.detector.planes import Propagated
from tests.detector.tracks import Tracks, by_helix, by_runge_kutta, common, tracks

FOUR = (1, 2, 3, 4)


def without(field: bool = False, matter: bool = False, inside: float = 0) -> Layers:
    """Switch off the field beyond a radius, or the matter."""
    table = layers().table.copy()
    if field:
        table[layers().outer_cm > inside, :, :2] = 0
    if matter:
        table[:, :, 2:] = 0
    return layers()._replace(table=table, has_matter=np.full(len(table), not matter))


@pytest.fixture(scope="module")
def many() -> Tracks:
    return tracks(8_000, seed=1, pt=(20, 100))


def test_agrees_with_runge_kutta_in_all_stations_and_wheels(many: Tracks) -> None:
    helix, truth = by_helix(many), by_runge_kutta(many)
    both = common(helix, truth.track, truth.code)
    # only tracks on the very edge of what is accepted
    assert both.only_one < 20
    dx = np.abs(helix.x[both.helix] - truth.x[both.other])
    dy = np.abs(helix.y[both.helix] - truth.y[both.other])
    code = helix.code[both.helix]
    for station, wheel in product(FOUR, range(-2, 3)):
        here = (stations()[code] == station) & (wheels()[code] == wheel)
        assert here.sum() > 300
        assert np.quantile(dx[here], 0.99) < 0.5
        assert np.quantile(dy[here], 0.99) < 0.5
    for slopes in ("dxdz", "dydz"):
        difference = getattr(helix, slopes)[both.helix] - getattr(truth, slopes)[both.other]
        assert np.quantile(np.abs(difference), 0.99) < 0.005


def test_agrees_with_runge_kutta_for_soft_tracks() -> None:
    soft = tracks(3_000, seed=2, pt=(5, 10), eta=0.8)
    helix, truth = by_helix(soft), by_runge_kutta(soft)
    both = common(helix, truth.track, truth.code)
    assert len(both.helix) > 5_000
    dx = np.abs(helix.x[both.helix] - truth.x[both.other])
    # a twentieth of what scattering adds
    assert np.quantile(dx / helix.sigma_x[both.helix], 0.95) < 0.2


def test_straight_tracks_cross_what_brute_force_finds() -> None:
    straight = tracks(400, seed=3, pt=(20, 40))
    found = by_helix(straight, without(field=True))
    expected = set()
    for i, track in enumerate(zip(*straight, strict=True)):
        _, eta, phi, _, dxy, dz = map(float, track)
        for chamber in chambers():
            row = frame_table()[chamber.code]
            nx, ny, d = row[:3]
            rate = np.cos(phi) * nx + np.sin(phi) * ny
            if rate <= 0.1:
                continue
            x, y = -dxy * np.sin(phi), dxy * np.cos(phi)
            way = (d - x * nx - y * ny) / rate
            place = (x + way * np.cos(phi), y + way * np.sin(phi), dz + way * np.sinh(eta))
            lx, ly, _ = to_local(chamber.code, *place)
            if abs(lx) - row[HALF_WIDTH] < 5 and abs(ly) - row[HALF_LENGTH] < 5:
                expected.add((i, chamber.code))
    of = np.repeat(np.arange(400), np.diff(found.offsets))
    assert set(zip(of.tolist(), found.code.tolist(), strict=True)) == expected
    assert len(expected) > 1_000


def shifts(one: Propagated, other: Propagated) -> dict[int, float]:
    """Give the mean |difference in x| by station."""
    track = np.repeat(np.arange(len(other.offsets) - 1), np.diff(other.offsets))
    both = common(one, track, other.code)
    dx = np.abs(one.x[both.helix] - other.x[both.other])
    station = stations()[one.code[both.helix]]
    return {s: float(dx[station == s].mean()) for s in FOUR}


def fixed(pt: float, n: int = 4_000) -> Tracks:
    """Take tracks of one pT that leave the beam at right angles."""
    wanted = tracks(n, seed=4, pt=(pt, pt), eta=0.02)
    return wanted._replace(dz=np.zeros(n, np.float32) + 40, charge=np.ones(n, np.int32))


def test_size_of_the_solenoid() -> None:
    # the azimuth where the plane is crossed, as a shift of 80 cm leads into other chambers
    straight = by_helix(fixed(25), without(field=True))
    yoke_off = by_helix(fixed(25), without(field=True, inside=300))
    for station, cm in ((1, 38), (4, 78)):
        assert arc(yoke_off, straight, station) == pytest.approx(cm, rel=0.2)


def arc(one: Propagated, other: Propagated, station: int) -> float:
    """Give the mean distance along phi between two ways of the same tracks, cm."""
    mean = 0.0
    for offsets_code, sign in ((one, 1), (other, -1)):
        phi, radius = azimuths(offsets_code, station)
        mean = mean + sign * phi
    turned = (mean + np.pi) % (2 * np.pi) - np.pi
    return float(np.nanmean(np.abs(turned) * radius))


def azimuths(found: Propagated, station: int) -> tuple[npt.NDArray[np.float64], float]:
    from dtperf.detector import to_global

    n = len(found.offsets) - 1
    track = np.repeat(np.arange(n), np.diff(found.offsets))
    here = stations()[found.code] == station
    x, y, _ = to_global(found.code[here], found.x[here], found.y[here], 0.0)
    phi = np.full(n, np.nan)
    phi[track[here]] = np.arctan2(y, x)
    return phi, float(np.mean(np.hypot(x, y)))


def test_size_of_the_yoke() -> None:
    shift = shifts(by_helix(fixed(25)), by_helix(fixed(25), without(field=True, inside=470)))
    assert shift[1] == 0
    assert shift[2] == pytest.approx(0.25, abs=0.05)
    assert shift[3] == pytest.approx(1.5, rel=0.2)
    assert shift[4] == pytest.approx(3.7, rel=0.2)


def test_size_of_the_energy_loss() -> None:
    shift = shifts(by_helix(fixed(25)), by_helix(fixed(25), without(matter=True)))
    # On the 1.7 m from the calorimeter to the coil the field turns it by 0.08 rad and 1.5 of 25 GeV
    # are lost, half of that on average: 2.4 mrad more, for the 2 m from there to MB1.
    assert shift[1] == pytest.approx(0.48, rel=0.2)
    assert shift[1] < shift[2] < shift[3] < 2 * shift[1]


@pytest.mark.parametrize(
    ("pt", "sigmas"), [(20, (1.7, 2.3, 3.2, 4.2)), (50, (0.66, 0.90, 1.25, 1.6))]
)
def test_size_of_scattering(pt: float, sigmas: tuple[float, ...]) -> None:
    found = by_helix(fixed(pt))
    for station, sigma in zip(FOUR, sigmas, strict=True):
        here = stations()[found.code] == station
        assert np.median(found.sigma_x[here]) == pytest.approx(sigma, rel=0.2)


@pytest.mark.parametrize("pt", [(20, 30), (40, 100)])
def test_pull_with_scattering_has_width_one(pt: tuple[float, float]) -> None:
    some = tracks(12_000, seed=5, pt=pt)
    helix = by_helix(some)
    truth = by_runge_kutta(some, np.random.default_rng(6), margin_cm=40)
    both = common(helix, truth.track, truth.code)
    station = stations()[helix.code[both.helix]]
    for axis in "xy":
        residual = getattr(truth, axis)[both.other] - getattr(helix, axis)[both.helix]
        pull = residual / getattr(helix, f"sigma_{axis}")[both.helix]
        for s in FOUR:
            # inside by 40 cm, so that no scattering leads out
            inner = (helix.edge_x[both.helix] < -30) & (helix.edge_y[both.helix] < -30)
            mine = pull[(station == s) & inner]
            assert len(mine) > 2_000
            assert np.std(mine) == pytest.approx(1.0, abs=0.1)
            assert np.mean(mine) == pytest.approx(0.0, abs=0.1)


def test_charge_and_field_reversed_together_give_the_same_track(many: Tracks) -> None:
    table = layers().table.copy()
    table[:, :, :2] *= -1
    mirrored = by_helix(many._replace(charge=-many.charge), layers()._replace(table=table))
    for one, other in zip(by_helix(many), mirrored, strict=True):
        np.testing.assert_array_equal(one, other)


def test_charges_bend_to_opposite_sides() -> None:
    plus = fixed(25)
    minus = plus._replace(charge=-plus.charge)
    straight = by_helix(plus, without(field=True))
    for charge, sign in ((plus, -1), (minus, 1)):
        phi, _ = azimuths(by_helix(charge), 1)
        turned = phi - azimuths(straight, 1)[0]
        assert np.sign(np.nanmedian((turned + np.pi) % (2 * np.pi) - np.pi)) == sign


@pytest.mark.parametrize("column", ["pt", "eta", "phi", "dxy", "dz"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_what_is_no_track_crosses_nothing(column: str, value: float) -> None:
    good = tracks(20, seed=7, pt=(20, 40))
    bad = getattr(good, column).copy()
    bad[[3, 11]] = value
    found = by_helix(good._replace(**{column: bad}))
    crossed = np.diff(found.offsets)
    kept = np.delete(np.arange(20), [3, 11])
    np.testing.assert_array_equal(crossed[kept], np.diff(by_helix(good).offsets)[kept])
    if not (column == "pt" and value > 0) and not (column == "phi" and value == 1e30):
        assert not crossed[[3, 11]].any()
    for values in found:
        assert np.all(np.isfinite(values))


def test_tracks_too_soft_for_the_yoke_end_there() -> None:
    soft = tracks(200, seed=8, pt=(2.5, 3.0), eta=0.2)
    found = by_helix(soft)
    assert np.all(stations()[found.code] < 4)
    assert np.all(np.isfinite(found.x))
    assert len(by_helix(tracks(200, seed=8, pt=(0.3, 0.7), eta=0.2)).x) == 0


def test_no_tracks() -> None:
    none = by_helix(tracks(0, seed=1, pt=(20, 40)))
    assert none.offsets.tolist() == [0]
    assert len(none.code) == len(none.x) == 0


def test_result_does_not_depend_on_company() -> None:
    some = tracks(300, seed=9, pt=(5, 60))
    together = by_helix(some)
    for i in (0, 127, 128, 299):
        alone = by_helix(Tracks(*(column[i : i + 1] for column in some)))
        here = slice(together.offsets[i], together.offsets[i + 1])
        np.testing.assert_array_equal(alone.code, together.code[here])
        np.testing.assert_array_equal(alone.x, together.x[here])
