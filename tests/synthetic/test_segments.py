from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, binomtest, chi2

from dtperf.detector import lengths_cm, stations, superlayer_table, widths_cm
from dtperf.synthetic.detector import Detector
from dtperf.synthetic.efficiency import is_in_cells, true_efficiency
from dtperf.synthetic.segments import make_segments
from dtperf.synthetic.stages import DrawnSegments
from tests.synthetic.crossings import ALL_CODES, code_of, crossings_at, muons_by_event, scattered

QUIET = {"noise_segments": 0, "second_segment": 0}
EXACT = {"x_cm": 0, "y_cm": 0, "dxdz": 0, "dydz": 0, "x_tail": 0, "y_tail": 0}


def make(detector, muon_offsets, crossings, run_fraction=0.0, seed=7):
    fraction = np.broadcast_to(np.asarray(run_fraction, float), len(muon_offsets) - 1)
    return make_segments(np.random.default_rng(seed), muon_offsets, crossings, fraction, detector)


def at_one_point(n, name, x=0.0, y=0.0):
    offsets = muons_by_event(np.ones(n, dtype=np.int64))
    return offsets, crossings_at(np.arange(n), code_of(name), x, y)


def test_counts_in_each_chamber_agree_with_the_truth():
    offsets, crossings = scattered(np.random.default_rng(1), 250_000, border=15)
    segments, truth = make(Detector(**QUIET), offsets, crossings)
    expected = true_efficiency(
        Detector(), crossings.code, crossings.x, crossings.y, np.zeros(len(crossings.code))
    )
    assert np.array_equal(truth.efficiency, expected)
    with_phi = np.isin(np.arange(250_000), segments.muon[segments.has_phi])
    assert np.array_equal(with_phi, truth.reconstructed)
    pulls = []
    for code in ALL_CODES:
        here = crossings.code == code
        n, k, p = int(here.sum()), int(with_phi[here].sum()), float(expected[here][0])
        assert binomtest(k, n, p).pvalue > 1e-5  # 250 of them: 1 in 400 fails by chance
        pulls.append((k - n * p) ** 2 / (n * p * (1 - p)))
    assert 1e-4 < chi2.sf(sum(pulls), len(pulls)) < 1 - 1e-4


def test_one_number_is_the_efficiency_of_all():
    n = 50_000
    offsets, crossings = scattered(np.random.default_rng(2), n, border=15)
    _, truth = make(Detector(efficiency=0.7, **QUIET), offsets, crossings)
    assert binomtest(int(truth.reconstructed.sum()), n, 0.7).pvalue > 1e-4


def test_a_dead_chamber_is_silent():
    detector = Detector(
        chambers={"MB2 W0 S3": 0}, theta_only=1, second_segment=1, noise_segments=50
    )
    segments, truth = make(detector, *at_one_point(2000, "MB2 W0 S3"))
    assert not truth.reconstructed.any()
    assert code_of("MB2 W0 S3") not in segments.code
    assert len(segments.code) > 90_000  # the noise of the other 249 chambers


def test_a_dead_region_is_empty_inside_and_full_outside():
    detector = Detector.model_validate(
        {"efficiency": 1, "regions": [{"chamber": "MB1 W0 S1", "x": [0, 50]}]} | QUIET
    )
    offsets, crossings = scattered(
        np.random.default_rng(3), 5000, [code_of("MB1 W0 S1")], border=15
    )
    segments, truth = make(detector, offsets, crossings)
    inside = (crossings.x >= 0) & (crossings.x <= 50)
    assert 0 < inside.sum() < len(inside)
    assert np.array_equal(truth.reconstructed, ~inside)
    assert np.array_equal(np.unique(segments.muon), np.flatnonzero(~inside))


def test_ageing_follows_the_run():
    n = 40_000
    detector = Detector(efficiency=0.9, ageing={"MB1": 0.4}, **QUIET)
    fraction = np.repeat([0.0, 0.5, 1.0], n)
    _, truth = make(detector, *at_one_point(3 * n, "MB1 W0 S1"), run_fraction=fraction)
    for k, expected in zip(
        truth.reconstructed.reshape(3, n).sum(axis=1), (0.9, 0.7, 0.5), strict=True
    ):
        assert binomtest(int(k), n, expected).pvalue > 1e-4


def test_nothing_is_made_in_the_frames_or_outside():
    offsets, crossings = scattered(np.random.default_rng(4), 20_000, border=-4)
    detector = Detector(efficiency=1, theta_only=1, **QUIET)
    segments, truth = make(detector, offsets, crossings)
    sensitive = is_in_cells(detector, *crossings[1:])
    assert 0.8 < sensitive.mean() < 0.95
    assert np.array_equal(truth.reconstructed, sensitive)
    assert np.array_equal(truth.efficiency, sensitive.astype(float))
    assert np.array_equal(np.unique(segments.muon), np.flatnonzero(sensitive))


