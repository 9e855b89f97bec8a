from __future__ import annotations

import gc
import json
import re
import shutil
import subprocess
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dtperf
from dtperf.pages.explore.session import content, station_rows
from dtperf.results.html import as_html
from tests.helpers.golden import GOLDEN, efficiencies

pytest.importorskip("anywidget")

MIN_PT, MAX_DY = "selection.probe.min_pt", "selection.passing.max_dy"


@pytest.fixture
def app() -> Iterator[Any]:
    app = dtperf.explore(GOLDEN, "reference_2023")
    yield app
    app.close()  # events are shared


def fresh(*settings: str, config: str = "reference_2023") -> dtperf.Result:
    return dtperf.run(dtperf.load_config(config, settings), GOLDEN)


def move(app: Any, **cuts: Any) -> None:
    """Move sliders, as a view tells it."""
    app.set_state({"cuts": {f"selection.{key.replace('__', '.')}": v for key, v in cuts.items()}})


def test_it_begins_with_the_cuts_of_the_config(app: Any) -> None:
    stations = app.answer["stations"]
    assert stations == station_rows(fresh(), fresh())
    [mb1, *_] = fresh().by_station()
    assert mb1.fiducial is not None
    assert stations[0]["fiducial_counts"] == f"{mb1.fiducial.passed:,} /\xa0{mb1.fiducial.total:,}"
    assert stations[0]["fiducial"].startswith(f"{100 * mb1.fiducial.value:.3f} +")
    assert {row["fiducial_change"] for row in stations} == {"+0.000"}


def test_a_slider_moves_everything(app: Any) -> None:
    before = app.answer
    move(app, probe__min_pt=35)
    run = fresh(f"{MIN_PT}=35")
    assert app.answer["cuts"] == app.cuts == {MIN_PT: 35}
    assert app.answer["stations"] == station_rows(run, fresh()) != before["stations"]
    assert app.result.by_chamber() == run.by_chamber()
    assert app.config.hash == run.config.hash
    for name in ("chambers", "curves", "command", "python"):
        assert app.answer[name] != before[name]


def test_several_cuts_add_up_and_go_back(app: Any) -> None:
    move(app, station__border_x=5, station__min_other_stations=0, passing__max_dy=None)
    settings = ("station.border_x=5", "station.min_other_stations=0", "passing.max_dy=null")
    run = fresh(*(f"selection.{each}" for each in settings))
    assert efficiencies(app.result) == efficiencies(run)
    app.reset()
    assert app.cuts == {}
    assert app.answer["stations"] == station_rows(fresh(), fresh())


def test_a_cut_that_cannot_be_made_changes_nothing(app: Any) -> None:
    move(app, pair__min_mass=91)
    result = app.result
    move(app, pair__min_mass=91, pair__max_mass=70)
    assert "no mass lies between" in app.answer["problem"]
    assert app.result is result
    move(app)
    assert "problem" not in app.answer
    with pytest.raises(dtperf.ConfigError, match="did you mean"):
        app.cuts = {"selection.probe.min_ptt": 3}
    assert app.cuts == {}
    assert "problem" not in app.answer


def test_python_moves_the_sliders(app: Any) -> None:
    app.cuts = {"selection.pair.min_dr": 0.2}  # has no slider
    assert efficiencies(app.result) == efficiencies(fresh("selection.pair.min_dr=0.2"))
    assert "selection.pair.min_dr=0.2" in app.answer["command"]


def test_a_cut_looser_than_the_skim_changes_nothing(tmp_path: Path) -> None:
    config = dtperf.load_config("reference_2023", [f"{MIN_PT}=12"])
    dtperf.skim.skim(config, GOLDEN, out=tmp_path / "skim")
    app = dtperf.explore(tmp_path / "skim")
    assert "of a skim: cuts can be tightened" in app.setup["loaded"]
    [slider] = [each for each in app.setup["sliders"] if each["key"] == MIN_PT]
    assert slider["low"] == 12  # it ends there
    result = app.result
    move(app, probe__min_pt=11)
    assert "min_pt: 11.0, but the skim has 12.0" in app.answer["problem"]
    assert app.result is result


def test_a_cut_that_the_config_does_not_make() -> None:
    app = dtperf.explore(GOLDEN, "cms_dp_2023_049")
    app.cuts = {MAX_DY: 15}
    run = fresh(f"{MAX_DY}=15", config="cms_dp_2023_049")
    assert efficiencies(app.result) == efficiencies(run)


def test_no_probe_is_no_error(app: Any) -> None:
    move(app, tag__min_pt=7000)
    row = app.answer["stations"][0]
    assert (row["fiducial"], row["fiducial_counts"], row["fiducial_change"]) == (
        *("no probe", "0 /\xa00", ""),
    )
    assert "no probe" in repr(app)
    json.dumps(app.get_state(), allow_nan=False)


