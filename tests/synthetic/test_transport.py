from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.integrate import solve_ivp

from dtperf.detector import frame_table, stations, to_global
from dtperf.detector.field import solenoid_field
from dtperf.detector.frames import HALF_LENGTH, HALF_WIDTH
from dtperf.synthetic.stages import DrawnTracks, MuonOrigin, TrueMuons
from dtperf.synthetic.transport import (
    TrackStart,
    transport,
    transport_reconstructed,
    transport_true,
)

PER_T_CM = 0.00299792458


def muons(n: int, seed: int, kind: MuonOrigin = MuonOrigin.Z, eta: float = 0.7) -> TrueMuons:
    rng = np.random.default_rng(seed)
    return TrueMuons(
        offsets=np.arange(n + 1),
        kind=np.full(n, kind, dtype=np.int8),
        pt=rng.uniform(20, 60, n),
        eta=rng.uniform(-eta, eta, n),
        phi=rng.uniform(-np.pi, np.pi, n),
        charge=rng.choice([-1, 1], n).astype(np.int32),
        vx=rng.normal(0, 0.001, n),
        vy=rng.normal(0, 0.001, n),
        vz=rng.normal(0, 3.5, n),
    )


def starts(m: TrueMuons) -> TrackStart:
    return TrackStart(m.pt, m.eta, m.phi, m.charge, m.vx, m.vy, m.vz)


def test_longer_steps_give_the_same_way() -> None:
    start = starts(muons(2_000, seed=1))
    usual, fine = transport(start, 5.0), transport(start, 5.0, longest_cm=0.5)
    np.testing.assert_array_equal(usual.code, fine.code)
    assert np.quantile(np.abs(usual.x - fine.x), 0.99) < 0.03
    assert np.quantile(np.abs(usual.y - fine.y), 0.99) < 0.03


def test_solenoid_agrees_with_an_integrator_of_scipy() -> None:
    """Without matter MB1 in wheel 0 is a straight line behind the solenoid."""
    from dtperf.detector.material import REGIONS

    # what a step in matter loses cannot be switched off, so take momenta at which it is nothing
    start = TrackStart(
        pt=np.asarray([900.0, 700.0]),
        eta=np.asarray([0.1, -0.15]),
        phi=np.asarray([0.05, 2.1]),
        charge=np.asarray([1, -1], dtype=np.int32),
        vx=np.zeros(2),
        vy=np.zeros(2),
        vz=np.zeros(2),
    )
    found = transport(start, 5.0)
    assert REGIONS[0].field == "solenoid"
    for i in range(2):
        row = np.flatnonzero((found.track == i) & (stations()[found.code] == 1))[0]
        place = np.asarray(to_global(found.code[row], found.x[row], found.y[row], 0.0))
        expected = line_behind_solenoid(start, i, place)
        # a kick of the tail catcher and 0.3 % less momentum: 0.3 mm
        assert np.linalg.norm(place - expected) < 0.03


