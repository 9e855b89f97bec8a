"""The files as ROOT itself reads them; left out where ROOT (`pip install ROOT`) is not there."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import hist
import numpy as np
import pytest

from dtperf.measurements import STANDARD
from dtperf.results.export import export, readable_objects, reference_objects
from dtperf.results.export.root import root_file
from dtperf.results.export.root_objects import ReferenceObject, RootEfficiency, RootProfile
from dtperf.results.result import Result
from dtperf.selection import Tables
from dtperf.statistics import clopper_pearson

with warnings.catch_warnings():
    # the wheel announces that it is an alpha release
    warnings.simplefilter("ignore")
    ROOT = pytest.importorskip("ROOT")
    ROOT.gROOT.SetBatch(True)

NAMINGS = ("readable", "reference")


@pytest.fixture(scope="module", params=NAMINGS)
def case(
    request: pytest.FixtureRequest, result: Result, tmp_path_factory: pytest.TempPathFactory
) -> Any:
    """Give the objects, and the file of ROOT that holds them."""
    path = tmp_path_factory.mktemp("root") / "all.root"
    export(result, path, "root", request.param)
    if request.param == "readable":
        objects = readable_objects(result.counts, result.config.measurements.active())
    else:
        objects = reference_objects(result.counts)
    file = ROOT.TFile.Open(str(path))
    yield objects, file
    file.Close()


def of(objects: dict[str, ReferenceObject], kind: str) -> dict[str, ReferenceObject]:
    return {name: item for name, item in objects.items() if item.kind == kind}


def contents(histogram: Any, shape: tuple[int, ...], getter: str = "GetBinContent") -> np.ndarray:
    """Ask for every bin, flow bins included."""
    get = getattr(histogram, getter)
    return np.array([get(*bins) for bins in np.ndindex(*shape)]).reshape(shape)


def check_axes(histogram: Any, item: ReferenceObject) -> None:
    for axis, bins in zip((histogram.GetXaxis(), histogram.GetYaxis()), item.axes, strict=False):
        assert axis.GetNbins() == bins.number
        edges = [axis.GetBinLowEdge(i + 1) for i in range(bins.number + 1)]
        np.testing.assert_allclose(edges, bins.edges, rtol=0, atol=1e-12)
        assert axis.GetTitle() == bins.title


def check_histogram(histogram: Any, item: ReferenceObject, counts: np.ndarray) -> None:
    assert histogram.ClassName() == f"TH{len(item.axes)}D"
    assert histogram.GetDimension() == len(item.axes)
    check_axes(histogram, item)
    np.testing.assert_array_equal(contents(histogram, counts.shape), counts)
    errors = contents(histogram, counts.shape, "GetBinError")
    np.testing.assert_allclose(errors, np.sqrt(counts), rtol=1e-15)
    assert histogram.GetEntries() == counts.sum()
    assert histogram.Integral() == counts[(slice(1, -1),) * counts.ndim].sum()


def check_statistics(histogram: Any, dimensions: int) -> None:
    """Compare the statistics in the file with those that ROOT makes of the bins."""
    stored = [getattr(histogram, which)(i + 1) for i in range(dimensions) for which in MOMENTS]
    histogram.ResetStats()
    made = [getattr(histogram, which)(i + 1) for i in range(dimensions) for which in MOMENTS]
    np.testing.assert_allclose(stored, made, rtol=1e-9, atol=1e-9)


MOMENTS = ("GetMean", "GetStdDev")


def test_histograms(case: Any) -> None:
    objects, file = case
    chosen = of(objects, "histogram")
    assert len(chosen) > 30
    for name, item in chosen.items():
        histogram = file.Get(name)
        check_histogram(histogram, item, item.counts)
        check_statistics(histogram, len(item.axes))


def test_efficiencies(case: Any) -> None:
    objects, file = case
    chosen = of(objects, "efficiency")
    assert len(chosen) > 30
    for name, item in chosen.items():
        assert isinstance(item, RootEfficiency)
        passed, total = file.Get(f"{name}_passed"), file.Get(f"{name}_total")
        check_histogram(passed, item, item.passed)
        check_histogram(total, item, item.total)
        check_statistics(total, len(item.axes))
        assert ROOT.TEfficiency.CheckConsistency(passed, total)
        if len(item.axes) == 1:
            check_graph(file.Get(name), item, ROOT.TEfficiency(passed, total))
        else:
            check_map(file.Get(name), item)


def check_map(profile: Any, item: RootEfficiency) -> None:
    assert profile.ClassName() == "TProfile2D"
    assert profile.GetOption() == "colz"
    check_axes(profile, item)
    shape = item.total.shape
    numbers = {bins: profile.GetBin(*bins) for bins in np.ndindex(*shape)}
    entries = np.array([profile.GetBinEntries(each) for each in numbers.values()]).reshape(shape)
    np.testing.assert_array_equal(entries, item.total)
    some = np.maximum(item.total, 1)
    efficiency = item.passed / some
    np.testing.assert_allclose(contents(profile, shape), efficiency, rtol=1e-15)
    # ROOT gives a bin without any spread, and few others, an error of its own
    spread = np.sqrt(efficiency * (1 - efficiency) / some)
    usual = (item.passed > 0) & (item.passed < item.total)
    errors = contents(profile, shape, "GetBinError")
    np.testing.assert_allclose(errors[usual], spread[usual], rtol=1e-6)
    assert profile.GetEntries() == item.total.sum()
    assert profile.GetZaxis().GetTitle() == "efficiency"
    check_statistics(profile, 3)


def check_graph(graph: Any, item: RootEfficiency, efficiency: Any) -> None:
    """Compare with the file's own numbers, and with the errors that ROOT gives an efficiency."""
    assert graph.ClassName() == "TGraphAsymmErrors"
    bins = np.flatnonzero(item.total[1:-1] > 0)
    low, high = clopper_pearson(item.passed[1:-1][bins], item.total[1:-1][bins])
    assert graph.GetN() == len(bins) > 0
    for point, number in enumerate(bins):
        x = item.axes[0].values[number] if item.axes[0].labelled else item.axes[0].centres[number]
        y = item.passed[number + 1] / item.total[number + 1]
        half = np.diff(item.axes[0].edges)[number] / 2
        assert graph.GetPointX(point) == pytest.approx(x, abs=1e-12)
        assert graph.GetPointY(point) == y == efficiency.GetEfficiency(int(number) + 1)
        assert graph.GetErrorXlow(point) == graph.GetErrorXhigh(point) == pytest.approx(half)
        errors = graph.GetErrorYlow(point), graph.GetErrorYhigh(point)
        assert errors == pytest.approx((y - low[point], high[point] - y), abs=1e-15)
        made = [getattr(efficiency, f"GetEfficiencyError{side}")(int(number) + 1) for side in SIDES]
        assert errors == pytest.approx(tuple(made), abs=1e-9)
    assert graph.GetXaxis().GetTitle() == item.axes[0].title
    assert graph.GetYaxis().GetTitle() == "efficiency"
    assert graph.GetHistogram().GetTitle() == item.title


