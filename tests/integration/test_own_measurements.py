"""Measurements of one's own from the config to the pages."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest

import dtperf
from dtperf.config import AnalysisConfig, load_config
from dtperf.pages.explore.session import Session
from dtperf.pages.report import render
from dtperf.skim.analysis import Explorer
from tests.helpers.golden import EDGES, GOLDEN
from tests.helpers.own_measurements import OWN

PLAIN = load_config(OWN)


def said_otherwise() -> AnalysisConfig:
    """The same counts with other words and another picture."""
    content = deepcopy(OWN)
    pt = content["measurements"]["add"]["own_pt"]
    pt |= {"title": "another title", "picture": {"range": [0.5, 1]}}
    pt["axes"][0]["label"] = "another label"
    return load_config(content)


@pytest.fixture(scope="module")
def own() -> dtperf.Result:
    return dtperf.run(PLAIN, GOLDEN)


def test_a_run_goes_on_after_words_have_changed(own: dtperf.Result, tmp_path: Path) -> None:
    first = load_config(PLAIN, ["run.chunksize=1000"])
    dtperf.run(first, GOLDEN, out=tmp_path / "out", limit_chunks=2)
    later = load_config(said_otherwise(), ["run.chunksize=1000"])
    whole = dtperf.run(later, GOLDEN, out=tmp_path / "out", resume=True)
    assert whole == own
    assert whole.config.measurements.add["own_pt"].title == "another title"
    assert whole["own_pt"].axes[0].label == "another label"
    assert dtperf.Result.load(tmp_path / "out") == own


def test_results_with_other_words_add_up_in_any_order(own: dtperf.Result) -> None:
    others = dtperf.run(said_otherwise(), EDGES)
    both, other_way = own + others, others + own
    assert both == other_way
    assert both["own_pt"].axes[0].label == other_way["own_pt"].axes[0].label
    assert both["own_pt"].sum() == own["own_pt"].sum() + others["own_pt"].sum()


@pytest.mark.slow
def test_the_report_has_them_with_the_reference(own: dtperf.Result) -> None:
    page = render(own, [], own)
    assert '<h2 id="own">Own measurements</h2>' in page
    assert page.count("<h3>each station</h3>") == 1
    assert "<code>own/chambers</code>" in page
    assert "<h3>not drawn</h3>" not in page
    assert page != render(own, [])


def test_explore_shows_them_and_they_follow_the_cuts() -> None:
    session = Session(Explorer(GOLDEN, PLAIN))
    titles = {each["name"]: each["title"] for each in session.setup["choices"]}
    assert titles.keys() == PLAIN.measurements.add.keys() - {"hidden"} | {"efficiency_vs_pt"}
    answer = session.answer({"selection.probe.min_pt": 45})
    json.dumps(answer, allow_nan=False)
    fresh = dtperf.run(load_config(PLAIN, ["selection.probe.min_pt=45"]), GOLDEN)
    [curve] = answer["curves"]["own_pt"]
    failed, passed = np.moveaxis(fresh.counts["own_pt"].view(), -1, 0)
    wanted = [[k, n] for k, n in zip(passed, passed + failed, strict=True) if n]
    assert [point[2:4] for point in curve["points"]] == wanted
    before = session.before["curves"]["own_pt"][0]["points"]
    assert len(before) > len(curve["points"]) > 0
    wheels = answer["curves"]["own_wheels"]
    assert [each["name"] for each in wheels] == ["W-2", "W-1", "W0", "W+1", "W+2"]
    means = [point[4] for each in answer["curves"]["own_t0_pt"] for point in each["points"]]
    profile = fresh["own_t0_pt"]
    assert means == pytest.approx(profile.values()[profile.counts() > 0])


def test_formulas_are_written_in_letters() -> None:
    session = Session(Explorer(GOLDEN, PLAIN, limit_events=100))
    axes = {each["name"]: each["x"] for each in session.setup["choices"]}
    assert axes["own_pt"] == "pT [GeV]"
    assert axes["own_stations"] == "probe_pt"
