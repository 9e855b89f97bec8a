"""One way to say an analysis, and one to say a result, wherever one is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from coffea.nanoevents import NanoEventsFactory

import dtperf
from dtperf import background, comparison, flags, plot
from dtperf.config import config_to_yaml
from dtperf.detector import Chamber
from dtperf.nanoaod import MuonDPGSchema
from dtperf.results.result import Result
from dtperf.selection.totals import totals
from dtperf.synthetic import generate
from tests.helpers.golden import GOLDEN

CUT = {"selection": {"probe": {"min_pt": 25.0}}}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, golden_result: Result) -> Path:
    return golden_result.save(tmp_path_factory.mktemp("results") / "golden")


@pytest.mark.parametrize("way", ["name", "path", "content", "config"])
def test_an_analysis_in_each_way(way: str, tmp_path: Path, golden_result: Result) -> None:
    config = golden_result.config
    path = tmp_path / "mine.yaml"
    path.write_text(config_to_yaml(config))
    given: Any = {
        "name": "reference_2023",
        "path": path,
        "content": config.model_dump(),
        "config": config,
    }[way]
    by_chamber = golden_result.by_chamber()
    assert dtperf.run(given, GOLDEN).by_chamber() == by_chamber
    assert dtperf.Analysis(GOLDEN, given).with_cuts().by_chamber() == by_chamber
    dtperf.skim.skim(given, GOLDEN, out=tmp_path / "skim")
    assert dtperf.run(given, tmp_path / "skim").by_chamber() == by_chamber
    events = NanoEventsFactory.from_root(
        {str(GOLDEN): "Events"}, schemaclass=MuonDPGSchema, mode="eager"
    ).events()
    tables = dtperf.tag_and_probe(events, given)
    assert totals(tables.pairs, tables.crossings)["pairs"] == golden_result.totals["pairs"]
    assert dtperf.SegmentEfficiency(given).config.hash == config.hash


def test_settings_as_a_mapping(tmp_path: Path) -> None:
    assert generate({"events": 20, "runs": 2}, tmp_path / "sample").directory.is_dir()
    with pytest.raises(dtperf.ConfigError, match="did you mean 'events'"):
        generate({"evnts": 20}, tmp_path / "other")


def test_a_result_or_its_directory(saved: Path, golden_result: Result, tmp_path: Path) -> None:
    assert Result.load(golden_result) is golden_result
    for name in (saved, str(saved)):
        assert flags.flag(name, name) == flags.flag(golden_result, golden_result)
        assert comparison.changes(name, golden_result).named == ()
        with pytest.raises(dtperf.InputError, match="run again with"):
            background.biases(name)
        assert plot.figure(name, "efficiency_vs_pt", name) is not None
        file = dtperf.export(name, tmp_path / "result.csv", "csv", force=True)
        assert file.read_text().startswith("station,wheel,sector,passed,")
        assert plot.inside_chamber(name, Chamber(-1, 12, 2)) is not None
    with pytest.raises(dtperf.InputError):
        plot.figure(saved / "nowhere", "efficiency_vs_pt")


def test_nowhere_is_no_directory_that_lacks_a_config(tmp_path: Path) -> None:
    with pytest.raises(dtperf.InputError, match="nowhere: no such file or directory"):
        dtperf.Analysis(tmp_path / "nowhere")
    with pytest.raises(dtperf.ConfigError, match="files need a config"):
        dtperf.Analysis(GOLDEN)


def test_a_cell_that_saves_can_be_run_again(tmp_path: Path, golden_result: Result) -> None:
    out = tmp_path / "out"
    for _ in range(2):
        again = dtperf.run("reference_2023", GOLDEN, out=out, resume=True)
        assert again.by_chamber() == golden_result.by_chamber()
    with pytest.raises(dtperf.ConfigError) as refused:
        dtperf.run(CUT, GOLDEN, out=out, resume=True)
    assert "selection.probe.min_pt: 20.0 before, 25.0 now" in str(refused.value)
