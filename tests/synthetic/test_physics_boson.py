from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from dtperf.synthetic.physics_boson import (
    MUON_MASS_GEV,
    Momenta,
    decay,
    pair_mass,
    radiate,
    rapidities,
    transverse_momenta,
)

N = 100_000


def rest_frame_cosines(first: Momenta, second: Momenta):
    """Boost the first muon back with the matrix of a Lorentz transformation, one at a time."""
    cosines = []
    for p, q, e, f in zip(np.transpose(first), np.transpose(second), first.energy, second.energy):  # noqa: B905
        beta = (p + q) / (e + f)
        gamma = 1 / np.sqrt(1 - beta @ beta)
        rest = p + beta * ((gamma - 1) * (beta @ p) / (beta @ beta) - gamma * e)
        cosines.append(rest[2] / np.linalg.norm(rest))
    return np.array(cosines)


def test_decay_gives_the_mass_back():
    mass = np.random.default_rng(1).uniform(50, 500, N)

    first, second = decay(np.random.default_rng(2), mass)

    np.testing.assert_allclose(pair_mass(first, second), mass, rtol=1e-9)


def test_decay_gives_the_boson_its_transverse_momentum_and_rapidity():
    first, second = decay(np.random.default_rng(3), np.full(N, 91.0))

    boson = Momenta(*(a + b for a, b in zip(first, second, strict=True)))
    energy = first.energy + second.energy
    rapidity = np.arctanh(boson.pz / energy)
    expected_pt = transverse_momenta(np.random.default_rng(4), N)
    expected_y = rapidities(np.random.default_rng(5), N)
    assert stats.ks_2samp(boson.pt, expected_pt).pvalue > 0.01
    assert stats.ks_2samp(rapidity, expected_y).pvalue > 0.01


def test_muons_are_distributed_as_one_plus_cosine_squared_about_the_beam():
    cosines = rest_frame_cosines(*decay(np.random.default_rng(6), np.full(20_000, 91.0)))

    assert stats.kstest(cosines, lambda c: (c**3 + 3 * c + 4) / 8).pvalue > 0.01


def test_muons_are_uniform_in_phi():
    first, _ = decay(np.random.default_rng(7), np.full(N, 91.0))

    assert stats.kstest(first.phi, stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 0.01


def test_transverse_momentum_peaks_low_and_has_a_tail():
    pt = transverse_momenta(np.random.default_rng(8), N)

    peak = np.histogram(pt, np.arange(0, 20, 1))[0].argmax() + 0.5
    assert 3 <= peak <= 6
    assert np.median(pt) == pytest.approx(11.5, abs=1)
    assert 0.005 < np.mean(pt > 100) < 0.03


def test_radiation_keeps_directions_and_follows_the_photon_spectrum():
    mass = np.full(N, 91.1876)
    before, _ = decay(np.random.default_rng(9), mass)

    after = radiate(np.random.default_rng(10), before, mass)

    lost = 1 - after.pt / before.pt
    np.testing.assert_allclose(after.eta, before.eta, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(after.phi, before.phi, rtol=1e-9, atol=1e-12)
    strength = (2 * np.log(91.1876 / 0.1056583755) - 1) / 137.036 / np.pi
    for least in (0.01, 0.1, 0.5):
        expected, _ = integrate.quad(
            lambda x: strength * x ** (strength - 1) * (1 + (1 - x) ** 2) / 2, least, 1
        )
        assert np.mean(lost > least) == pytest.approx(expected, abs=4 * np.sqrt(expected / N))


def test_mass_of_two_muons_back_to_back_and_at_right_angles():
    px = Momenta(*(np.array([v]) for v in (40.0, 0.0, 0.0)))
    back = Momenta(*(np.array([v]) for v in (-40.0, 0.0, 0.0)))
    up = Momenta(*(np.array([v]) for v in (0.0, 40.0, 0.0)))

    energy_squared = 40.0**2 + MUON_MASS_GEV**2
    assert pair_mass(px, back)[0] == pytest.approx(2 * np.sqrt(energy_squared))
    assert pair_mass(px, up)[0] == pytest.approx(np.sqrt(4 * energy_squared - 2 * 40.0**2))
