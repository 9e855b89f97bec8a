"""A skim behind sliders: they end where its own cuts are."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

import dtperf
from dtperf.pages.explore.session import Session
from dtperf.pages.explore.sliders import sliders
from dtperf.skim.analysis import Explorer
from tests.helpers.golden import GOLDEN
from tests.skim.samples import assert_same, measured

LOOSE = ["selection.probe.min_pt=12", "selection.pair.max_mass=111", "selection.tag.max_iso=0.3"]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("skims") / "skim"
    dtperf.skim.skim(dtperf.load_config("reference_2023", LOOSE), GOLDEN, out=out)
    return out


def test_they_end_where_the_skim_does(out: Path) -> None:
    now = dtperf.load_config("reference_2023")
    explorer = Explorer(out, now)
    found = {each.key: each for each in sliders(explorer.config, explorer.loosest)}
    free = {each.key: each for each in sliders(explorer.config)}
    assert found["selection.probe.min_pt"][4:8] == (12.0, 80, 1, 20.0)
    assert found["selection.pair.max_mass"].high == 111.0
    assert found["selection.tag.max_iso"].high == 0.3
    assert found["selection.passing.max_dx"] == free["selection.passing.max_dx"]
    for slider in found.values():
        for end in (slider.low, slider.high):
            explorer.measure({slider.key: int(end) if slider.is_whole else end})


def test_what_is_typed_beyond_is_explained(out: Path) -> None:
    problem = Session(Explorer(out)).answer({"selection.probe.min_pt": 11.0})["problem"]
    assert "selection.probe.min_pt: 11.0, but the skim has 12.0" in problem


def test_in_a_notebook(out: Path) -> None:
    pytest.importorskip("anywidget")
    app = dtperf.explore(out)
    [slider] = [e for e in app.setup["sliders"] if e["key"] == "selection.probe.min_pt"]
    assert slider["low"] == slider["value"] == 12.0
    app.cuts = {"selection.probe.min_pt": 35, "selection.passing.max_dx": 4.5}
    cuts = ["selection.probe.min_pt=35", "selection.passing.max_dx=4.5"]
    run = measured(dtperf.load_config("reference_2023", [*LOOSE, *cuts]), GOLDEN)
    assert app.result.by_chamber() == run.by_chamber()
    assert f"dtperf run reference_2023 {out}" in app.answer["command"]


def test_the_command_that_is_shown_gives_the_same(out: Path) -> None:
    session = Session(Explorer(out))
    cuts = {"selection.tag.min_pt": 33.0}
    command = session.answer(cuts)["command"]
    assert str(out) in command
    again = dtperf.run(dtperf.load_config("reference_2023", [*LOOSE, *_settings(command)]), out)
    assert_same(again, Explorer(out).with_cuts(cuts))


def _settings(command: str) -> list[str]:
    words = command.split()
    return [after for word, after in pairwise(words) if word == "--set"]
