from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dtperf
from dtperf.results.result import Result
from dtperf.results.totals import SUMS
from dtperf.skim.analysis import Explorer
from dtperf.skim.cuts import MEASURED
from tests.helpers.golden import EDGES, GOLDEN, GOLDEN_RNTUPLE, efficiencies

README = str(Path(__file__).parents[2] / "README.md")
KEPT = (*SUMS, "files")


@cache
def explorer() -> Explorer:
    return Explorer(GOLDEN, "reference_2023")


def fresh(cuts: dict[str, Any], config: str = "reference_2023", files: Any = GOLDEN) -> Result:
    texts = [f"{key}={json.dumps(value)}" for key, value in cuts.items()]
    return dtperf.run(dtperf.load_config(config, texts), files)


def assert_equal(explored: Result, run: Result) -> None:
    assert {*explored} == {*MEASURED}
    for name in MEASURED:
        assert explored.counts[name].axes == run.counts[name].axes
        views = (np.asarray(each.counts[name].view(flow=True)) for each in (explored, run))
        np.testing.assert_array_equal(*views)
    for total in KEPT:
        assert explored.totals[total] == run.totals[total]
    assert efficiencies(explored) == efficiencies(run)
    assert explored.by_chamber() == run.by_chamber()
    assert explored.anomalies == {
        name: count for name, count in run.anomalies.items() if "events_not_in" not in name
    }
    assert explored.code == run.code


CUTS: list[dict[str, Any]] = [
    {},
    {"selection.probe.min_pt": 35.5, "selection.tag.min_pt": 45},
    {"selection.probe.min_pt": 0.0, "selection.probe.max_iso": 5.0, "selection.tag.max_iso": 0.5},
    {"selection.pair.min_mass": 60.1, "selection.pair.max_mass": 120.3},
    {"selection.pair.min_mass": 90.0, "selection.pair.max_mass": 92.0},
    {"selection.station.border_x": 0.0, "selection.station.border_y": 5},
    {"selection.station.border_x": -60.0, "selection.station.min_other_stations": 0},
    {"selection.station.min_rpc_layers": None, "selection.station.min_other_stations": 4},
    {"selection.station.max_abs_eta": [0.3, 0.5, 0.7, 0.9]},
    {"selection.passing.max_dx": 0.1, "selection.passing.max_dy": None},
    {"selection.tag.iso": "tracker", "selection.tag.max_iso": 0.6},
    {"selection.pair.charge": "same", "selection.pair.max_mass": 200.0},
    {"selection.passing.max_dx": 60.0, "selection.passing.max_dr": 8.0},
    {"selection.passing.max_dx": 0.4},
    {"selection.passing.max_dx": 0.4, "compatibility.truncate_extrapolation": False},
]


@pytest.mark.parametrize("cuts", CUTS, ids=str)
def test_other_cuts_give_what_a_fresh_run_gives(cuts: dict[str, Any]) -> None:
    assert_equal(explorer().measure(cuts), fresh(cuts))


def test_the_cut_sets_differ_from_each_other() -> None:
    found = [str(explorer().measure(cuts).by_station()) for cuts in CUTS]
    assert len({*found}) == len(found)


@settings(max_examples=8)
@given(
    st.dictionaries(
        st.sampled_from(["probe.min_pt", "tag.min_pt", "passing.max_dx", "passing.max_dy"]),
        st.floats(1, 60, width=32),
    ),
    st.dictionaries(
        st.sampled_from(["station.border_x", "station.border_y"]), st.floats(-50, 10, width=32)
    ),
)
def test_in_whatever_order_cuts_move(first: dict[str, float], second: dict[str, float]) -> None:
    # what an earlier step has found must not stay when its own cuts have moved
    for cuts in (first, first | second, second, {}):
        named = {f"selection.{key}": value for key, value in cuts.items()}
        assert_equal(explorer().measure(named), fresh(named))


@pytest.mark.parametrize("name", ["cms_dp_2023_049", "reference_2023"])
def test_other_configs_and_formats(name: str) -> None:
    helix = dtperf.load_config(name, ["extrapolation=helix"])
    other = Explorer([GOLDEN_RNTUPLE], helix)
    cuts = {"selection.probe.min_pt": 30.0, "selection.station.border_x": -20.0}
    run = dtperf.run(
        dtperf.load_config(helix, [f"{key}={value}" for key, value in cuts.items()]),
        GOLDEN_RNTUPLE,
    )
    assert_equal(other.measure(cuts), run)


def test_a_luminosity_mask_holds() -> None:
    runs = dtperf.run(dtperf.load_config("reference_2023"), GOLDEN)["efficiency_vs_run"]
    mask = {str(run): [[1, 100_000]] for run in [*runs.axes["run"]][:1]}
    config = dtperf.load_config(
        dtperf.load_config("reference_2023").model_dump() | {"selection": {"luminosity_mask": mask}}
    )
    run = dtperf.run(config, GOLDEN)
    assert 0 < run.totals["certified"] < run.totals["events"]
    explored = Explorer(GOLDEN, config)
    assert_equal(explored.measure(), run)
    moved = dtperf.load_config(config, ["selection.probe.min_pt=30"])
    found = explored.measure({"selection.probe.min_pt": 30})
    assert_equal(found, dtperf.run(moved, GOLDEN))
    assert found.config.selection == moved.selection


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    shutil.copy(GOLDEN, tmp_path / "a.root")
    config = dtperf.load_config("reference_2023", ["run.chunksize=100"])
    dtperf.run(config, tmp_path / "a.root", out=tmp_path / "out", limit_chunks=2)
    return tmp_path / "out"