SIDES = ("Low", "Up")


def test_profiles(case: Any) -> None:
    objects, file = case
    chosen = of(objects, "profile")
    assert len(chosen) in (4, 20)
    for name, item in chosen.items():
        assert isinstance(item, RootProfile)
        profile = file.Get(name)
        assert profile.ClassName() == "TProfile"
        check_axes(profile, item)
        shape = item.entries.shape
        np.testing.assert_array_equal(contents(profile, shape, "GetBinEntries"), item.entries)
        np.testing.assert_allclose(contents(profile, shape), item.mean, rtol=1e-15)
        assert profile.GetEntries() == item.entries.sum()
        check_statistics(profile, 2)


def test_profile_is_the_one_that_root_fills(
    tables: Tables, counts: dict[str, hist.Hist], tmp_path: Path
) -> None:
    path = tmp_path / "a.root"
    path.write_bytes(root_file(reference_objects(counts)))
    file = ROOT.TFile.Open(str(path))
    rows = tables.crossings
    entering = np.logical_and.reduce([rows[name] for name in STANDARD["t0_profile"].rows])
    for station in range(1, 5):
        mask = entering & (rows["station"] == station)
        mine = file.Get(f"t0ProfileMB{station}")
        filled = ROOT.TProfile(f"filled{station}", "", 70, 0.5, 70.5)
        x = rows["sector"][mask] + 14 * (rows["wheel"][mask] + 2)
        for place, t0 in zip(x, rows["t0"][mask], strict=True):
            filled.Fill(float(place), float(t0))
        for getter in ("GetBinContent", "GetBinError", "GetBinEntries"):
            np.testing.assert_allclose(
                contents(mine, (72,), getter), contents(filled, (72,), getter), rtol=0, atol=1e-6
            )
        assert mine.GetEntries() == filled.GetEntries() > 0
        for getter in MOMENTS:
            for axis in (1, 2):
                made = getattr(filled, getter)(axis)
                assert getattr(mine, getter)(axis) == pytest.approx(made, abs=1e-6)
    file.Close()


