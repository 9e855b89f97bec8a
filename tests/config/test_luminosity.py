"""Luminosity masks in configs: blocks inline or in a file, and nothing that is none."""

from __future__ import annotations

import gzip
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dtperf
from dtperf.config import config_to_yaml, load_config
from dtperf.errors import ConfigError, InputError
from dtperf.results.result import Result
from tests.helpers.made_results import made

GOLDEN_JSON = {"367080": [[5, 9], [1, 3]], "362433": [[10, 10]]}
IN_ORDER = {"362433": ((10, 10),), "367080": ((1, 3), (5, 9))}


def mask_of(text: str, folder: Path) -> Any:
    path = folder / "my.yaml"
    path.write_text(text)
    return load_config(path).selection.luminosity_mask


def test_a_file_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / "golden.json").write_text(json.dumps(GOLDEN_JSON))
    found = mask_of("selection: {luminosity_mask: golden.json}", tmp_path)
    assert found == IN_ORDER
    assert [*found] == [*IN_ORDER]


def test_a_file_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "golden.json.gz").write_bytes(gzip.compress(json.dumps(GOLDEN_JSON).encode()))
    monkeypatch.chdir(tmp_path)
    config = load_config("reference_2023", ["selection.luminosity_mask=golden.json.gz"])
    assert config.selection.luminosity_mask == IN_ORDER


def test_blocks_in_the_config(tmp_path: Path) -> None:
    text = "selection: {luminosity_mask: {367080: [[1, 3], [5, 9]], '362433': [[10, 10]]}}"
    assert mask_of(text, tmp_path) == IN_ORDER


def test_equal_masks_have_equal_hashes_and_others_do_not() -> None:
    a, b, c = (
        load_config({"selection": {"luminosity_mask": mask}})
        for mask in (
            {"1": [[1, 9]], "2": []},
            {"2": [], "1": [[4, 9], [1, 2], [3, 5]]},
            {"1": [[1, 8]]},
        )
    )
    assert a.hash == b.hash
    assert len({a.hash, c.hash, load_config({}).hash}) == 3


blocks = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 9)), max_size=8)


@given(st.dictionaries(st.integers(1, 9).map(str), blocks, max_size=3))
def test_joined_ranges_have_the_same_blocks(mask: dict[str, list[tuple[int, int]]]) -> None:
    ranges = {run: [[first, first + more] for first, more in its] for run, its in mask.items()}
    found = load_config({"selection": {"luminosity_mask": ranges}}).selection.luminosity_mask
    assert found is not None

    def one_by_one(each: Any) -> dict[str, set[int]]:
        return {run: {b for f, t in its for b in range(f, t + 1)} for run, its in each.items()}

    assert one_by_one(found) == one_by_one(ranges)
    for its in found.values():
        assert all(b[0] > a[1] + 1 for a, b in pairwise(its))


def test_it_survives_yaml_and_a_result(tmp_path: Path) -> None:
    config = load_config({"selection": {"luminosity_mask": GOLDEN_JSON}})
    (tmp_path / "shown.yaml").write_text(config_to_yaml(config))
    assert load_config(tmp_path / "shown.yaml") == config


WRONG = {
    "selection: {luminosity_mask: nowhere.json}": "nowhere.json: cannot be read",
    "selection: {luminosity_mask: list.json}": "list.json: is no golden JSON",
    "selection: {luminosity_mask: 3}": "luminosity_mask: 3 is not allowed",
    "selection: {luminosity_mask: {x: [[1, 2]]}}": "luminosity_mask.x",
    "selection: {luminosity_mask: {1: [[3, 2]]}}": "run 1: blocks 3 to 2 are none",
    "selection: {luminosity_mask: {1: [[1, 2, 3]]}}": "luminosity_mask.1",
    "selection: {luminosity_mask: {1: [[0, 2]]}}": "luminosity_mask.1[0][0]",
    "selection: {luminosity_mask: {1: [[1, 1.5]]}}": "luminosity_mask.1[0][1]",
    "selection: {luminosity_mask: {9999999999: [[1, 2]]}}": "9999999999 is no run number",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_mask(text: str, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("[1, 2]")
    with pytest.raises(ConfigError) as caught:
        mask_of(text, tmp_path)
    assert WRONG[text] in str(caught.value)
    assert "pydantic" not in str(caught.value)


def test_a_result_of_somebody_else_reads_no_file(tmp_path: Path) -> None:
    (tmp_path / "golden.json").write_text(json.dumps(GOLDEN_JSON))
    made([]).save(tmp_path / "out")
    content = json.loads((tmp_path / "out/result.json").read_text())
    content["config"]["selection"]["luminosity_mask"] = str(tmp_path / "golden.json")
    (tmp_path / "out/result.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"luminosity_mask: .*is not allowed"):
        Result.load(tmp_path / "out")


def test_the_python_api_takes_a_mapping_with_blocks() -> None:
    config = dtperf.load_config({"selection": {"luminosity_mask": {"1": [[1, 2]]}}})
    assert config.selection.luminosity_mask == {"1": ((1, 2),)}