def line_behind_solenoid(
    start: TrackStart, i: int, place: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    curvature = PER_T_CM * start.charge[i] / (start.pt[i] * np.cosh(start.eta[i]))

    def derivative(_: float, state: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        r = np.hypot(*state[:2])
        radial, along = solenoid_field(r, state[2]) if r < 300 else (0.0, 0.0)
        field = np.asarray([radial * state[0], radial * state[1], along * r]) / max(r, 1e-9)
        return np.concatenate((state[3:], curvature * np.cross(state[3:], field)))

    def at_coil(_: float, state: npt.NDArray[np.float64]) -> float:
        return float(np.hypot(*state[:2]) - 300)

    at_coil.terminal = True  # type: ignore[attr-defined]
    direction = [np.cos(start.phi[i]), np.sin(start.phi[i]), np.sinh(start.eta[i])]
    first = np.concatenate((np.zeros(3), np.asarray(direction) / np.cosh(start.eta[i])))
    way = solve_ivp(derivative, (0, 600), first, events=at_coil, rtol=1e-9, atol=1e-9, max_step=20)
    point, u = way.y[:3, -1], way.y[3:, -1]
    return np.asarray(point + u * np.dot(place - point, u))


def test_no_muon_is_lost_on_the_way() -> None:
    m = muons(20_000, seed=2)
    mean = transport(starts(m), -60.0)
    scattered = transport_true(np.random.default_rng(3), m, 0.0)
    # well inside a chamber no scattering leads out of it
    assert set(keys(mean.track, mean.code)) <= set(keys(scattered.track, scattered.code))
    assert len(mean.code) > 10_000


def keys(track: npt.NDArray[np.int64], code: npt.NDArray[np.int16]) -> list[int]:
    return (track * 1000 + code).tolist()


def test_fakes_and_forward_muons_get_nowhere() -> None:
    rng = np.random.default_rng(1)
    assert len(transport_true(rng, muons(200, 4, kind=MuonOrigin.FAKE), 0.0).code) == 0
    forward = muons(200, 5)._replace(eta=np.linspace(1.4, 2.4, 200))
    assert len(transport_true(rng, forward, 0.0).code) == 0


def test_crossings_lie_in_their_chambers_in_order() -> None:
    m = muons(3_000, seed=6, eta=1.3)
    found = transport_true(np.random.default_rng(7), m, 3.0)
    table = frame_table()[found.code]
    assert np.all(np.abs(found.x) - table[:, HALF_WIDTH] < 3)
    assert np.all(np.abs(found.y) - table[:, HALF_LENGTH] < 3)
    order = found.track * 10 + stations()[found.code]
    assert np.all(np.diff(order) >= 0)


def test_same_random_numbers_give_the_same_way() -> None:
    m = muons(300, seed=8)
    one, other = (transport_true(np.random.default_rng(9), m, 5.0) for _ in range(2))
    for first, second in zip(one, other, strict=True):
        np.testing.assert_array_equal(first, second)
    third = transport_true(np.random.default_rng(10), m, 5.0)
    assert not np.array_equal(one.x[:100], third.x[:100])


def test_reconstructed_track_is_extrapolated_from_its_point_of_closest_approach() -> None:
    m = muons(500, seed=11)
    dxy = -m.vx * np.sin(m.phi) + m.vy * np.cos(m.phi)
    tracks = DrawnTracks(
        *(np.asarray(column, dtype=np.float32) for column in (m.pt, m.eta, m.phi)),
        m.charge,
        np.asarray(dxy, dtype=np.float32),
        np.asarray(m.vz, dtype=np.float32),
        np.arange(500) != 17,
    )
    found, mean = transport_reconstructed(tracks), transport(starts(m), 5.0)
    assert 17 not in found.track
    both = np.intersect1d(
        keys(found.track, found.code), keys(mean.track, mean.code), return_indices=True
    )
    assert len(both[0]) > 0.99 * (mean.track != 17).sum()
    assert np.abs(found.x[both[1]] - mean.x[both[2]]).max() < 0.05


def test_softer_tracks_are_extrapolated_well_enough() -> None:
    rng = np.random.default_rng(13)
    m = muons(2_000, seed=13)._replace(pt=rng.uniform(3, 14, 2_000), vx=np.zeros(2_000))
    m = m._replace(vy=np.zeros(2_000))
    tracks = DrawnTracks(
        *(np.asarray(column, dtype=np.float32) for column in (m.pt, m.eta, m.phi)),
        m.charge,
        np.zeros(2_000, dtype=np.float32),
        np.asarray(m.vz, dtype=np.float32),
        np.ones(2_000, dtype=np.bool_),
    )
    found, mean = transport_reconstructed(tracks), transport(starts(m), 5.0)
    assert np.all(np.diff(found.track * 10 + stations()[found.code]) >= 0)
    first, second = keys(found.track, found.code), keys(mean.track, mean.code)
    _, i, j = np.intersect1d(first, second, return_indices=True)
    assert len(i) > 0.97 * len(mean.code)
    away = np.abs(found.x[i] - mean.x[j])
    # beside scattering of 10 cm and more
    assert np.quantile(away, 0.95) < 2
    assert np.quantile(away[m.pt[found.track[i]] > 10], 0.99) < 0.3


@pytest.mark.parametrize("charge", [-1, 1])
def test_positive_muons_bend_to_smaller_phi_before_the_yoke(charge: int) -> None:
    m = muons(500, seed=12)._replace(phi=np.zeros(500), charge=np.full(500, charge, np.int32))
    found = transport(starts(m), 5.0)
    first = stations()[found.code] == 1
    x, y, _ = to_global(found.code[first], found.x[first], found.y[first], 0.0)
    assert np.all(np.sign(np.arctan2(y, x)) == -charge)
