"""The options of the selection wherever events are measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dtperf
from dtperf import Analysis
from dtperf.config import AnalysisConfig
from dtperf.results.html import counted_twice
from dtperf.results.result import SUMS
from dtperf.selection import needed_branches, tag_and_probe
from dtperf.selection.branches import Isolations
from dtperf.skim import skim
from tests.helpers.events import nano_events
from tests.helpers.golden import GOLDEN
from tests.helpers.reference_loop import read_events
from tests.nanoaod.files import read_arrays, write_like

REFERENCE = dtperf.load_config("reference_2023")
ALL = {
    "tag": {"iso": "tracker", "max_iso": 0.6},
    "probe": {"iso": "tracker", "max_iso": 0.6},
    "pair": {"charge": "same", "unique_probe": True, "min_mass": 20, "max_mass": 200},
    "station": {"border": "superlayers"},
    "passing": {"choice": "nearest"},
}
"""Every option away from its default, with cuts that leave enough pairs of the same charge."""
KEYS = {
    "selection.tag.iso": "tracker",
    "selection.probe.iso": "tracker",
    "selection.pair.charge": "same",
    "selection.pair.unique_probe": True,
    "selection.station.border": "superlayers",
    "selection.passing.choice": "nearest",
}
TRACKER = {"selection": {"probe": {"iso": "tracker"}}}


def test_what_counts_twice_is_in_the_totals(tmp_path: Path) -> None:
    config = dtperf.load_config("reference_2023", ["selection.pair.max_mass=300"])
    whole = dtperf.run(config, GOLDEN, out=tmp_path / "out")
    tables = tag_and_probe(_golden_events(), config)
    chosen = tables.pairs["selected"]
    pairs = [*zip(tables.pairs["event"][chosen], tables.pairs["probe"][chosen], strict=True)]
    assert whole.totals["repeated_probes"] == len(pairs) - len({*pairs}) > 0
    rows = tables.crossings
    counts = rows["is_eligible"] & rows["is_in_eta"] & rows["is_fiducial"]
    stations = [*zip(rows["pair"][counts], rows["station"][counts], strict=True)]
    assert whole.totals["double_crossings"] == len(stations) - len({*stations})
    assert counted_twice(whole).startswith("1 probe counted twice, ")
    assert whole.totals["repeated_probes"] == 1
    once = dtperf.load_config(config, ["selection.pair.unique_probe=true"])
    unique = dtperf.run(once, GOLDEN)
    assert unique.totals["repeated_probes"] == 0
    assert unique.totals["pairs"] == whole.totals["pairs"] - whole.totals["repeated_probes"]
    assert dtperf.Result.load(tmp_path / "out").totals == whole.totals
    parts = dtperf.run(dtperf.load_config(config, ["run.chunksize=700"]), GOLDEN)
    assert [parts.totals[name] for name in SUMS] == [whole.totals[name] for name in SUMS]


def _golden_events() -> Any:
    return nano_events(read_events(GOLDEN))


@pytest.fixture(scope="module")
def everything() -> dtperf.Result:
    return dtperf.run(AnalysisConfig.model_validate({"selection": ALL}), GOLDEN)


def test_options_change_what_is_measured(everything: dtperf.Result) -> None:
    assert everything.totals["pairs"] > 50
    for key, value in KEYS.items():
        section, name = key.split(".")[1:]
        less = {**ALL, section: {n: v for n, v in ALL[section].items() if n != name}}
        if key == "selection.pair.unique_probe":
            continue  # shown above
        other = dtperf.run(AnalysisConfig.model_validate({"selection": less}), GOLDEN)
        assert other.counts != everything.counts, (key, value)


@pytest.mark.parametrize("executor", ["futures", "dask"])
def test_every_executor_gives_the_same(executor: str, everything: dtperf.Result) -> None:
    settings = {"executor": executor, "workers": 2, "chunksize": 900}
    config = AnalysisConfig.model_validate({"selection": ALL, "run": settings})
    assert_same_counts(dtperf.run(config, GOLDEN), everything)


def test_lazily_too(everything: dtperf.Result) -> None:
    pytest.importorskip("dask_awkward")
    dask, lazy = pytest.importorskip("dask"), dtperf.lazy
    config = everything.config
    tables = lazy.tables(lazy.events(GOLDEN, config), config)
    (found,) = dask.compute(lazy.histograms(tables, config), scheduler="synchronous")
    assert [*found] == [*everything]
    for name, histogram in found.items():
        views = (np.asarray(each.view(flow=True)) for each in (histogram, everything[name]))
        np.testing.assert_array_equal(*views, err_msg=name)


@pytest.mark.parametrize("way", ["ntuple", "helix"])
def test_on_events_in_memory_one_option_after_the_other(way: str) -> None:
    cuts = {key: value for section in ALL.items() for key, value in _keys(*section)}
    plain = AnalysisConfig.model_validate({"extrapolation": way})
    in_memory = Analysis(GOLDEN, plain)
    before = in_memory.with_cuts()
    moved: dict[str, Any] = {}
    for key, value in cuts.items():
        moved[key] = value
        in_memory.with_cuts(moved)
    config = AnalysisConfig.model_validate({"extrapolation": way, "selection": ALL})
    assert_same_counts(in_memory.with_cuts(moved), dtperf.run(config, GOLDEN))
    assert_same_counts(in_memory.with_cuts(), before)


def _keys(section: str, values: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(f"selection.{section}.{name}", value) for name, value in values.items()]


def assert_same_counts(a: dtperf.Result, b: dtperf.Result) -> None:
    assert a.counts == b.counts
    for name in SUMS:
        assert a.totals[name] == b.totals[name]


def test_totals_do_not_depend_on_what_is_measured() -> None:
    in_memory = Analysis(GOLDEN, "reference_2023")
    few = in_memory.with_cuts(measurements=["pair_mass"])
    moved = {"selection.station.border_x": 5.0}
    assert few.totals == in_memory.with_cuts().totals
    assert (
        in_memory.with_cuts(moved, measurements=["pair_mass"]).totals
        == in_memory.with_cuts(moved).totals
    )


@pytest.fixture(scope="module")
def slimmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Golden events without the isolation by tracks."""
    arrays = {n: values for n, values in read_arrays(GOLDEN).items() if n != "muon_trkIso03"}
    return write_like(arrays, tmp_path_factory.mktemp("slimmed") / "slimmed.root")