def test_views_follow_their_probabilities():
    n = 100_000
    detector = Detector(efficiency=0.6, theta_only=0.3, phi_only=(0.2, 0.1, 0.05), **QUIET)
    for station, lost in enumerate((0.2, 0.1, 0.05), start=1):
        segments, truth = make(detector, *at_one_point(n, f"MB{station} W0 S7"))
        phi = int(truth.reconstructed.sum())
        only_phi = int((segments.has_phi & ~segments.has_zed).sum())
        only_zed = int((segments.has_zed & ~segments.has_phi).sum())
        assert binomtest(only_phi, phi, lost).pvalue > 1e-4
        assert binomtest(only_zed, n - phi, 0.3).pvalue > 1e-4
        assert (segments.has_phi | segments.has_zed).all()


def test_mb4_has_no_theta_view():
    offsets, crossings = scattered(np.random.default_rng(5), 50_000)
    detector = Detector(efficiency=0.5, theta_only=1, second_segment=0.5, noise_segments=2)
    segments, _ = make(detector, offsets, crossings)
    mb4 = stations()[segments.code] == 4
    assert mb4.sum() > 10_000
    assert segments.has_phi[mb4].all()
    assert not segments.has_zed[mb4].any()
    assert not segments.z_hits[mb4].any()
    assert set(segments.y[mb4]) == {0}
    assert segments.has_zed[~mb4].any()


def test_what_a_missing_view_leaves_out():
    offsets, crossings = scattered(np.random.default_rng(6), 50_000)
    detector = Detector(efficiency=0.5, theta_only=1, phi_only=(0.5, 0.5, 0.5), noise_segments=1)
    s, _ = make(detector, offsets, crossings)
    for has, hits, chi2_, t0 in (
        (s.has_phi, s.phi_hits, s.phi_chi2, s.phi_t0),
        (s.has_zed, s.z_hits, s.z_chi2, s.z_t0),
    ):
        assert 0.2 < has.mean() < 0.9
        assert np.array_equal(has, hits >= 3)
        assert np.array_equal(hits == 0, chi2_ == -1)
        assert set(t0[~has]) == {-999}
    # CMS puts the middle of the superlayers that measured, and goes straight out
    middle = superlayer_table()[s.code, 1, 0].astype(np.float32)
    assert np.array_equal(s.x[~s.has_phi], middle[~s.has_phi])
    assert set(s.y[~s.has_zed]) == set(s.dydz[~s.has_zed]) == set(s.dxdz[~s.has_phi]) == {0}


def test_exact_segments_lie_on_the_muon():
    offsets, crossings = scattered(np.random.default_rng(7), 3000, border=15)
    detector = Detector(efficiency=1, phi_only=(0, 0, 0), resolution=EXACT, **QUIET)
    segments, _ = make(detector, offsets, crossings)
    assert np.array_equal(segments.muon, crossings.track)
    assert np.array_equal(segments.x, crossings.x.astype(np.float32))
    assert np.array_equal(segments.dxdz, crossings.dxdz.astype(np.float32))
    zed = segments.has_zed
    assert np.array_equal(zed, stations()[crossings.code] < 4)
    assert np.array_equal(segments.y[zed], crossings.y[zed].astype(np.float32))
    assert np.array_equal(segments.dydz[zed], crossings.dydz[zed].astype(np.float32))


def test_resolutions_have_their_widths_and_bounded_tails():
    n = 50_000
    resolution = EXACT | {"x_cm": 0.5, "y_cm": 1.0, "dxdz": 0.01, "dydz": 0.02}
    detector = Detector(efficiency=1, phi_only=(0, 0, 0), resolution=resolution, **QUIET)
    s, _ = make(detector, *at_one_point(n, "MB3 W0 S2", x=3, y=-4))
    for values, mean, width in (
        (s.x, 3, 0.5),
        (s.y, -4, 1.0),
        (s.dxdz, 0.1, 0.01),
        (s.dydz, -0.2, 0.02),
    ):
        assert values.mean(dtype=float) == pytest.approx(mean, abs=5 * width / n**0.5)
        assert values.std(dtype=float) == pytest.approx(width, rel=0.02)
    resolution = EXACT | {"x_tail": 0.25, "x_tail_cm": 4.0}
    detector = Detector(efficiency=1, resolution=resolution, **QUIET)
    s, _ = make(detector, *at_one_point(n, "MB3 W0 S2"))
    away = np.abs(s.x[s.x != 0])
    assert binomtest(len(away), n, 0.25).pvalue > 1e-4
    assert away.max() <= 10.001
    # an exponential of 4 cm that ends at 10 cm
    mean = 4 - 10 * np.exp(-2.5) / (1 - np.exp(-2.5))
    assert away.mean(dtype=float) == pytest.approx(mean, abs=0.1)


