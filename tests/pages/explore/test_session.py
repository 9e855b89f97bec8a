from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

import dtperf
from dtperf.config import AnalysisConfig, load_config
from dtperf.pages.explore.commands import python_line, settings, shell_line
from dtperf.pages.explore.session import not_shown
from dtperf.pages.explore.sliders import SLIDERS, sliders
from dtperf.results.result import Result
from dtperf.skim.analysis import Explorer
from dtperf.skim.cuts import with_cuts
from tests.helpers.golden import GOLDEN

OTHER = {
    "measurements": {"binning": {"efficiency_vs_pt": {"probe_pt": {"edges": [20, 35.5, 70]}}}},
    "selection": {"luminosity_mask": {"370000": [[1, 10], [20, 30]]}, "pair": {"min_dr": 1e-7}},
    "input": {"tree": "Ereignisse des Jahres: 2'24"},
    "title": "does not count",
}


def test_groups_that_cuts_do_not_move_are_named(golden_result: Result) -> None:
    config = load_config({"measurements": {"groups": ["trigger", "rpc"]}})
    assert not_shown(golden_result, load_config({})) == ""
    assert "Not shown: trigger, rpc; " in not_shown(golden_result, config)


@pytest.mark.parametrize("source", ["reference_2023", "cms_dp_2023_049", {}, OTHER], ids=str)
def test_the_settings_make_the_same_config(source: Any) -> None:
    config = load_config(source)
    name, sets = settings(config)
    assert load_config(name, sets).hash == config.hash
    assert (name, sets) == (source, []) or not isinstance(source, str)


@pytest.mark.parametrize("slider", SLIDERS, ids=lambda slider: slider.key)
def test_each_slider_moves_a_cut_that_the_command_names(slider: Any) -> None:
    config = load_config("reference_2023")
    origin = Explorer(GOLDEN, config, limit_events=1).origin
    values = [slider.low + slider.step, slider.high - slider.step]
    for value in values:
        cut = int(value) if slider.is_whole else value
        words = shlex.split(shell_line(origin, with_cuts(config, {slider.key: cut})))
        assert words[:6] == ["dtperf", "run", "reference_2023", str(GOLDEN), "-o", "explored"]
        assert load_config(words[2], words[7::2]).hash == with_cuts(config, {slider.key: cut}).hash
        assert words[6] == "--set"


def test_sliders_reach_the_value_of_the_config() -> None:
    config = load_config("reference_2023", ["selection.passing.max_dx=300"])
    found = {slider.key: slider for slider in sliders(config)}
    assert found["selection.passing.max_dx"].high == found["selection.passing.max_dx"].value == 300
    assert found["selection.probe.min_pt"].value == 20
    without = sliders(load_config("cms_dp_2023_049"))[-1]
    assert without.key == "selection.passing.max_dy"
    assert without.value is None


def test_what_does_not_fit_into_a_line_stands_in_capitals(tmp_path: Path) -> None:
    mask = {str(run): [[1, 2]] for run in range(370_000, 370_200)}
    config = AnalysisConfig.model_validate({"selection": {"luminosity_mask": mask}})
    origin = Explorer(GOLDEN, "reference_2023", limit_events=1).origin
    unknown = origin._replace(arguments=())
    assert shell_line(unknown, config) == "dtperf run CONFIG FILES -o explored"
    assert python_line(unknown, config) == "dtperf.run(CONFIG, FILES, out='explored')"


def test_a_result_is_repeated_from_its_own_fileset(tmp_path: Path) -> None:
    out = tmp_path / "a result"
    dtperf.run(load_config("reference_2023"), GOLDEN, out=out)
    explorer = Explorer(out)
    words = shlex.split(shell_line(explorer.origin, explorer.config))
    assert words == [
        "dtperf",
        "run",
        "reference_2023",
        f"{out}/fileset.json.gz",
        "-o",
        f"{out}-explored",
    ]
    # a result in memory knows its files alone
    origin = Explorer(dtperf.Result.load(out)).origin
    assert origin.arguments == (str(GOLDEN.resolve()),)


def test_a_result_of_a_part_names_no_files(tmp_path: Path) -> None:
    config = load_config("reference_2023", ["run.chunksize=1000"])
    part = dtperf.run(config, GOLDEN, out=tmp_path / "out", limit_chunks=2)
    for source in (part, tmp_path / "out"):
        assert Explorer(source).origin.arguments == ()
