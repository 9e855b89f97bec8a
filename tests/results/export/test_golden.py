"""Every object of the reference program, written to a ROOT file and read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot

from dtperf.results.export import export, reference_objects
from dtperf.results.result import Result
from tests.helpers.reference_books import golden_axes
from tests.results.export.conftest import DATA

KINDS = {name: kind for name, (kind, _) in golden_axes(DATA / "golden_expected.json.gz").items()}
CLASSES = {
    ("histogram", 1): "TH1D",
    ("histogram", 2): "TH2D",
    ("efficiency", 1): "TH1D",
    ("efficiency", 2): "TH2D",
    ("profile", 1): "TProfile",
}
BEYOND_THE_REFERENCE = {f"effVsRunMB{station}" for station in range(1, 5)}


@pytest.fixture(scope="session")
def written(result: Result, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = export(result, tmp_path_factory.mktemp("golden") / "all.root", "root", "reference")
    with uproot.open(path) as file:
        yield file


def named(kind: str) -> list[str]:
    return [name for name, of_kind in KINDS.items() if of_kind == kind]


def test_there_are_79_and_each_is_there(written: Any, result: Result) -> None:
    assert len(KINDS) == 79
    assert reference_objects(result.counts).keys() == KINDS.keys() | BEYOND_THE_REFERENCE
    keys = set(written.keys(cycle=False))
    efficiencies = {*named("efficiency"), *BEYOND_THE_REFERENCE}
    parts = {f"{name}_{part}" for name in efficiencies for part in ("passed", "total")}
    assert keys - {"about"} == parts | KINDS.keys() | BEYOND_THE_REFERENCE


def parts_of(name: str, expected: dict[str, Any]) -> dict[str, list[Any]]:
    """Say which histograms of the file hold which arrays of the golden file."""
    item = expected[name]
    if item["kind"] == "histogram":
        return {name: item["counts"]}
    return {f"{name}_passed": item["passed"], f"{name}_total": item["total"]}


@pytest.mark.parametrize("name", [*named("histogram"), *named("efficiency")])
def test_counts(written: Any, expected: dict[str, Any], name: str) -> None:
    for part, counts in parts_of(name, expected).items():
        histogram = written[part]
        want = np.asarray(counts)
        assert histogram.classname == CLASSES[KINDS[name], want.ndim]
        np.testing.assert_array_equal(histogram.values(flow=True), want)
        np.testing.assert_array_equal(histogram.errors(flow=True), np.sqrt(want))
        assert histogram.member("fEntries") == want.sum()


@pytest.mark.parametrize("name", named("profile"))
def test_profile(written: Any, expected: dict[str, Any], name: str) -> None:
    profile = written[name]
    assert profile.classname == "TProfile"
    entries = np.asarray(expected[name]["entries"])
    np.testing.assert_array_equal(profile.counts(flow=True), entries)
    np.testing.assert_allclose(
        profile.values(flow=True), expected[name]["mean"], rtol=1e-9, atol=1e-9
    )
    assert profile.member("fEntries") == entries.sum() > 0


@pytest.mark.parametrize("name", named("efficiency"))
def test_graph_or_map(written: Any, expected: dict[str, Any], name: str) -> None:
    item = expected[name]
    if "low" not in item:
        check_map(written[name], item)
        return
    graph = written[name]
    assert graph.classname == "TGraphAsymmErrors"
    passed, total = (np.asarray(item[part])[1:-1] for part in ("passed", "total"))
    filled = total > 0
    assert graph.member("fNpoints") == filled.sum() > 0
    edges = np.asarray(item["axes"][0])
    half = np.diff(edges)[filled] / 2
    np.testing.assert_allclose(graph.values("x"), edges[:-1][filled] + half, rtol=0, atol=1e-12)
    np.testing.assert_allclose(graph.values("y"), (passed / np.maximum(total, 1))[filled])
    for which in ("low", "high"):
        np.testing.assert_allclose(graph.errors(which, "x"), half, rtol=0, atol=1e-12)
        np.testing.assert_allclose(
            graph.errors(which, "y"), np.asarray(item[which])[filled], rtol=0, atol=1e-9
        )


def check_map(profile: Any, item: dict[str, Any]) -> None:
    assert profile.classname == "TProfile2D"
    passed, total = (np.asarray(item[part], dtype=float) for part in ("passed", "total"))
    np.testing.assert_array_equal(profile.counts(flow=True), total)
    np.testing.assert_allclose(profile.values(flow=True), passed / np.where(total > 0, total, 1))
    for axis, edges in zip(profile.axes, item["axes"], strict=True):
        np.testing.assert_allclose(axis.edges(), edges, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", KINDS)
def test_axes(written: Any, expected: dict[str, Any], name: str) -> None:
    suffix = "_total" if KINDS[name] == "efficiency" else ""
    axes = written[name + suffix].axes
    want = expected[name]["axes"]
    assert len(axes) == len(want)
    for axis, edges in zip(axes, want, strict=True):
        np.testing.assert_allclose(axis.edges(), edges, rtol=0, atol=1e-12)
        # ROOT finds the bin of a value by another rule where edges are given one by one
        assert bool(len(axis.member("fXbins"))) == ("VsPtMB" in name and KINDS[name] != "histogram")


def test_file_is_where_it_was_asked_for(result: Result, tmp_path: Path) -> None:
    assert export(result, tmp_path / "deep" / "x.root") == tmp_path / "deep" / "x.root"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["x.root"]
