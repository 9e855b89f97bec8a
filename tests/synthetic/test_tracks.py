from __future__ import annotations

import numpy as np
import pytest

from dtperf.synthetic.stages import MuonOrigin, TrueMuons
from dtperf.synthetic.tracks import (
    BEND_PER_CM,
    MISSING,
    angle_resolution_rad,
    closest_approach,
    dxy_resolution_cm,
    dz_resolution_cm,
    pt_resolution,
    reconstruct,
)

N = 40_000


def muons(n=N, kind=MuonOrigin.Z, pt=40.0, eta=0.5, phi=1.0, charge=1, vx=0.0, vy=0.0, vz=0.0):
    def full(value, dtype=np.float64):
        return np.broadcast_to(np.asarray(value, dtype=dtype), n).copy()

    floats = [full(v) for v in (pt, eta, phi)]
    return TrueMuons(
        np.arange(n + 1),
        full(kind, np.int8),
        *floats,
        full(charge, np.int32),
        *(full(v) for v in (vx, vy, vz)),
    )


def good(**parameters):
    true = muons(**parameters)
    tracks = reconstruct(np.random.default_rng(1), true)
    return true, tracks, tracks.exists


def core_width(values):
    """Half of what lies between the 15.87th and the 84.13th percentile: tails do not count."""
    low, high = np.percentile(values, [15.865, 84.135])
    return (high - low) / 2


def test_closest_approach_is_that_of_a_circle():
    rng = np.random.default_rng(2)
    n = 500
    true = muons(
        n,
        pt=rng.uniform(2.5, 60, n),
        eta=rng.uniform(-2.4, 2.4, n),
        phi=rng.uniform(-np.pi, np.pi, n),
        charge=rng.choice([-1, 1], n),
        vx=rng.normal(0, 0.04, n),
        vy=rng.normal(0, 0.04, n),
        vz=rng.normal(0, 3, n),
    )

    found = closest_approach(true)

    # positive charges turn clockwise seen from +z: the centre is on the right of the direction
    radius = true.pt / BEND_PER_CM
    centre_x = true.vx + true.charge * radius * np.sin(true.phi)
    centre_y = true.vy - true.charge * radius * np.cos(true.phi)
    distance = np.hypot(centre_x, centre_y)
    phi = np.arctan2(true.charge * centre_x, -true.charge * centre_y)
    turn = (phi - true.phi + np.pi) % (2 * np.pi) - np.pi
    np.testing.assert_allclose((found.phi - phi + np.pi) % (2 * np.pi), np.pi, atol=2e-6)
    np.testing.assert_allclose(found.dxy, true.charge * (radius - distance), atol=1e-6)
    path = -true.charge * turn * radius
    np.testing.assert_allclose(found.dz, true.vz + path * np.sinh(true.eta), atol=1e-4)


def test_dxy_has_the_sign_of_the_convention():
    found = closest_approach(muons(1, phi=0.0, vy=0.01))

    assert found.dxy[0] == pytest.approx(0.01)  # -vx sin(phi) + vy cos(phi)


@pytest.mark.parametrize(("pt", "eta"), [(5.0, 0.0), (40.0, 0.5), (40.0, 2.3), (200.0, 1.0)])
def test_resolutions_have_the_documented_widths(pt, eta):
    _, tracks, exists = good(pt=pt, eta=eta, phi=0.3)

    # the tails make the cores wider by a few per cent
    assert core_width(pt / tracks.pt[exists]) == pytest.approx(
        pt_resolution(np.array(pt), np.array(eta)), rel=0.07
    )
    assert core_width(tracks.dxy[exists]) == pytest.approx(
        dxy_resolution_cm(np.array(pt)), rel=0.03
    )
    assert core_width(tracks.dz[exists]) == pytest.approx(
        dz_resolution_cm(np.array(pt), np.array(eta)), rel=0.03
    )
    step = 2.0**-2 / 2**12  # of numbers between 0.25 and 0.5 with 12 bits
    expected = np.hypot(angle_resolution_rad(np.array(pt)), step / np.sqrt(12))
    assert tracks.phi[exists].astype(float).std() == pytest.approx(expected, rel=0.03)


def test_resolutions_have_the_size_of_cms():
    at_40 = np.array(40.0)

    assert 0.008 < pt_resolution(at_40, np.array(0.3)) < 0.0115
    assert 0.015 < pt_resolution(at_40, np.array(2.3)) < 0.025
    assert pt_resolution(np.array(1000.0), np.array(0.0)) == pytest.approx(0.1, rel=0.05)
    assert dz_resolution_cm(at_40, np.array(0.0)) == pytest.approx(0.0030, rel=0.02)
    assert dz_resolution_cm(at_40, np.array(2.4)) == pytest.approx(0.0099, rel=0.02)


def test_a_few_tracks_are_far_off_in_dz():
    _, tracks, exists = good(n=400_000, eta=0.0)

    off = np.abs(tracks.dz[exists]) > 6 * dz_resolution_cm(np.array(40.0), np.array(0.0))
    assert 0.0005 < off.mean() < 0.001


@pytest.mark.parametrize(("kind", "share"), [(MuonOrigin.Z, 0.003), (MuonOrigin.FAKE, 0.06)])
def test_some_muons_have_no_inner_track(kind, share):
    _, tracks, exists = good(kind=kind, vz=2.0)

    assert np.mean(~exists) == pytest.approx(share, abs=4 * np.sqrt(share / N))
    np.testing.assert_array_equal(tracks.dxy[~exists], MISSING)
    np.testing.assert_array_equal(tracks.dz[~exists], MISSING)
    assert (tracks.dz[exists] != MISSING).all()
    assert tracks.pt[~exists].std() > 3  # standalone: 12 %


def test_parameters_are_stored_with_their_bits():
    _, tracks, _ = good(pt=np.linspace(3, 90, N), phi=np.linspace(-3, 3, N), vz=1.0)

    for values, bits in ((tracks.eta, 12), (tracks.phi, 12), (tracks.dxy, 10), (tracks.dz, 10)):
        assert values.dtype == np.float32
        assert not (values.view(np.uint32) & ((1 << (23 - bits)) - 1)).any()
    assert (tracks.pt.view(np.uint32) & 0b1111).any()
    assert np.abs(tracks.phi).max() <= np.float32(3.1416016)  # pi, rounded to 12 bits


def test_azimuths_stay_between_minus_pi_and_pi():
    _, tracks, _ = good(phi=np.pi - 1e-5)

    assert np.abs(tracks.phi).max() <= np.float32(3.1416016)
    assert (tracks.phi < 0).any()
    assert (tracks.phi > 0).any()


def test_charges_flip_rarely():
    true = muons(2_000_000)
    tracks = reconstruct(np.random.default_rng(4), true)

    assert 0 < np.mean(tracks.charge != true.charge) < 3e-5
    assert tracks.charge.dtype == np.int32


def test_the_same_random_numbers_give_the_same_tracks():
    for one, other in zip(good()[1], good()[1], strict=True):
        np.testing.assert_array_equal(one, other)