def test_content_is_json_without_nan() -> None:
    run = fresh("selection.tag.min_pt=7000")
    json.dumps(content(run, fresh(), 1.0), allow_nan=False)


def cell_texts(html: str) -> list[str]:
    return [re.sub("<[^>]*>", "", cell) for cell in re.findall("<td.*?</td>", html)]


def shown(app: Any, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    outputs: list[dict[str, Any]] = []
    monkeypatch.setattr(
        "dtperf.pages.explore.widget.display", lambda data, **_: outputs.append(data)
    )
    app._ipython_display_()
    return outputs


def test_a_saved_notebook_has_table_map_and_cuts(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app.cuts = {MIN_PT: 35}
    saved, view = shown(app, monkeypatch)
    run = fresh(f"{MIN_PT}=35")
    html = saved["text/html"]
    assert f"{MIN_PT}=35" in html
    of_run = as_html(run).partition("<details>")[0]  # without the index of its histograms
    assert cell_texts(html) == cell_texts(of_run)  # table and map are those of a result
    best = max(run.by_chamber(), key=lambda each: each.total)
    assert f"{best.name}: {100 * best.value:.2f} %" in html
    # what Jupyter keeps of the notebooks of others, and GitHub of all
    assert {*re.findall(r"<(\w+)", html)} <= {
        *("div", "p", "b", "br", "small", "span", "table", "thead", "tbody", "tr", "th", "td"),
        "pre",
    }
    text = saved["text/plain"]
    assert f"but {MIN_PT}=35" in text
    for row in station_rows(run, fresh()):
        assert row["fiducial_counts"] in text
    assert view["application/vnd.jupyter.widget-view+json"]["model_id"] == app.model_id
    assert view["text/html"] == ""  # nbconvert shows the other one alone
    # by this a view hides the other one
    assert f"<div id='{app.setup['saved']}'>" in html


def test_what_is_saved_follows_when_the_cuts_rest(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    updates: list[tuple[Any, str]] = []
    monkeypatch.setattr(
        "dtperf.pages.explore.widget.update_display",
        lambda data, **options: updates.append((data, options["display_id"])),
    )
    move(app, probe__min_pt=41)
    app._handle_custom_msg({"settled": True}, [])
    [(data, display_id)] = updates
    assert f"{MIN_PT}=41" in data["text/html"]
    assert display_id == app.setup["saved"]


def test_the_python_that_is_shown_gives_the_same(app: Any) -> None:
    app.cuts = {MIN_PT: 35, MAX_DY: None}
    line = app.answer["python"].replace(", out='explored'", "")
    result = eval(line, {"dtperf": dtperf})  # noqa: S307
    assert result.config.hash == app.config.hash
    assert efficiencies(result) == efficiencies(app.result)


def test_events_are_shared_and_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = shutil.copy(GOLDEN, tmp_path / "events.root")  # nobody else explores it
    app, again = (dtperf.explore(file, "reference_2023") for _ in range(2))
    explorer = weakref.ref(app._session.explorer)
    assert again._session.explorer is explorer()
    other = dtperf.explore(file, "cms_dp_2023_049")
    assert other._session.explorer is not explorer()
    again.cuts = {MIN_PT: 35}
    result = again.result
    app.close()
    again.close()
    gc.collect()
    assert explorer() is None
    assert (again.result, again.config.selection.probe.min_pt) == (result, 35)
    assert [*shown(again, monkeypatch)[0]] == ["text/html", "text/plain"]
    with pytest.raises(dtperf.ConfigError, match=r"closed: run dtperf\.explore again"):
        again.cuts = {}


def test_files_that_have_changed_are_read_again(tmp_path: Path) -> None:
    file = tmp_path / "events.root"
    shutil.copy(GOLDEN, file)
    one = dtperf.explore(file, "reference_2023")
    assert dtperf.explore(file, "reference_2023")._session.explorer is one._session.explorer
    file.unlink()
    shutil.copy(GOLDEN.with_name("golden_edges.root"), file)
    other = dtperf.explore(file, "reference_2023")
    assert other._session.explorer is not one._session.explorer
    assert other.result.totals != one.result.totals


def test_without_anywidget_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dtperf.pages.explore.find_spec", lambda _: None)
    with pytest.raises(dtperf.ConfigError, match=r"anywidget: .*pip install .*\[notebook\]"):
        dtperf.explore(GOLDEN, "reference_2023")


def test_anywidget_is_imported_only_where_it_is_needed() -> None:
    code = "import sys, dtperf.pages.explore.server; assert 'anywidget' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
