"""Data frames of histograms: every bin a row, and intervals from a closed formula."""

from __future__ import annotations

from dataclasses import replace

import hist
import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from dtperf import detector
from dtperf.errors import InputError
from dtperf.measurements import STANDARD
from dtperf.results.bin_columns import bins_frame
from dtperf.results.index import UnknownHistogram
from dtperf.results.result import Result
from tests.helpers.profiles import moments_of

TAIL = (1 - 0.682689492137086) / 2
X = hist.axis.Regular(2, 0, 10, name="x")


@pytest.mark.parametrize("name", ["by_chamber", "efficiency_vs_pt", "by_chamber_and_run"])
def test_intervals_are_those_of_the_closed_formula(golden_result: Result, name: str) -> None:
    frame = golden_result.to_pandas(name)
    filled = frame[frame.total > 0]
    k, n = filled.passed, filled.total
    np.testing.assert_array_equal(filled.efficiency, k / n)
    low = np.where(k > 0, beta.ppf(TAIL, k, n - k + 1), 0)
    high = np.where(k < n, beta.ppf(1 - TAIL, k + 1, n - k), 1)
    np.testing.assert_allclose(filled.low, low, rtol=0, atol=1e-12)
    np.testing.assert_allclose(filled.high, high, rtol=0, atol=1e-12)
    empty = frame[frame.total == 0]
    assert empty.efficiency.isna().all()


# the golden file has no luminosity and no pile-up
@pytest.mark.parametrize(
    "name", sorted(STANDARD.keys() - {"efficiency_vs_lumi", "efficiency_vs_pileup"})
)
def test_sums_are_those_of_the_histogram(golden_result: Result, name: str) -> None:
    frame, counts = golden_result.to_pandas(name), golden_result.counts[name]
    view = counts.view(flow=True)
    match counts.axes[-1].name:
        case "passed":
            assert frame.passed.sum() == view[..., 1].sum() > 0
            assert frame.total.sum() == view.sum()
        case "moment":
            assert frame.entries.sum() == view[..., 0].sum() > 0
        case _:
            assert frame.entries.sum() == view.sum() > 0
    assert not frame.map(lambda value: isinstance(value, tuple | list)).to_numpy().any()


def test_chambers_are_the_250_that_exist(golden_result: Result) -> None:
    frame = golden_result.to_pandas("by_chamber")
    places = [detector.Chamber(*row) for row in frame[["wheel", "sector", "station"]].to_numpy()]
    assert places == [*detector.chambers()]
    rows = golden_result.by_chamber().to_pandas()
    pd.testing.assert_frame_equal(rows.drop(columns="place"), frame)


def test_what_lies_beyond_has_infinite_edges() -> None:
    counts = hist.Hist(X, storage=hist.storage.Int64())
    counts.fill([-1, 1, 6, 7, 99, 99])
    frame = bins_frame(counts)
    assert frame.to_dict("list") == {
        "x_low": [-np.inf, 0, 5, 10],
        "x_high": [0, 5, 10, np.inf],
        "entries": [1, 1, 2, 2],
        "variance": [1, 1, 2, 2],
    }
    assert frame.entries.dtype == np.int64


def test_a_profile_has_mean_and_spread() -> None:
    measurement = STANDARD["t0_profile"]
    counts, t0 = measurement.empty(), np.array([1.5, -2.0, 4.25])
    units = np.array([2.0**30, 2.0**24])
    counts[{"station": hist.loc(2), "wheel": hist.loc(-1), "sector": hist.loc(12)}] = moments_of(
        [len(t0), t0.sum() * units[0], (t0 * t0).sum() * units[1]]
    )
    counts[{"station": hist.loc(4), "wheel": hist.loc(0), "sector": hist.loc(14)}] = moments_of(
        [1, 3 * units[0], 9 * units[1]]
    )
    frame = bins_frame(counts).set_index(["station", "wheel", "sector"])
    assert len(frame) == 250
    row = frame.loc[2, -1, 12]
    assert row.entries == 3
    assert row["mean"] == pytest.approx(t0.mean())
    assert row.spread == pytest.approx(t0.std(ddof=1))
    assert row.uncertainty == pytest.approx(t0.std(ddof=1) / np.sqrt(3))
    alone = frame.loc[4, 0, 14]
    assert alone["mean"] == 3
    assert np.isnan(alone.spread)
    assert frame["mean"].notna().sum() == 2