def run_counts(runs: list[int], each: int) -> dict[str, hist.Hist]:
    counts = STANDARD["efficiency_vs_run"].empty({"run": runs})
    counts.view(flow=True)[...] = each
    return {"efficiency_vs_run": counts}


def test_hadd_adds_up_equal_runs(tmp_path: Path) -> None:
    merger = ROOT.TFileMerger(False)
    merger.OutputFile(str(tmp_path / "sum.root"), "RECREATE")
    for name, counts in {"a": run_counts([1, 2], 1), "b": run_counts([2, 7], 10)}.items():
        path = tmp_path / f"{name}.root"
        path.write_bytes(root_file(reference_objects(counts)))
        merger.AddFile(str(path))
    assert merger.Merge()
    file = ROOT.TFile.Open(str(tmp_path / "sum.root"))
    total = file.Get("effVsRunMB1_total")
    axis = total.GetXaxis()
    bins = {axis.GetBinLabel(i): total.GetBinContent(i) for i in range(1, axis.GetNbins() + 1)}
    assert {label: content for label, content in bins.items() if label} == {
        "1": 2,
        "2": 22,
        "7": 20,
    }
    file.Close()


def test_hadd_adds_up_maps(tmp_path: Path) -> None:
    merger = ROOT.TFileMerger(False)
    merger.OutputFile(str(tmp_path / "sum.root"), "RECREATE")
    for name, (failed, passed) in {"a": (1, 3), "b": (5, 1)}.items():
        counts = STANDARD["by_chamber"].empty()
        counts.view(flow=True)[:, 2, 3] = [failed, passed]
        path = tmp_path / f"{name}.root"
        path.write_bytes(root_file(readable_objects({"by_chamber": counts}, STANDARD)))
        merger.AddFile(str(path))
    assert merger.Merge()
    file = ROOT.TFile.Open(str(tmp_path / "sum.root"))
    chambers = file.Get("by_chamber/MB1")
    assert chambers.GetBinContent(3, 4) == pytest.approx(4 / 10)
    assert chambers.GetBinEntries(chambers.GetBin(3, 4)) == 10
    assert chambers.GetBinEntries(chambers.GetBin(1, 1)) == 0
    file.Close()


def test_hadd_keeps_what_is_said_of_the_events(tmp_path: Path) -> None:
    counts = STANDARD["by_chamber"].empty()
    objects = readable_objects({"by_chamber": counts}, STANDARD)
    merger = ROOT.TFileMerger(False)
    merger.OutputFile(str(tmp_path / "sum.root"), "RECREATE")
    for name in ("data", "synthetic events"):
        path = tmp_path / f"{name}.root"
        path.write_bytes(root_file(objects, {"source": name}))
        file = ROOT.TFile.Open(str(path))
        assert json.loads(str(file.Get("about").GetString())) == {"source": name}
        file.Close()
        merger.AddFile(str(path))
    assert merger.Merge()
    file = ROOT.TFile.Open(str(tmp_path / "sum.root"))
    said = [
        json.loads(str(key.ReadObj().GetString()))["source"]
        for key in file.GetListOfKeys()
        if key.GetName() == "about"
    ]
    assert sorted(said) == ["data", "synthetic events"]
    file.Close()


def test_nothing_measured(tmp_path: Path) -> None:
    path = tmp_path / "a.root"
    empty = {name: measurement.empty() for name, measurement in STANDARD.items()}
    path.write_bytes(root_file(reference_objects(empty)))
    file = ROOT.TFile.Open(str(path))
    assert file.Get("effVsPtMB1").GetN() == 0
    assert file.Get("t0ProfileMB1").GetEntries() == 0
    assert file.Get("effVsPtMB1_total").Integral() == 0
    file.Close()


def test_directories_are_those_of_the_measurements(case: Any) -> None:
    objects, file = case
    tops = {name.split("/")[0] for name in objects if "/" in name}
    found = {key.GetName() for key in file.GetListOfKeys() if key.IsFolder()}
    assert found == tops
    uuids = {file.GetDirectory(name).GetUUID().AsString() for name in tops}
    assert len(uuids | {file.GetUUID().AsString()}) == len(tops) + 1