def test_isolation_by_tracks_is_needed_only_if_it_is_used(slimmed: Path) -> None:
    plain = needed_branches("isolated")
    assert needed_branches("isolated", "ntuple", Isolations("pf", "tracker")) - plain == {
        "muon_trkIso03"
    }
    found, whole = (dtperf.run(REFERENCE, path) for path in (slimmed, GOLDEN))
    assert found.counts == whole.counts
    with pytest.raises(dtperf.InputError, match=r"1 not there: muon_trkIso03\. Was the file slim"):
        dtperf.run(dtperf.load_config(TRACKER), slimmed)


def test_isolation_by_tracks_can_be_measured() -> None:
    axis = {"type": "regular", "name": "probe_tracker_iso", "bins": 50, "start": 0, "stop": 5}
    added = {"title": "isolation", "table": "pairs", "axes": [axis]}
    config = dtperf.load_config({"measurements": {"add": {"tracker_iso": added}}})
    tables = tag_and_probe(_golden_events(), config)
    expected, _ = np.histogram(tables.pairs["probe_tracker_iso"], 50, (0, 5))
    for result in (dtperf.run(config, GOLDEN), Analysis(GOLDEN, config).with_cuts()):
        np.testing.assert_array_equal(result["tracker_iso"].values(), expected)


def test_events_without_isolation_by_tracks_are_refused_by_name(
    slimmed: Path, tmp_path: Path
) -> None:
    skim(REFERENCE, slimmed, out=tmp_path / "skim")
    for source in (Analysis(slimmed, "reference_2023"), Analysis(tmp_path / "skim")):
        assert source.with_cuts().totals["pairs"]
        with pytest.raises(dtperf.ConfigError, match=r"selection\.tag\.iso: .* muon_trkIso03"):
            source.with_cuts({"selection.tag.iso": "tracker"})
    with pytest.raises(dtperf.ConfigError, match=r"selection\.probe\.iso: .* muon_trkIso03"):
        dtperf.run(dtperf.load_config(TRACKER), tmp_path / "skim")
