from __future__ import annotations

import json

import hist
import numpy as np
import uhi.io.json

from dtperf.measurements import STANDARD
from dtperf.measurements.histograms import presented
from dtperf.results.export.tables import json_file
from tests.helpers.profiles import moments_of


def load(content: bytes) -> dict[str, hist.Hist]:
    read = json.loads(content, object_hook=uhi.io.json.object_hook)
    return {name: hist.Hist(value) for name, value in read.items()}


def test_json_gives_back_equal_histograms(counts: dict[str, hist.Hist]) -> None:
    read = load(json_file(counts))
    assert list(read) == list(counts)
    for name, histogram in read.items():
        want = presented(counts[name])
        assert histogram.axes.name == want.axes.name
        assert [axis.label for axis in histogram.axes] == [axis.label for axis in want.axes]
        for axis, other in zip(histogram.axes, want.axes, strict=True):
            np.testing.assert_array_equal(axis.edges, other.edges)
        assert type(histogram.storage_type()) is type(want.storage_type())
        assert_equal_bins(histogram.view(flow=True), want.view(flow=True))


def assert_equal_bins(got: np.ndarray, want: np.ndarray) -> None:
    if want.dtype.names is None:
        np.testing.assert_array_equal(got, want)
        return
    for field in ("count", "value"):
        np.testing.assert_array_equal(got[field], want[field])
    # UHI stores the variance instead
    field = "_sum_of_deltas_squared"
    np.testing.assert_allclose(got[field], want[field], rtol=1e-14)


def test_json_keeps_the_runs(counts: dict[str, hist.Hist]) -> None:
    read = load(json_file({"efficiency_vs_run": counts["efficiency_vs_run"]}))
    assert list(read["efficiency_vs_run"].axes["run"]) == list(range(367000, 367040))


def test_json_shows_profiles_as_profiles(counts: dict[str, hist.Hist]) -> None:
    read = load(json_file({"t0_profile": counts["t0_profile"]}))["t0_profile"]
    assert read.axes.name == ("station", "wheel", "sector")
    assert read.storage_type is hist.storage.Mean


def test_one_entry_has_no_spread_and_json_no_nan() -> None:
    profile = STANDARD["t0_profile"].empty()
    values = profile.view(flow=True)
    values[0, 0, 0] = moments_of([1, round(-4.1 * 2**30), round(4.1**2 * 2**24)])
    values[0, 0, 1] = moments_of([2, 2**31, 10 * 2**24])

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    content = json_file({"one": profile})
    json.loads(content, parse_constant=refuse)
    one = load(content)["one"].view(flow=True)
    assert one["count"][0, 0, :3].tolist() == [1, 2, 0]
    # by which it adds up with other ones
    assert one["_sum_of_deltas_squared"][0, 0, :3].tolist() == [0, 8, 0]


def test_json_is_repeatable(counts: dict[str, hist.Hist]) -> None:
    assert json_file(counts) == json_file({name: h.copy() for name, h in counts.items()})
