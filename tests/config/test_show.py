from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from hypothesis import given, settings

from dtperf.config import AnalysisConfig, config_to_yaml, load_config
from dtperf.config.keys import all_keys, locate
from dtperf.config.load import packaged
from dtperf.config.reader import parse
from tests.config.strategies import configs


@given(config=configs())
@settings(max_examples=40)
def test_reads_back(config: AnalysisConfig) -> None:
    content = parse(config_to_yaml(config), "shown")
    assert isinstance(content, dict)
    again = load_config(content)
    assert again == config
    assert again.hash == config.hash


@pytest.mark.parametrize("title", ["1e3", "no", "null", "12:30", "2023-10-01", "09_1", "", "<<"])
def test_text_that_looks_like_something_else(title: str) -> None:
    text = config_to_yaml(AnalysisConfig(title=title))
    assert load_config(parse(text, "shown")).title == title  # type: ignore[arg-type]
    assert yaml.safe_load(text)["title"] == title


@pytest.mark.parametrize(
    "title",
    [
        "\u2028a",
        "a\x85b",
        "\x1c",
        "\ufeff",
        "a\nb\n",
        " a",
        "a: b #c",
        "\U0001f600",
        "\x7f",
        "Z→μμ",
    ],
)
def test_unusual_characters(title: str) -> None:
    text = config_to_yaml(AnalysisConfig(title=title))
    assert load_config(parse(text, "shown")).title == title  # type: ignore[arg-type]


def test_from_a_file(tmp_path: Path) -> None:
    config = load_config("cms_dp_2023_049")
    path = tmp_path / "shown.yaml"
    path.write_text(config_to_yaml(config), encoding="utf-8")
    assert load_config(path) == config


def test_has_every_key_and_its_docstring() -> None:
    text = config_to_yaml(AnalysisConfig())
    flat = " ".join(line.strip().removeprefix("# ") for line in text.splitlines())
    for key in all_keys():
        place = locate(key.split("."))
        assert f"{key.rpartition('.')[2]}:" in text
        assert place.text, f"{key} has no docstring"
        assert place.text in flat
    assert "Allowed: one of 'isolated', 'single', 'none'." in text
    assert max(map(len, text.splitlines())) <= 100


def test_what_differs_from_the_packaged_analysis_is_marked() -> None:
    changed = ["selection.probe.min_pt=25", "run.executor=futures", "measurements.skip=[t0]"]
    config = load_config("reference_2023", changed)
    text = str(config)
    keys = "selection.probe.min_pt, measurements.skip, run.executor"
    assert text.startswith(f"# as reference_2023 but for {keys}\n")
    marked = [line.strip() for line in text.splitlines() if "# instead of" in line]
    assert marked == [
        "min_pt: 25.0  # instead of 20.0 in reference_2023",
        "skip: [t0]  # instead of [] in reference_2023",
        'executor: futures  # instead of "iterative" in reference_2023',
    ]
    assert load_config(parse(text, "shown")) == config  # type: ignore[arg-type]
    html = ET.fromstring(config._repr_html_())
    assert [(each.text or "").strip() for each in html.iter("b")] == marked
    assert "".join(html.itertext()) == text.removesuffix("\n")
    assert repr(config).endswith(f"as reference_2023 but for {keys}>")


def test_a_packaged_analysis_is_itself() -> None:
    for name in packaged("analyses"):
        assert repr(load_config(name)).endswith(f": the same as {name}>")
        assert "# instead of" not in str(load_config(name))


@given(config=configs())
@settings(max_examples=10)
def test_marked_reads_back(config: AnalysisConfig) -> None:
    assert load_config(parse(str(config), "shown")) == config  # type: ignore[arg-type]
    ET.fromstring(config._repr_html_())