def test_second_segments_lie_beside_the_own_with_fewer_hits():
    n = 40_000
    detector = Detector(efficiency=0.8, second_segment=0.3, noise_segments=0)
    offsets, crossings = scattered(np.random.default_rng(8), n, border=15)
    s, truth = make(detector, offsets, crossings)
    second = np.flatnonzero(s.muon[1:] == s.muon[:-1]) + 1
    first = second - 1
    assert (s.phi_hits[second] < s.phi_hits[first]).all()
    assert (s.phi_hits[second] >= 3).all()
    assert np.array_equal(s.code[second], s.code[first])
    for column in (s.y, s.z_hits, s.z_chi2, s.z_t0, s.has_zed):
        assert np.array_equal(column[second], column[first])
    assert truth.reconstructed[s.muon[second]].all()
    # a segment with 3 hits has none beside it, but these are rare
    assert len(second) / truth.reconstructed.sum() == pytest.approx(0.3, abs=0.01)
    apart = np.abs(s.x[second] - s.x[first])
    assert 5 < np.median(apart) < 20
    assert np.unique(s.muon).size + len(second) == len(s.muon)


def test_segments_lie_within_their_chamber():
    offsets, crossings = scattered(np.random.default_rng(9), 40_000, border=-4)
    detector = Detector(second_segment=1, noise_segments=1)
    s, _ = make(detector, offsets, crossings)
    assert (np.abs(s.x) <= widths_cm()[s.code] / 2 + 1e-4).all()
    assert (np.abs(s.y) <= lengths_cm()[s.code] / 2 + 1e-4).all()


def test_segments_come_by_event_and_chamber_with_their_own_muon():
    rng = np.random.default_rng(10)
    offsets = muons_by_event(rng.integers(0, 4, 3000))
    track = np.sort(rng.integers(0, offsets[-1], 9000))
    _, crossings = scattered(rng, 9000)
    crossings = crossings._replace(track=track)
    s, truth = make(Detector(second_segment=0.3, noise_segments=3), offsets, crossings)
    assert len(s.offsets) == 3001
    assert s.offsets[0] == 0
    assert s.offsets[-1] == len(s.code)
    event = np.repeat(np.arange(3000), np.diff(s.offsets))
    by_chamber = event * 1000 + s.code.astype(int)
    assert (np.diff(by_chamber) >= 0).all()
    real = s.muon >= 0
    assert np.array_equal(np.searchsorted(offsets, s.muon[real], side="right") - 1, event[real])
    crossed = set(zip(track.tolist(), crossings.code.tolist(), strict=True))
    assert set(zip(s.muon[real].tolist(), s.code[real].tolist(), strict=True)) <= crossed
    assert np.array_equal(truth.muon, track)
    assert np.array_equal(np.searchsorted(offsets, track, side="right") - 1, truth.event)


def test_the_columns_have_the_types_of_the_contract():
    offsets, crossings = scattered(np.random.default_rng(11), 100)
    segments, truth = make(Detector(), offsets, crossings)
    singles = dict.fromkeys(
        ("x", "y", "dxdz", "dydz", "phi_chi2", "z_chi2", "phi_t0", "z_t0"), "f4"
    )
    others = {
        "offsets": "i8", "muon": "i8", "code": "i2", "phi_hits": "i2", "z_hits": "i2",
        "has_phi": "?", "has_zed": "?",
    }  # fmt: skip
    assert {name: c.dtype for name, c in segments._asdict().items()} == singles | others
    assert set(DrawnSegments._fields) == set(singles | others)
    dtypes = [column.dtype for column in truth]
    assert dtypes == ["i8", "i8", "i2", "f8", "f8", "f8", "?"]


def test_the_same_seed_gives_the_same_and_another_does_not():
    given = scattered(np.random.default_rng(12), 500)
    one, two = make(Detector(), *given), make(Detector(), *given)
    assert all(np.array_equal(a, b) for a, b in zip(one[0], two[0], strict=True))
    assert not np.array_equal(one[0].x, make(Detector(), *given, seed=8)[0].x)


def test_no_crossings_leave_no_segments():
    offsets = muons_by_event([0, 1, 0])
    segments, truth = make(Detector(**QUIET), offsets, crossings_at([], 0, 0, 0))
    assert segments.offsets.tolist() == [0, 0, 0, 0]
    assert len(truth.code) == 0


def test_the_default_gives_about_the_real_fraction_of_each_station():
    # rounded from the real efficiencies of the four stations
    n = 200_000
    offsets, crossings = scattered(np.random.default_rng(13), n, border=15)
    _, truth = make(Detector(), offsets, crossings)
    station = stations()[crossings.code]
    for s, expected in enumerate((0.9965, 0.9970, 0.9905, 0.9975), start=1):
        k, m = truth.reconstructed[station == s].sum(), (station == s).sum()
        width = binom.std(m, expected) / m
        # chambers are equally probable here and not there
        assert k / m == pytest.approx(expected, abs=4 * width + 0.001)
