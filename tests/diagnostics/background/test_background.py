"""Efficiencies without background, of masses drawn with a known truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from dtperf.diagnostics.background import Bias, biases
from dtperf.errors import ConfigError, InputError
from tests.cli.commands import Done, call
from tests.diagnostics.background.toys import Truth, toy

TRUTHS = (
    Truth(),
    Truth(signal=0.996, background=0.8, share=0.01),
    Truth(signal=0.99, background=0.5, share=0.08, slope=0.06),
    Truth(signal=0.9, background=0.3, share=0.02, slope=0.002),
)
TOYS = 5

Call = Callable[..., Done]


@pytest.fixture(scope="module")
def found() -> list[tuple[Bias, ...]]:
    """The estimates of some toys, four stations each."""
    return [biases(toy(seed, *TRUTHS)) for seed in range(TOYS)]


@pytest.mark.parametrize("method", ["sideband", "fitted"])
@pytest.mark.parametrize("station", range(4))
def test_estimates_spread_about_the_truth_as_told(
    found: list[tuple[Bias, ...]], station: int, method: str
) -> None:
    estimates = [
        each.sideband if method == "sideband" else each.fitted and each.fitted.estimate
        for each in (stations[station] for stations in found)
    ]
    pulls = np.array(
        [
            (each.efficiency - TRUTHS[station].signal) / each.uncertainty
            for each in estimates
            if each
        ]
    )
    assert len(pulls) == TOYS
    # the mean of 5 pulls has a spread of 0.45, their squares' sum is chi-square of 5
    assert abs(pulls.mean()) < 4 / np.sqrt(TOYS)
    assert 0.39 < np.sum(pulls**2) < 20.5


@pytest.mark.parametrize("station", range(4))
def test_the_bias_is_what_background_takes(found: list[tuple[Bias, ...]], station: int) -> None:
    truth = TRUTHS[station]
    expected = truth.share * (truth.background - truth.signal)
    for stations in found:
        each = stations[station]
        assert each.sideband
        assert each.fitted
        for estimate in (each.sideband, each.fitted.estimate):
            assert estimate.bias == pytest.approx(expected, abs=4 * estimate.bias_uncertainty)
            assert estimate.bias == pytest.approx(each.counted.value - estimate.efficiency)
            # the probes are common to both, and drop out
            assert estimate.bias_uncertainty < estimate.uncertainty


def test_the_share_of_background(found: list[tuple[Bias, ...]]) -> None:
    """The shape of the Z is not that of the fit: its share is known to some tenths of a percent."""
    for stations in found:
        for each, truth in zip(stations, TRUTHS, strict=True):
            assert each.fitted
            assert each.fitted.background == pytest.approx(truth.share, abs=0.01)
            assert 0.5 < each.fitted.chi2 / each.fitted.degrees_of_freedom < 2


def test_without_background_there_is_no_bias() -> None:
    clean = Truth(signal=0.995, share=0.0)
    for each in biases(toy(7, clean, clean, clean, clean)):
        assert each.sideband
        assert each.fitted
        for estimate in (each.sideband, each.fitted.estimate):
            assert abs(estimate.bias) < max(4 * estimate.bias_uncertainty, 0.0005)


def test_of_a_background_that_is_not_seen_no_efficiency_is_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    clean, dirty = Truth(signal=0.995, share=0.0), Truth(signal=0.99, background=0.5, share=0.08)
    result = toy(7, clean, dirty, clean, dirty)
    seen = [each.fitted and each.fitted.is_background_seen for each in biases(result)]
    assert seen == [False, True, False, True]
    done = call(monkeypatch, capfd, "background", result.save(tmp_path / "r"))
    assert done.out.count("none seen") == 2


def test_few_or_no_probes() -> None:
    found = biases(toy(1, Truth(z=100), Truth(z=0)))
    few, none, *_ = found
    assert few.fitted is None
    assert few.counted.total > 0
    assert none.fitted is None
    assert none.sideband is None
    assert none.counted.total == 0
    frame = found.to_pandas()
    assert frame.station.tolist() == [1, 2, 3, 4]
    assert frame.counted_total.tolist() == [each.counted.total for each in found]
    assert frame.fit_efficiency[:2].isna().all()
    assert frame.sideband_bias.isna().tolist() == [each.sideband is None for each in found]
    assert "no probe" in repr(found)


def test_another_window() -> None:
    wider, usual = (biases(toy(3, TRUTHS[0]), window)[0] for window in ((76, 106), (81, 101)))
    assert wider.counted.total > usual.counted.total


def test_a_window_between_the_bins() -> None:
    with pytest.raises(ConfigError, match=r"81\.3 to 101 GeV is not made of whole bins"):
        biases(toy(1, Truth()), (81.3, 101.0))


def test_masses_that_were_cut_off() -> None:
    with pytest.raises(InputError, match=r"run again with selection\.pair\.min_mass=60"):
        biases(toy(1, Truth(), options=[]))


def test_masses_that_were_not_measured() -> None:
    with pytest.raises(InputError, match=r"lacks 'efficiency_vs_mass'"):
        biases(replace(toy(1), counts={}))


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    dtperf = partial(call, monkeypatch, capfd)
    toy(2, *TRUTHS[:3]).save(tmp_path / "out")
    done = dtperf("background", tmp_path / "out", "--window", 76, 106)
    assert done.code == 0
    lines = done.out.splitlines()
    assert [line.split()[0] for line in lines[1:5]] == ["MB1", "MB2", "MB3", "MB4"]
    # a window half as wide again has half as much background again
    bias = float(lines[1].split()[8])
    assert bias == pytest.approx(1.5 * 100 * TRUTHS[0].share * (0.6 - 0.97), abs=0.4)
    assert "no probe" in lines[4]
    assert "Masses from 76 to 106 GeV" in done.out

    toy(2, Truth(), options=[]).save(tmp_path / "narrow")
    done = dtperf("background", tmp_path / "narrow")
    assert done.code == 1
    assert "run again with" in done.err
