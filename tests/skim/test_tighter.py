from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import dtperf
from dtperf import Analysis
from dtperf.config.keys import all_keys
from dtperf.skim import skim
from dtperf.skim.cut_rules import RULES, looser
from tests.helpers.golden import GOLDEN

# a processor is refused with any skim, whatever its cuts
FREE = {"title", "measurements", "plot", "processor", "run"}
"""Sections that select nothing."""

LOOSER: list[tuple[str, Any]] = [
    ("selection.tag.trigger", "none"),
    ("selection.tag.trigger", "single"),
    ("selection.tag.max_iso", 0.2),
    ("selection.tag.min_pt", 26.9),
    ("selection.probe.max_iso", 0.151),
    ("selection.probe.min_pt", 19.0),
    ("selection.probe.min_tracker_layers", 5),
    ("selection.probe.min_pixel_hits", 0),
    ("selection.pair.min_mass", 80.9),
    ("selection.pair.max_mass", 102.0),
    ("selection.pair.max_abs_dz", 1.5),
    ("selection.pair.min_dr", 0.2),
    ("selection.luminosity_mask", None),
    ("selection.luminosity_mask", {"370000": [[1, 11]]}),
    ("selection.luminosity_mask", {"370001": [[1, 1]]}),
    ("extrapolation", "helix"),
]


def test_every_key_that_selects_has_a_rule() -> None:
    sections = {key.rpartition(".")[0] for key in all_keys()}
    leaves = {key for key in all_keys() if key not in {*sections, "input.tree"}}
    assert {key for key in leaves if key.split(".")[0] not in FREE} == {*RULES}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("skim") / "out"
    config = dtperf.load_config("reference_2023", ["selection.luminosity_mask={370000: [[1, 10]]}"])
    skim(config, GOLDEN, out=path)
    return path


@pytest.mark.parametrize(("key", "value"), LOOSER, ids=str)
def test_what_is_looser_is_refused(out: Path, key: str, value: Any) -> None:
    with pytest.raises(dtperf.ConfigError) as refused:
        Analysis(out).with_cuts({key: value})
    lines = str(refused.value).splitlines()
    assert lines[0] == f"{out}: this skim lacks what these cuts need:"
    assert lines[1].startswith(f"{key}: ")
    assert "but the skim has" in lines[1]
    assert "make a skim with looser cuts" in lines[-1]


def test_all_that_is_looser_is_named(out: Path) -> None:
    config = dtperf.load_config("reference_2023", ["selection.probe.min_pt=3"])
    for measure in (lambda: Analysis(out, config), lambda: dtperf.run(config, out)):
        with pytest.raises(
            dtperf.ConfigError, match=r"probe\.min_pt: 3\.0, but the skim has 20\.0"
        ):
            measure()
        with pytest.raises(dtperf.ConfigError, match=r"luminosity_mask: null, but the skim has \{"):
            measure()


def test_cuts_are_compared_in_the_width_that_they_have() -> None:
    skimmed = dtperf.load_config({"selection": {"pair": {"max_abs_dz": 0.1}}})
    # the next double precision number is the same one in single precision
    same = dtperf.load_config({"selection": {"pair": {"max_abs_dz": 0.1 + 1e-17}}})
    beyond = dtperf.load_config({"selection": {"pair": {"max_abs_dz": 0.1 + 1e-7}}})
    assert not looser(skimmed, same)
    assert looser(skimmed, beyond)


def test_a_typing_mistake_is_named(out: Path) -> None:
    with pytest.raises(dtperf.ConfigError, match=r"min_ptt: unknown.*min_pt"):
        Analysis(out).with_cuts({"selection.probe.min_ptt": 30})
    with pytest.raises(dtperf.ConfigError, match=r"run\.workers: is no cut"):
        Analysis(out).with_cuts({"run.workers": 3})
