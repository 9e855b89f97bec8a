from __future__ import annotations

import csv
import io
import json
import math

import hist
import numpy as np
import pytest
import uhi.io.json

from dtperf import detector
from dtperf.errors import InputError
from dtperf.measurements import STANDARD
from dtperf.measurements.histograms import presented
from dtperf.results.export.tables import csv_table, json_file
from dtperf.statistics import clopper_pearson


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


def test_json_is_repeatable(counts: dict[str, hist.Hist]) -> None:
    assert json_file(counts) == json_file({name: h.copy() for name, h in counts.items()})


@pytest.fixture
def rows(counts: dict[str, hist.Hist]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_table(counts).decode())))


def test_csv_has_the_250_chambers(rows: list[dict[str, str]]) -> None:
    header = ["wheel", "sector", "station", "passed", "total", "efficiency", "low", "high"]
    assert list(rows[0]) == header
    got = {tuple(int(row[key]) for key in ("station", "wheel", "sector")) for row in rows}
    assert len(rows) == len(got) == 250
    assert got == {(c.station, c.wheel, c.sector) for c in detector.chambers()}


def test_csv_has_the_counts(rows: list[dict[str, str]], counts: dict[str, hist.Hist]) -> None:
    for row in rows:
        place = {key: hist.loc(int(row[key])) for key in ("station", "wheel", "sector")}
        failed, passed = counts["by_chamber"][place].view(flow=True)
        assert (int(row["passed"]), int(row["total"])) == (passed, failed + passed)
    assert sum(int(row["total"]) for row in rows) == counts["by_chamber"].sum() > 0


def test_csv_numbers_read_back_exactly(rows: list[dict[str, str]]) -> None:
    for row in rows:
        passed, total = int(row["passed"]), int(row["total"])
        low, high = clopper_pearson(passed, total)
        assert (float(row["low"]), float(row["high"])) == (low, high)
        assert row["low"] == repr(float(low))
        if total:
            assert float(row["efficiency"]) == passed / total


def test_csv_of_nothing() -> None:
    table = csv_table({"by_chamber": STANDARD["by_chamber"].empty()}).decode()
    first = next(csv.DictReader(io.StringIO(table)))
    assert math.isnan(float(first["efficiency"]))
    assert (first["total"], first["low"], first["high"]) == ("0", "0.0", "1.0")
    assert "\r" not in table


def test_csv_without_by_chamber_says_what_is_missing() -> None:
    with pytest.raises(InputError, match="no 'by_chamber'"):
        csv_table({})
