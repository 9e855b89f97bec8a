from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from dtperf.synthetic.luminosity import make_events
from dtperf.synthetic.physics import Physics, make_muons
from dtperf.synthetic.stages import MuonOrigin

N = 5000
EVENTS = make_events(0, N, total_events=N, runs=1, first_run=1, lumi_blocks_per_run=10)
ALONE = {"mean_nonprompt": 0, "mean_fakes": 0}


def muons(seed=1, events=EVENTS, **physics):
    return make_muons(np.random.default_rng(seed), events, Physics(**physics))


def pairs(**physics):
    return muons(**ALONE, single_muon_fraction=0, **physics)


def pair_masses(m):
    pt, eta, phi = (values.reshape(-1, 2) for values in (m.pt, m.eta, m.phi))
    return np.sqrt(2 * pt.prod(1) * (np.cosh(np.diff(eta)[:, 0]) - np.cos(np.diff(phi)[:, 0])))


def test_every_event_has_the_pair_that_the_skim_keeps():
    m = pairs(continuum_fraction=0.5)

    np.testing.assert_array_equal(m.offsets, 2 * np.arange(N + 1))
    assert np.abs(m.eta).max() < 2.4
    assert m.pt.min() > 15
    assert m.pt.reshape(-1, 2).max(1).min() > 24
    assert pair_masses(m).min() > 60 - 1e-3  # massless formula


def test_z_pairs_have_the_mass_of_the_z_and_continuum_pairs_have_not():
    z, continuum = (pair_masses(pairs(continuum_fraction=f)) for f in (0, 1))

    assert np.median(z) == pytest.approx(91.0, abs=0.2)
    assert np.mean(np.abs(z - 91) < 10) > 0.85
    assert np.mean(np.abs(continuum - 91) < 10) < 0.4


def test_shares_of_events_are_those_asked_for():
    m = muons(
        **ALONE, continuum_fraction=0.2, single_muon_fraction=0.3, same_sign_fraction=0.1, seed=5
    )

    numbers = np.diff(m.offsets)
    firsts = m.offsets[:-1]
    two = firsts[numbers == 2]
    same_sign = m.charge[two] == m.charge[two + 1]
    for share, expected, n in (
        (np.mean(m.kind[firsts] == MuonOrigin.CONTINUUM), 0.2, N),
        (np.mean(numbers == 1), 0.3, N),
        (np.mean(same_sign), 0.1, len(two)),
    ):
        assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / n)


def test_a_single_muon_is_one_that_triggers():
    m = muons(**ALONE, continuum_fraction=0, single_muon_fraction=1)

    np.testing.assert_array_equal(np.diff(m.offsets), 1)
    assert m.pt.min() > 24
    assert np.abs(m.eta).max() < 2.4


def test_muons_of_an_event_are_in_order_of_pt():
    m = muons()

    drop = np.diff(m.pt)
    drop[m.offsets[1:-1] - 1] = -1  # from one event to the next
    assert drop.max() <= 0
    assert len(m.pt) == m.offsets[-1]


def test_numbers_of_soft_muons_are_poisson_and_fakes_grow_with_pile_up():
    bright = EVENTS._replace(lumi_avgPileUp=np.full(N, 100.0))
    m = muons(mean_nonprompt=0.5, mean_fakes=2, events=bright)

    assert np.sum(m.kind == MuonOrigin.NONPROMPT) == pytest.approx(
        0.5 * N, abs=4 * np.sqrt(0.5 * N)
    )
    assert np.sum(m.kind == MuonOrigin.FAKE) == pytest.approx(4 * N, abs=4 * np.sqrt(4 * N))
    event = np.repeat(np.arange(N), np.diff(m.offsets))
    per_event = np.bincount(event[m.kind == MuonOrigin.FAKE], minlength=N)
    assert per_event.var() == pytest.approx(4, rel=0.1)


def test_soft_muons_fall_steeply_from_their_threshold():
    m = muons(mean_nonprompt=5)

    soft = m.pt[m.kind == MuonOrigin.NONPROMPT]
    assert stats.kstest(soft, lambda pt: 1 - (pt / 3.0) ** -3.5).pvalue > 0.01


def test_prompt_muons_share_the_vertex_and_others_are_displaced():
    m = muons(mean_nonprompt=2)

    event = np.repeat(np.arange(N), np.diff(m.offsets))
    prompt = np.flatnonzero(m.kind <= MuonOrigin.CONTINUUM)
    vz = np.zeros(N)
    vz[event[prompt]] = m.vz[prompt]
    np.testing.assert_array_equal(m.vz[prompt], vz[event[prompt]])
    assert m.vx[prompt].std() == pytest.approx(0.001, rel=0.05)
    assert vz.std() == pytest.approx(3.5, rel=0.05)
    displaced = m.kind == MuonOrigin.NONPROMPT
    flight = np.hypot(m.vx, m.vy)[displaced]
    assert flight.mean() == pytest.approx(0.02, rel=0.05)
    assert np.mean(
        m.vz[m.kind == MuonOrigin.FAKE] != vz[event[m.kind == MuonOrigin.FAKE]]
    ) == pytest.approx(0.7, abs=0.02)


def test_charges_balance_and_azimuths_are_uniform():
    m = muons(same_sign_fraction=0)

    assert set(np.unique(m.charge)) == {-1, 1}
    assert abs(m.charge.mean()) < 4 / np.sqrt(len(m.charge))
    assert stats.kstest(m.phi, stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 0.001


def test_the_same_random_numbers_give_the_same_muons():
    for one, other in zip(muons(seed=3), muons(seed=3), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(muons(seed=3).pt, muons(seed=4).pt)


def test_types_are_those_of_the_contract():
    m = muons()

    assert m.offsets.dtype == np.int64
    assert m.kind.dtype == np.int8
    assert m.charge.dtype == np.int32
    assert {v.dtype for v in (m.pt, m.eta, m.phi, m.vx, m.vy, m.vz)} == {np.dtype(np.float64)}


@pytest.mark.parametrize(
    "settings",
    [
        {"continuum_fraction": -0.1},
        {"same_sign_fraction": 1.1},
        {"mean_fakes": -1},
        {"continuum_fraction": 0.6, "single_muon_fraction": 0.6},
        {"mean_pile_up": 50},
    ],
)
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(ValidationError):
        Physics(**settings)


def test_events_may_be_all_of_one_sort():
    everything = muons(**ALONE, continuum_fraction=0.4, single_muon_fraction=0.6)

    assert len(everything.offsets) == N + 1
    assert not np.isnan(everything.pt).any()