@pytest.mark.parametrize("source", [Path, str, Result.load])
def test_a_result_gives_its_own_events(source: Callable[[Path], Any], saved: Path) -> None:
    found = Explorer(source(saved))
    assert 0 < found.events < explorer().events
    assert_equal(found.measure(), Result.load(saved))
    assert found.measure().by_station() != explorer().measure().by_station()


def test_a_result_of_which_a_file_was_replaced(saved: Path) -> None:
    shutil.copy(GOLDEN_RNTUPLE, saved.parent / "a.root")
    with pytest.raises(dtperf.InputError, match=r"a\.root.*(UUID|bytes)"):
        Explorer(saved)


def test_a_part_is_named_as_such(saved: Path) -> None:
    whole = explorer()
    part = Explorer(GOLDEN, "reference_2023", limit_events=150)
    assert part.events == part.measure().totals["events"] == 150
    assert part.loaded.startswith("only the first 150 of 4,000 events, from 1 of 1 file (")
    assert whole.loaded.startswith(f"all {whole.events:,} events of 1 file (")
    assert Explorer(saved, limit_events=10**9).loaded.startswith("all ")
    # the result's fileset knows its events before a file is opened
    assert Explorer(saved, limit_events=150).loaded.startswith("only the first 150 of ")


def test_files_beyond_the_limit_are_not_opened(tmp_path: Path) -> None:
    for name, source in (("a", GOLDEN), ("b", EDGES)):
        shutil.copy(source, tmp_path / f"{name}.root")
    dtperf.run(explorer().config, tmp_path, out=tmp_path / "out")
    (tmp_path / "b.root").unlink()
    part = Explorer(tmp_path / "out", limit_events=4000)
    assert part.loaded.startswith("only the first 4,000 events, from 1 of 2 files (")
    assert_equal(part.measure(), explorer().measure())
    with pytest.raises(dtperf.InputError, match=r"b\.root"):
        Explorer(tmp_path / "out", limit_events=4001)


def test_a_part_is_the_first_events(saved: Path) -> None:
    n = Result.load(saved).totals["events"]
    part = Explorer(GOLDEN, "reference_2023", limit_events=n)
    assert_equal(
        part.measure({"selection.probe.min_pt": 10}),
        Explorer(saved).measure({"selection.probe.min_pt": 10}),
    )


@pytest.mark.parametrize(
    ("cuts", "match"),
    [
        ({"selection.probe.min_ptt": 3}, r"selection\.probe\.min_ptt: unknown.*min_pt"),
        ({"selection.probe.min_pt": -1}, r"selection\.probe\.min_pt: -1.*from 0 to 7,000"),
        ({"selection.probe.min_pt": "20"}, r"selection\.probe\.min_pt: \"20\""),
        ({"selection.probe.min_pt": float("nan")}, r"selection\.probe\.min_pt: NaN"),
        ({"selection.station.min_other_stations": 1.5}, r"min_other_stations: 1\.5"),
        ({"selection.pair.min_mass": 110}, r"selection\.pair: no mass lies between"),
        ({"selection.tag.trigger": "none"}, r"selection\.tag\.trigger: is no cut that can"),
        ({"selection.luminosity_mask": {"1": [[1, 2]]}}, r"luminosity_mask: is no cut"),
        ({"extrapolation": "helix"}, r"extrapolation: is no cut"),
        ({"selection.luminosity_mask": None}, r"luminosity_mask: is no cut"),
        ({"selection": {}}, r"selection: name cuts one by one"),
        ({"selection.tag": {"min_pt": 3}}, r"selection\.tag: name cuts one by one"),
        ({"selection.probe.min_pt.x": 3}, r"min_pt is 20\.0 in the config, which is no section"),
        ({"run.redirectors": {"a": ["b"]}}, r"name cuts one by one"),
        ({"run.workers": 3}, r"run\.workers: is no cut"),
        ({"measurements.skip": ["by_chamber"]}, r"measurements: is no cut"),
        ({"probe": 3}, r"probe: unknown key"),
    ],
)
def test_a_wrong_cut_is_named(cuts: dict[str, Any], match: str) -> None:
    before = explorer().measure()
    with pytest.raises(dtperf.ConfigError, match=match):
        explorer().measure(cuts)
    assert_equal(explorer().measure(), before)


def test_numbers_of_numpy_are_numbers() -> None:
    cuts = {"selection.probe.min_pt": np.float64(30), "selection.probe.min_pixel_hits": np.int8(2)}
    assert_equal(
        explorer().measure(cuts),
        fresh({"selection.probe.min_pt": 30, "selection.probe.min_pixel_hits": 2}),
    )


@pytest.mark.parametrize(
    ("source", "options", "error", "match"),
    [
        (GOLDEN, {}, dtperf.ConfigError, r"files need a config"),
        (GOLDEN, {"config": "reference"}, dtperf.ConfigError, r"reference_2023"),
        (GOLDEN, {"config": "reference_2023", "limit_events": 0}, dtperf.ConfigError, r"at least"),
        ("nowhere.root", {"config": "reference_2023"}, dtperf.InputError, r"nowhere\.root: no"),
        ("nowhere", {}, dtperf.InputError, r"nowhere: no such file or directory"),
        (README, {"config": "reference_2023"}, dtperf.InputError, r"README\.md: is not a ROOT"),
    ],
)
def test_what_cannot_be_explored(
    source: Any, options: dict[str, Any], error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        Explorer(source, **options)


def test_it_says_what_is_in_memory() -> None:
    told = "all 4,000 events of 1 file"
    assert repr(explorer()).startswith("<dtperf.Explorer of 'DT tag-and-probe")
    assert told in repr(explorer())
    shown = ET.fromstring(explorer()._repr_html_())
    assert told in "".join(shown.itertext())
    assert GOLDEN.name in "".join("".join(cell.itertext()) for cell in shown.iter("td"))
