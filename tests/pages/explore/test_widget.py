from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

import dtperf
from dtperf.pages.explore.session import content, station_rows
from tests.helpers.golden import GOLDEN, efficiencies

pytest.importorskip("ipywidgets")


@pytest.fixture
def app() -> Any:
    return dtperf.explore(GOLDEN, "reference_2023")


def fresh(*settings: str, config: str = "reference_2023") -> dtperf.Result:
    return dtperf.run(dtperf.load_config(config, settings), GOLDEN)


def cells(app: Any) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", app.shown["table"].value.partition("<tbody>")[2])
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]


def expected(now: dtperf.Result) -> list[list[str]]:
    return [[*row.values()] for row in station_rows(now, fresh())]


def test_the_table_begins_with_the_cuts_of_the_config(app: Any) -> None:
    assert cells(app) == expected(fresh())
    [mb1, *_] = fresh().by_station()
    assert mb1.fiducial is not None
    assert cells(app)[0][2] == f"{mb1.fiducial.passed:,} / {mb1.fiducial.total:,}"
    assert cells(app)[0][1].startswith(f"{100 * mb1.fiducial.value:.3f} +")
    assert {row[3] for row in cells(app)} == {"+0.000"}


def test_a_slider_moves_table_map_and_curve(app: Any) -> None:
    before = {name: each.value for name, each in app.shown.items()}
    app.sliders["selection.probe.min_pt"].value = 35
    run = fresh("selection.probe.min_pt=35")
    assert cells(app) == expected(run) != expected(fresh())
    assert app.result.by_chamber() == run.by_chamber()
    for name in ("map", "curve", "command"):
        assert app.shown[name].value != before[name]
    best = max(run.by_chamber(), key=lambda each: each.total)
    chamber, efficiency = best.chamber, best.efficiency
    told = f"{chamber.name}: {100 * efficiency.value:.2f} %"
    assert told in app.shown["map"].value
    assert "--set selection.probe.min_pt=35.0" in app.shown["command"].value
    assert app.cuts == {"selection.probe.min_pt": 35.0}


def test_several_sliders_add_up_and_go_back(app: Any) -> None:
    app.sliders["selection.station.border_x"].value = 5
    app.sliders["selection.station.min_other_stations"].value = 0
    app.without["selection.passing.max_dy"].value = True
    assert app.sliders["selection.passing.max_dy"].disabled
    settings = ("station.border_x=5", "station.min_other_stations=0", "passing.max_dy=null")
    assert cells(app) == expected(fresh(*(f"selection.{each}" for each in settings)))
    app.reset()
    assert not app.cuts
    assert not app.sliders["selection.passing.max_dy"].disabled
    assert cells(app) == expected(fresh())


def test_a_window_that_is_closed_is_said_and_changes_nothing(app: Any) -> None:
    app.sliders["selection.pair.min_mass"].value = 91
    before = app.shown["table"].value
    app.sliders["selection.pair.max_mass"].min = 60
    app.sliders["selection.pair.max_mass"].value = 70
    assert "no mass lies between" in app.shown["state"].value
    assert app.shown["table"].value == before
    app.reset()
    assert "no mass" not in app.shown["state"].value


def test_a_cut_looser_than_the_skim_is_said_and_changes_nothing(tmp_path: Path) -> None:
    config = dtperf.load_config("reference_2023", ["selection.probe.min_pt=12"])
    dtperf.skim.skim(config, GOLDEN, out=tmp_path / "skim")
    app = dtperf.explore(tmp_path / "skim")
    assert "of a skim: cuts can be tightened" in app.shown["loaded"].value
    slider = app.sliders["selection.probe.min_pt"]
    slider.value = 3
    assert slider.value == 12  # it ends there
    before = app.shown["table"].value
    slider.min = 0
    slider.value = 11
    assert "min_pt: 11.0, but the skim has 12.0" in app.shown["state"].value
    assert app.shown["table"].value == before
    app.reset()
    assert "but the skim" not in app.shown["state"].value


def test_a_cut_that_the_config_does_not_make() -> None:
    app = dtperf.explore(GOLDEN, "cms_dp_2023_049")
    app.without["selection.passing.max_dy"].value = False
    run = fresh("selection.passing.max_dy=15", config="cms_dp_2023_049")
    assert efficiencies(app.result) == efficiencies(run)
    app.reset()
    assert app.without["selection.passing.max_dy"].value is True
    assert efficiencies(app.result) == efficiencies(fresh(config="cms_dp_2023_049"))


def test_no_probe_is_no_error(app: Any) -> None:
    app.sliders["selection.tag.min_pt"].max = 7000
    app.sliders["selection.tag.min_pt"].value = 7000
    assert cells(app)[0][1:4] == ["no probe", "0 / 0", ""]
    assert "no probes" in app.shown["curve"].value
    assert "no probes" in app.shown["map"].value


def test_content_is_json_without_nan() -> None:
    run = fresh("selection.tag.min_pt=7000")
    assert "nan" not in str(content(run, fresh(), 1.0)).lower()


def test_without_ipywidgets_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dtperf.pages.explore.find_spec", lambda _: None)
    with pytest.raises(dtperf.ConfigError, match=r"dtperf\[notebook\]"):
        dtperf.explore(GOLDEN, "reference_2023")


def test_ipywidgets_is_imported_only_where_it_is_needed() -> None:
    import subprocess

    code = "import sys, dtperf.pages.explore.server; assert 'ipywidgets' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
