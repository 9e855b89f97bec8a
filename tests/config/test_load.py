from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dtperf.config import AnalysisConfig, load_config
from dtperf.config.load import read_sections
from dtperf.config.values import differing
from dtperf.errors import ConfigError


def _message(source: Any, overrides: Sequence[str] = ()) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(source, overrides)
    message = str(caught.value)
    for jargon in ("Input should", "pydantic", "Traceback", "Field required", "type="):
        assert jargon not in message
    return message


def _file(folder: Path, text: str) -> Path:
    path = folder / "my.yaml"
    path.write_text(text, encoding="utf-8")
    return path


WRONG = {
    "title: 3": ["title: 3 is not allowed", "text"],
    "selection: 3": ["selection: 3", "section with the keys tag, probe, pair, station, passing"],
    "selection:": ["selection: null", "section with the keys tag"],
    "selection: {tag: {min_pt: abc}}": [
        'selection.tag.min_pt: "abc" is not allowed; allowed: number from 0 to 7,000'
    ],
    "selection: {tag: {min_pt: '27'}}": ['selection.tag.min_pt: "27"', "number"],
    "selection: {tag: {min_pt: true}}": ["selection.tag.min_pt: true", "number"],
    "selection: {tag: {min_pt: -1}}": ["selection.tag.min_pt: -1", "from 0 to"],
    "selection: {tag: {min_pt: .inf}}": ["selection.tag.min_pt", "number from 0 to"],
    "selection: {pair: {max_mass: .nan}}": ["selection.pair.max_mass", "number, more than 0"],
    "selection: {tag: {trigger: iso}}": [
        "selection.tag.trigger",
        "one of 'isolated', 'single', 'none'",
    ],
    "selection: {probe: {min_tracker_layers: 2.5}}": [
        "selection.probe.min_tracker_layers: 2.5",
        "whole number from 0 to 127",
    ],
    "selection: {probe: {min_tracker_layers: 2.0}}": ["min_tracker_layers: 2.0", "whole number"],
    "selection: {station: {max_abs_eta: 1.2}}": [
        "selection.station.max_abs_eta: 1.2",
        "list of 4 values, each number, more than 0",
    ],
    "selection: {station: {max_abs_eta: [1, 1, 1]}}": ["max_abs_eta[3]: missing", "number"],
    "selection: {station: {max_abs_eta: [1, 1, 1, 1, 1]}}": ["max_abs_eta: [1, 1, 1, 1, 1]", "4"],
    "selection: {station: {max_abs_eta: [1, 1, -2, 1]}}": ["max_abs_eta[2]: -2", "more than 0"],
    "selection: {passing: {choice: nearst}}": [
        'selection.passing.choice: "nearst" is not allowed',
        "one of 'most_hits', 'nearest'",
    ],
    "selection: {station: {borders: chamber}}": ["did you mean 'selection.station.border'"],
    "selection: {passing: {max_dy: no}}": ['selection.passing.max_dy: "no"', "null or number"],
    "selection: {max_mass: 106}": ["selection.max_mass: unknown key", "'selection.pair.max_mass'"],
    "selection: {pair: {max_mas: 106}}": ["unknown key", "did you mean 'selection.pair.max_mass'?"],
    "selection: {tag: {max_dx: 3}}": ["did you mean 'selection.passing.max_dx'?"],
    "selection: {max_iso: 1}": ["'selection.probe.max_iso' or 'selection.tag.max_iso'"],
    "selection: {pair: {zzz: 1}}": ["known are min_mass, max_mass, max_abs_dz, min_dr"],
    "selection: {pair: {3: 1}}": ["selection.pair.3: a key must be text"],
    "selektion: {}": ["selektion: unknown key; did you mean 'selection'?"],
    "pair: {max_mass: 106}": ["pair: unknown key; did you mean 'selection.pair'?"],
    "run: {executor: 3}": ["run.executor: 3", "one of 'iterative', 'futures', 'dask'"],
    "run: {workers: 0}": ["run.workers: 0", "null or whole number from 1 to 100,000"],
    "input: {tree: 3}": ["input.tree: 3", "text"],
    "input: {tree: ''}": ["input.tree"],
    "compatibility: {truncate_extrapolation: yes}": [
        'compatibility.truncate_extrapolation: "yes"',
        "true or false",
    ],
    "compatibility: {truncate_extrapolation: 1}": ["truncate_extrapolation: 1", "true or false"],
    "[1, 2]": ["[1, 2] is not a config, which has sections"],
    "just text": ['"just text" is not a config'],
    "": ["empty", "'reference_2023'"],
    "# only a comment": ["empty"],
}


@pytest.mark.parametrize(("text", "parts"), WRONG.items(), ids=WRONG)
def test_wrong_content(tmp_path: Path, text: str, parts: list[str]) -> None:
    path = _file(tmp_path, text)
    message = _message(path)
    for part in (str(path), *parts):
        assert part in message
    assert len(message.splitlines()) == 1


def test_every_error_is_told_at_once(tmp_path: Path) -> None:
    path = _file(tmp_path, "selection: {tag: {min_pt: a, max_isol: 1}}\nrun: {workers: none}\n")
    lines = _message(path).splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"{path}: ") for line in lines)


def test_endless_errors_are_cut_off() -> None:
    lines = _message({f"k{i}": 0 for i in range(20_000)}).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "and 19,980 more errors"


def test_long_values_and_names_are_cut_off() -> None:
    assert len(_message({"title": ["x" * 100_000]})) < 300
    assert len(_message({"x" * 100_000: 1})) < 300
    assert len(_message({"measurements": {"skip": ["x" * 100_000]}})) < 1000


