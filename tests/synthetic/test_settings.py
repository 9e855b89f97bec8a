from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dtperf.errors import ConfigError
from dtperf.synthetic import Settings, load_settings


def test_nothing_given_is_the_defaults() -> None:
    settings = load_settings()
    assert settings == Settings()
    assert (settings.events, settings.generation, settings.content) == (10_000, "B", "lean")


def test_a_file_and_then_the_overrides(tmp_path: Path) -> None:
    path = tmp_path / "sample.yaml"
    path.write_text("events: 50\nphysics: {mean_fakes: 0}\nbroken: [empty]\nfiles: 3\n")
    settings = load_settings(path, ["events=70", "detector.efficiency=0.9"])
    assert (settings.events, settings.files, settings.broken) == (70, 3, ("empty",))
    assert (settings.physics.mean_fakes, settings.detector.efficiency) == (0, 0.9)
    assert load_settings(settings, ["seed=5"]).files == 3


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "sample.yaml"
    path.write_text("# nothing yet\n")
    assert load_settings(path) == Settings()


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("evnts=5", ["evnts=5: ", "unknown key", "did you mean 'events'"]),
        ("physics.mean_fake=1", ["did you mean 'physics.mean_fakes'"]),
        ("generation=C", ["generation", "'A', 'B'"]),
        ("format=csv", ["'ttree', 'rntuple'"]),
        ("events=0", ["events: 0 is not allowed", "whole number from 1"]),
        ("broken=[melted]", ["broken[0]", "'truncated'", "'bad-range'"]),
        ("detector.resolution.x_cm=wide", ["detector.resolution.x_cm", "number from 0 to 10"]),
        ("detector.chambers={MB9: 1}", ["no chamber is called 'MB9'"]),
    ],
)
def test_an_error_names_key_and_what_is_allowed(override: str, parts: list[str]) -> None:
    with pytest.raises(ConfigError) as error:
        load_settings(None, [override])
    assert [part for part in parts if part not in str(error.value)] == []


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ({"events": 3, "files": 4}, "3 are too few for 4 files"),
        ({"broken": ("empty",)}, "files must be more than that, not 1"),
        ({"broken": ("empty", "empty"), "files": 5}, "'empty' is given twice"),
        ({"compression": "lzma", "compression_level": 10}, "10 is more than lzma has, 9"),
    ],
)
def test_what_does_not_fit_together_is_refused(content: dict[str, Any], part: str) -> None:
    with pytest.raises(ConfigError, match=part):
        load_settings(content)


def test_a_file_that_is_not_there_or_no_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_settings(tmp_path / "none.yaml")
    path = tmp_path / "list.yaml"
    path.write_text("- 1\n")
    with pytest.raises(ConfigError, match="is not a config, which has sections such as 'physics:'"):
        load_settings(path)


def test_level_and_basket_follow_from_the_rest() -> None:
    lean, full = load_settings(), load_settings({"content": "full", "compression": "lzma"})
    assert full.basket_events < lean.basket_events
    assert (lean.level, full.level) == (1, 1)
    given = load_settings({"cluster_events": 77, "compression_level": 9})
    assert (given.basket_events, given.level) == (77, 9)
