"""Trends of results: what is named, where it changed, what is left out, and what lines come to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import hist
import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer

import dtperf
from dtperf import plot
from dtperf.config import load_config
from dtperf.detector import Place, chambers
from dtperf.diagnostics.ageing import Trend, bins_of, trends
from dtperf.errors import ConfigError, InputError
from dtperf.results.result import Result
from tests.diagnostics.ageing.toys import ILL, SPREAD, THETA, drawn, with_theta, years

YEARS = years(runs=5)
SINCE = 35
RPC = "rpc_efficiency_by_station_and_run"


@pytest.fixture(scope="module")
def lumi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return YEARS.table(tmp_path_factory.mktemp("lumi") / "lumi.csv")


@pytest.fixture(scope="module")
def results() -> list[Result]:
    return drawn(5, YEARS, ageing=1e-4, ill_from=SINCE, **SPREAD)


@pytest.fixture(scope="module")
def found(results: list[Result], lumi: Path) -> Trend:
    return trends(*results, luminosity=lumi)["by_chamber_and_run"]


def test_each_change_is_named_once_and_described(found: Trend) -> None:
    assert {aged.place: aged.shape for aged in found.named} == {
        Place(station=1): "line",
        Place(*ILL): "steps",
    }
    [ill] = [aged for aged in found.named if aged.place == ILL]
    [step] = ill.steps
    assert step.between[0] <= YEARS.run[SINCE] <= step.between[1]
    assert step.after - step.before == pytest.approx(-0.1, abs=0.02)
    [aged] = [aged for aged in found.named if aged.place != ILL]
    assert aged.slope == pytest.approx(-0.01, abs=4 * aged.uncertainty)
    assert aged.uncertainty < 0.001
    assert found.remarks == []
    assert found.part_of(Place(0, 1, 1)) == aged
    assert found.part_of(Place(0, 1, 2)) is None
    assert [each.place for each in found.overlapping(Place(station=2))] == [ILL]


def test_slopes_of_all_places(found: Trend) -> None:
    assert len(found.slopes) == 352
    assert found.sums[1].place == Place(station=1)
    flagged = {slope.place for slope in found.cells if slope.q_value < 0.01}
    aged = {Place(*each) for each in chambers() if each.station == 1} | {Place(*ILL)}
    assert len(flagged & aged) > 55
    assert len(flagged - aged) < 4
    frame = found.to_pandas()
    assert {"place", "slope", "slope_low", "slope_high", "q_value", "expected"} < {*frame.columns}
    assert (frame["slope_low"] <= frame["slope"]).all()


def test_an_extrapolation_goes_on_along_the_line(
    results: list[Result], lumi: Path, found: Trend
) -> None:
    mb1 = found.of(Place(station=1))
    assert mb1 is not None
    mean = np.average(YEARS.middle, weights=YEARS.delivered)
    by_hand = mb1.efficiency.value + mb1.slope / 100 * (3000 - mean)
    assert mb1.expected == pytest.approx(by_hand, abs=0.01)
    assert mb1.expected_high - mb1.expected == pytest.approx(
        (mb1.high - mb1.slope) / 100 * (3000 - mean), rel=0.1
    )
    ill = found.of(ILL)
    assert ill is not None
    assert np.isnan(ill.expected)  # no line describes it
    for slope in found.slopes:
        assert not slope.expected_low < 0
        assert not slope.expected_high > 1
    value, low, high = found.line(Place(station=1), np.array([3000.0]))
    assert (value[0], low[0], high[0]) == mb1[-3:]
    later = trends(*results, luminosity=lumi, before=100.0)
    shifted = later["by_chamber_and_run"].of(Place(station=1))
    assert shifted is not None
    assert shifted.expected - mb1.expected == pytest.approx(1.0 * -mb1.slope, abs=1e-4)


def test_bins_are_of_equal_luminosity_and_hold_every_probe(found: Trend) -> None:
    whole = found.course(Place())
    bins = bins_of(found.counts, whole, 50.0)
    assert [(each.start, each.stop) for each in bins] == [(50 * n, 50 * n + 50) for n in range(6)]
    assert sum(each.total for each in bins) == found.counts.total.sum()
    # all chambers vary together by 0.05 %, stations by 0.1 %: in ten runs that is as much
    assert all(each.uncertainty > 1.5e-4 for each in bins)
    with pytest.raises(ConfigError, match="take from"):
        bins_of(found.counts, whole, 1e-3)


def test_per_year(results: list[Result], lumi: Path) -> None:
    trend = trends(*results, luminosity=lumi, against="time")["by_chamber_and_run"]
    mb1 = trend.of(Place(station=1))
    assert mb1 is not None
    time = np.diff(YEARS.begin[[0, -1]])[0] / (365.25 * 86_400)
    assert mb1.slope == pytest.approx(-0.03 / time, rel=0.2)
    assert trend.unit == "year"
    assert np.isnan(mb1.expected)


def test_a_chamber_that_was_ill_for_a_while_has_two_moments(lumi: Path) -> None:
    ill = drawn(6, YEARS, ill_from=20, ill_until=40)
    [aged] = trends(*ill, luminosity=lumi)["by_chamber_and_run"].named
    assert (aged.place, aged.shape) == (ILL, "steps")
    for step, at in zip(aged.steps, (20, 40), strict=True):
        assert step.between[0] <= YEARS.run[at] <= step.between[1]


def test_other_chambers_getting_the_probes_is_no_change(lumi: Path) -> None:
    """MB3 is at 99.0 %, others near 99.8 %: the barrel gains by losing half of its probes."""
    results = drawn(7, YEARS)
    rng = np.random.default_rng(1)
    for result in results[6:]:
        view = result.counts["by_chamber_and_run"].view()
        view[2] = rng.binomial(view[2].astype(int), 0.5)
    assert trends(*results, luminosity=lumi)["by_chamber_and_run"].named == ()


def test_runs_that_the_table_lacks_are_left_out_and_named(
    results: list[Result], tmp_path: Path, lumi: Path
) -> None:
    lines = lumi.read_text().splitlines()
    (tmp_path / "short.csv").write_text("\n".join(lines[:-3]))
    trend = trends(*results, luminosity=tmp_path / "short.csv")["by_chamber_and_run"]
    assert trend.counts.unknown == tuple(YEARS.run[-2:])
    [remark] = trend.remarks
    lost = sum(
        int(results[-1].counts["by_chamber_and_run"][{"run": hist.loc(int(run))}].sum())
        for run in YEARS.run[-2:]
    )
    assert f"short.csv: lacks runs {YEARS.run[-2]}, {YEARS.run[-1]}: {lost:,} probes" in remark
    assert trend.counts.total.sum() + lost == sum(
        int(result.counts["by_chamber_and_run"].sum()) for result in results
    )
    (tmp_path / "none.csv").write_text("\n".join(lines[:4]))
    with pytest.raises(InputError, match=r"none\.csv: lacks runs .* more of the results: write"):
        trends(*results, luminosity=tmp_path / "none.csv")


def test_one_result_with_all_runs_is_the_same(lumi: Path, found: Trend) -> None:
    [whole] = drawn(5, YEARS, periods=1, ageing=1e-4, ill_from=SINCE, **SPREAD)
    one = trends(whole, luminosity=lumi)["by_chamber_and_run"]
    np.testing.assert_array_equal(one.counts.passed, found.counts.passed)
    np.testing.assert_array_equal(one.counts.runs, found.counts.runs)
    assert [a.place for a in one.named] == [a.place for a in found.named]
    with pytest.raises(InputError, match="have read 1 of the same files"):
        trends(whole, whole, luminosity=lumi)


def test_every_efficiency_by_run_also_of_larger_places(results: list[Result], lumi: Path) -> None:
    config = load_config("dt_performance")
    active = config.measurements.active()
    rng = np.random.default_rng(1)
    made = []
    for result in results:
        runs = [int(run) for run in result.counts["by_chamber_and_run"].axes["run"]]
        rolls = active[RPC].empty({"run": runs})
        total = rng.poisson(2000, rolls.view().shape[:-1])
        first = np.searchsorted(YEARS.run, runs[0])
        lost = (
            3e-4
            * YEARS.middle[first : first + len(runs)]
            * (np.arange(4) == 2)[:, None, None, None]
        )
        passed = rng.binomial(total, 0.95 - lost)
        rolls.view()[...] = np.stack([total - passed, passed], axis=-1)
        made.append(replace(result, config=config, counts={**result.counts, RPC: rolls}))
    every = trends(*made, luminosity=lumi, target=None)
    assert [*every] == ["by_chamber_and_run", RPC]
    [aged] = every[RPC].named
    assert (aged.place, aged.shape) == (Place(station=3), "line")
    assert aged.slope == pytest.approx(-0.03, abs=0.001)
    assert every[RPC].cells[0].place.level == 1
    assert len(every[RPC].slopes) == 30
    with pytest.raises(ConfigError, match=r"'by_chambr' is no efficiency .* did you mean 'by_ch"):
        trends(*made, luminosity=lumi, only=["by_chambr"])


def test_a_measurement_without_mb4(lumi: Path, results: list[Result]) -> None:
    every = trends(*map(with_theta, results), luminosity=lumi)
    found, whole = every[THETA], every["by_chamber_and_run"]
    assert found.stations == whole.stations[:3]
    assert {slope.place for slope in found.cells} == {
        Place(*each) for each in chambers() if each.station < 4
    }
    slopes = {slope.place: slope for slope in whole.slopes}
    for slope in found.slopes:
        if slope.place.station is not None:
            assert slope.efficiency == pytest.approx(slopes[slope.place].efficiency)
    assert {Place(station=1), Place(*ILL)} <= {aged.place for aged in found.named}
    panel = plot.ageing_trend(found).panels[0, 0]
    drawn_as = [each for each in panel.containers if isinstance(each, ErrorbarContainer)]
    assert [each.get_label() for each in drawn_as] == ["MB1", "MB2", "MB3"]


def test_it_is_at_hand() -> None:
    assert dtperf.ageing.trends is trends