@pytest.mark.parametrize(
    "source", [{"selection": {"tag": {"min_pt": 27}}}, {"selection": {"tag": {"min_pt": 27.0}}}]
)
def test_whole_numbers_are_numbers(source: dict[str, Any]) -> None:
    assert load_config(source) == AnalysisConfig()


def test_a_list_from_json_or_python() -> None:
    limits = load_config({"selection": {"station": {"max_abs_eta": [1, 1, 1, 1]}}})
    assert limits.selection.station.max_abs_eta == (1.0, 1.0, 1.0, 1.0)


def test_a_config_is_a_source() -> None:
    config = load_config("reference_2023")
    assert load_config(config) == config
    assert load_config(config, ["run.workers=2"]).run.workers == 2
    assert config.run.workers is None


def test_the_source_is_left_alone() -> None:
    source = {"selection": {"pair": {"min_mass": 70}}}
    config = load_config(source, ["selection.pair.max_mass=106"])
    assert (config.selection.pair.min_mass, config.selection.pair.max_mass) == (70, 106)
    assert source == {"selection": {"pair": {"min_mass": 70}}}


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("reference_2024", "reference_2023"), ("cms_dp_2023.yaml", "cms_dp_2023_049"), ("x", "known")],
)
def test_no_such_file(name: str, nearest: str) -> None:
    message = _message(name)
    assert name in message
    assert "no such file" in message
    assert nearest in message


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert "is a directory, and no config: the analysis comes first" in _message(tmp_path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_sections(tmp_path, "workers", "kind")  # nothing comes first of these


def test_overrides() -> None:
    config = load_config(
        "reference_2023",
        [
            "selection.pair.max_mass=106",
            "selection.station.max_abs_eta=[1.2,1.1,1,0.9]",
            "selection.passing.max_dy=null",
            "title=Z → mumu, a=b",
            "measurements.skip=[t0, t0_profile]",
            "run={workers: 3}",
            "selection.pair.max_mass=107",
        ],
    )
    assert config.selection.pair.max_mass == 107
    assert config.selection.station.max_abs_eta == (1.2, 1.1, 1.0, 0.9)
    assert config.selection.passing.max_dy is None
    assert config.title == "Z → mumu, a=b"
    assert config.measurements.skip == ("t0", "t0_profile")
    assert config.run.workers == 3


WRONG_OVERRIDES = {
    "selection.max_mass=106": ["selection.max_mass: unknown key", "'selection.pair.max_mass'"],
    "selection.tag.min_pt=abc": ['selection.tag.min_pt: "abc"', "number from 0"],
    "selection.tag.min_pt=": ["selection.tag.min_pt: null", "number from 0"],
    "selection.tag.min_pt.x=1": ["selection.tag.min_pt is 27.0", "no section"],
    "selection.tag.min_pt": ["not of the form key=value"],
    "=3": ["not of the form key=value"],
    "selection..min_pt=3": ["not of the form key=value"],
    "run.executor=[": ["line 1"],
    "run={workers: 1, workers: 2}": ['"workers" is given twice'],
}


@pytest.mark.parametrize(("text", "parts"), WRONG_OVERRIDES.items(), ids=WRONG_OVERRIDES)
def test_wrong_override(text: str, parts: list[str]) -> None:
    message = _message("reference_2023", [text])
    for part in (text, *parts):
        assert part in message


def test_an_override_that_does_not_fit_the_file() -> None:
    message = _message("reference_2023", ["selection.pair.max_mass=50"])
    assert message.startswith(
        "reference_2023 with selection.pair.max_mass=50: selection.pair: no mass lies between"
    )


def test_overrides_as_texts_as_one_text_and_as_values() -> None:
    texts = ["selection.probe.min_pt=25", "measurements.skip=[t0]"]
    wanted = load_config("reference_2023", texts)
    values = {"selection.probe.min_pt": np.float64(25), "measurements.skip": ("t0",)}
    assert load_config("reference_2023", values) == wanted
    assert load_config(load_config("reference_2023", texts[0]), texts[1]) == wanted
    assert wanted.selection.probe.min_pt == 25


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        ({"selection.probe.min_ptt": 3}, ["min_ptt=3: ", "did you mean 'selection.probe.min_pt'"]),
        ({"selection.probe.min_pt": "3"}, ['"3" is not allowed; allowed: number']),
        ({"selection.probe.min_pt.x": 3}, ["is no section"]),
        ({3: 4}, ["3=4: 3: unknown key"]),
    ],
)
def test_a_wrong_value(values: Any, parts: list[str]) -> None:
    message = _message("reference_2023", values)
    assert [part for part in parts if part not in message] == []


def test_a_config_is_its_own_config() -> None:
    config = load_config("reference_2023")
    assert load_config(config) is config
    assert "is no analysis" in _message(3)


def test_where_configs_differ() -> None:
    before = load_config("reference_2023", {"measurements.skip": ["t0"]})
    binning = {"efficiency_vs_pt": {"probe_pt": {"edges": [20, 30, 40]}}}
    now = load_config(
        before,
        {
            "selection.probe.min_pt": 25,
            "measurements.binning": binning,
            "title": "other",
            "run.workers": 3,
        },
    )
    pt, binned = differing(before, now)
    assert pt == "selection.probe.min_pt: 20.0 before, 25.0 now"
    assert binned.startswith("measurements.binning.efficiency_vs_pt: null before, ")
    assert differing(now, load_config(now, {"title": "", "run.workers": 4})) == []
    masks = {"selection.luminosity_mask": {"355100": ((1, 20),)}}
    assert "1, 20" in differing(before, load_config(before, masks))[0]