def test_weights_have_a_variance() -> None:
    counts = hist.Hist(X, storage=hist.storage.Weight()).fill([1, 1, 6], weight=[0.5, 2, 3])
    frame = bins_frame(counts)
    assert frame.sum_of_weights.tolist() == [0, 2.5, 3, 0]
    assert frame.variance.tolist() == [0, 4.25, 9, 0]


def test_categories_are_named() -> None:
    axes = (
        hist.axis.StrCategory(["MB1", "MB2"], name="kind"),
        hist.axis.IntCategory([7, 9], name="run", growth=True),
        hist.axis.Boolean(name="good"),
        hist.axis.Integer(0, 2, name="layers"),
    )
    counts = hist.Hist(*axes, storage=hist.storage.Double())
    counts.fill(kind=["MB2", "other"], run=[9, 7], good=[True, False], layers=[1, 5])
    frame = bins_frame(counts)
    filled = frame[frame.entries > 0]
    assert filled.run.tolist() == [9, 7]
    assert filled.good.tolist() == [True, False]
    assert filled.kind.iloc[0] == "MB2"
    assert filled.kind.isna().tolist() == [False, True]
    # with bins beyond an axis of integers has edges as any other
    assert filled.layers_low.tolist() == [1, 2]
    assert filled.layers_high.tolist() == [2, np.inf]


def test_a_processors_efficiency_is_one(golden_result: Result) -> None:
    passed = hist.axis.Boolean(name="passed")
    counts = hist.Hist(X, passed, storage=hist.storage.Int64()).fill([1, 1, 6], [True, False, True])
    frame = bins_frame(counts)
    assert frame.passed.tolist() == [0, 1, 1, 0]
    assert frame.total.tolist() == [0, 2, 1, 0]
    weighted = hist.Hist(X, passed, storage=hist.storage.Weight())
    assert "sum_of_weights" in bins_frame(weighted)
    alone = bins_frame(hist.Hist(passed, storage=hist.storage.Int64()).fill([True, True]))
    assert alone.to_dict("list") == {"passed": [False, True], "entries": [0, 2], "variance": [0, 2]}


def test_no_runs_are_no_rows() -> None:
    frame = bins_frame(STANDARD["efficiency_vs_run"].empty())
    assert frame.empty
    assert [*frame][:4] == ["station", "run", "passed", "total"]


def test_an_axis_that_is_named_as_a_column_of_numbers() -> None:
    axis = hist.axis.Integer(0, 2, name="entries", flow=False)
    with pytest.raises(InputError, match="two columns would be named 'entries'"):
        bins_frame(hist.Hist(axis, storage=hist.storage.Int64()))


def test_places_outside_of_the_detector_are_kept_if_something_is_there() -> None:
    axes = STANDARD["by_chamber"].empty().axes
    counts = hist.Hist(*axes, storage=hist.storage.Int64())
    counts.fill(station=1, wheel=0, sector=13, passed=True)
    frame = bins_frame(counts)
    assert len(frame) == 251
    assert frame.total.sum() == 1


def test_unknown_names_name_the_nearest(golden_result: Result) -> None:
    with pytest.raises(UnknownHistogram, match="did you mean 'by_chamber'"):
        golden_result.to_pandas("by_chambers")


def test_what_a_processor_has_counted(golden_result: Result) -> None:
    counts = hist.Hist(X, storage=hist.storage.Int64()).fill([1, 1, 6])
    result = replace(golden_result, extra={"t0/MB1": counts, "pairs": 3})
    assert result.to_pandas("extra/t0/MB1").entries.tolist() == [0, 2, 1, 0]
    with pytest.raises(UnknownHistogram, match="its name is 'extra/t0/MB1'"):
        result.to_pandas("t0/MB1")
    with pytest.raises(UnknownHistogram, match=r"a number: result\.extra\['pairs'\]"):
        result.to_pandas("extra/pairs")
