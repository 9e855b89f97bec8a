"""The ROOT file apart from the golden numbers: statistics, labels, empty objects, repeatability."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import hist
import numpy as np
import pytest
from uproot.writing import _cascade

from dtperf.measurements import STANDARD
from dtperf.results.export import reference_objects
from dtperf.results.export.cells import Bins
from dtperf.results.export.root import root_file
from dtperf.results.export.root_objects import RootHistogram
from dtperf.selection import Tables
from tests.helpers.root_files import read

X = Bins("x", "x [cm]", 3, 0.0, 3.0)
Y = Bins("y", "y", 2, 0.0, 1.0, given_edges=(0.0, 0.25, 1.0))


def test_statistics_of_one_axis() -> None:
    counts = np.array([5.0, 1, 0, 3, 7])
    with read(root_file({"h": RootHistogram("title", "entries", (X,), counts)})) as file:
        histogram = file["h"]
    assert histogram.member("fEntries") == 16
    sums = [histogram.member(f"fTsumw{which}") for which in ("", "2", "x", "x2")]
    assert sums == [4, 4, 0.5 + 3 * 2.5, 0.25 + 3 * 6.25]
    assert histogram.title == "title"
    assert histogram.member("fXaxis").member("fTitle") == "x [cm]"
    assert histogram.member("fYaxis").member("fTitle") == "entries"


def test_statistics_of_two_axes() -> None:
    counts = np.zeros((5, 4))
    counts[1, 2], counts[3, 1], counts[0, 1], counts[2, 3] = 2, 1, 10, 20
    with read(root_file({"h": RootHistogram("title", "entries", (X, Y), counts)})) as file:
        histogram = file["h"]
    np.testing.assert_array_equal(histogram.values(flow=True), counts)
    assert histogram.member("fEntries") == 33
    # two entries at (0.5, 0.625), one at (2.5, 0.125)
    members = {"": 3, "2": 3, "x": 3.5, "x2": 6.75, "y": 1.375, "y2": 0.796875, "xy": 0.9375}
    for which, value in members.items():
        assert histogram.member(f"fTsumw{which}") == pytest.approx(value, rel=1e-15), which
    assert len(histogram.member("fXaxis").member("fXbins")) == 0
    assert list(histogram.member("fYaxis").member("fXbins")) == [0, 0.25, 1]
    assert histogram.member("fZaxis").member("fTitle") == "entries"
    assert histogram.member("fOption") == "colz"


def test_profile_has_the_sums_of_the_entries(tables: Tables, counts: dict[str, hist.Hist]) -> None:
    rows = tables.crossings
    entering = np.logical_and.reduce([rows[name] for name in STANDARD["t0_profile"].rows])
    with read(root_file(reference_objects(counts))) as file:
        for station in range(1, 5):
            mask = entering & (rows["station"] == station)
            t0 = rows["t0"][mask].astype(np.float64)
            x = rows["sector"][mask] + 14 * (rows["wheel"][mask] + 2)
            profile = file[f"t0ProfileMB{station}"]
            entries = np.bincount(x, minlength=72)
            np.testing.assert_array_equal(profile.member("fBinEntries"), entries)
            sums = np.bincount(x, t0, minlength=72)
            squares = np.bincount(x, t0 * t0, minlength=72)
            np.testing.assert_allclose(profile.bases[0].bases[-1], sums, rtol=1e-9, atol=1e-7)
            np.testing.assert_allclose(profile.member("fSumw2"), squares, rtol=1e-9, atol=1e-5)
            assert profile.member("fTsumwy") == pytest.approx(t0.sum(), abs=1e-6)
            assert profile.member("fTsumwy2") == pytest.approx((t0 * t0).sum(), abs=1e-4)
            assert profile.member("fTsumw") == len(t0)


def test_runs_are_labels_of_the_bins(counts: dict[str, hist.Hist]) -> None:
    with read(root_file(reference_objects(counts))) as file:
        histogram, graph = file["effVsRunMB1_total"], file["effVsRunMB1"]
    assert histogram.axis().labels() == [str(run) for run in range(367000, 367040)]
    np.testing.assert_array_equal(graph.values("x"), np.arange(367000, 367040))
    want = counts["efficiency_vs_run"][{"station": hist.loc(1)}].view(flow=True).sum(axis=1)
    np.testing.assert_array_equal(histogram.values(), want)
    # these let hadd add up bins of the same run, and ROOT gives such an axis no mean
    assert histogram.member("fXaxis").member("fBits2") == 0b11
    labels = histogram.member("fXaxis").member("fLabels")
    assert [label.member("@fUniqueID") for label in labels] == list(range(1, 41))
    assert histogram.member("fTsumwx") == 0 < histogram.member("fTsumw")


def test_nothing_measured() -> None:
    empty = {name: measurement.empty() for name, measurement in STANDARD.items()}
    with read(root_file(reference_objects(empty))) as file:
        keys = file.keys(cycle=False)
        assert file["effVsPtMB1"].member("fNpoints") == 0
        assert file["effVsPtMB1"].classname == "TGraphAsymmErrors"
        assert file["effVsPtMB1_total"].values(flow=True).sum() == 0
        np.testing.assert_array_equal(file["t0ProfileMB1"].values(flow=True), np.zeros(72))
    # an axis without bins is none in ROOT
    assert not [key for key in keys if "Run" in key]
    assert root_file({})


def freeze(monkeypatch: pytest.MonkeyPatch, second: int) -> None:
    now = dt.datetime(2024, 5, 17, 12, 0, second, tzinfo=dt.UTC)
    clock = SimpleNamespace(datetime=SimpleNamespace(now=lambda: now))
    monkeypatch.setattr(_cascade, "datetime", clock)


def test_equal_content_gives_equal_bytes_but_for_times(
    counts: dict[str, hist.Hist], monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = reference_objects(counts)
    freeze(monkeypatch, 1)
    first, again = root_file(objects), root_file(reference_objects(counts))
    freeze(monkeypatch, 2)
    later = root_file(objects)
    assert first == again
    assert first != later
    assert len(first) == len(later)


def test_other_content_has_another_uuid(counts: dict[str, hist.Hist]) -> None:
    # uproot keeps objects in a cache by the UUID of the file and the name of the object
    mass = {"pair_mass": counts["pair_mass"]}
    changed = {"pair_mass": counts["pair_mass"].copy().fill([90.0])}
    files = [root_file(reference_objects(c)) for c in (mass, mass, changed)]
    uuids = [read(file).file.uuid for file in files]
    assert uuids[0] == uuids[1] != uuids[2]
    titled = [
        root_file({"h": RootHistogram(title, "entries", (X,), np.zeros(5))}) for title in ("a", "b")
    ]
    assert len({read(file).file.uuid for file in titled}) == 2
