"""Measurements of one's own as pictures: chosen from their axes, and as their declaration asks."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import pytest

import dtperf
from dtperf import plot
from dtperf.config import AnalysisConfig, load_config
from dtperf.errors import ConfigError, InputError
from dtperf.measurements.declaration import Histogram
from dtperf.plot.names import own_plots
from dtperf.results.colours import FEW
from dtperf.results.ledger import Ledger
from dtperf.results.result import Result
from tests.helpers.golden import GOLDEN
from tests.helpers.own_measurements import OWN

CONFIG = load_config(OWN)
ALARM_BELOW = 0.9
SHOWN = {"own/chambers", *CONFIG.measurements.add} - {"hidden", "chambers"}


@pytest.fixture(scope="module")
def own() -> Result:
    return dtperf.run(CONFIG, GOLDEN)


def with_hints(name: str, **hints: Any) -> AnalysisConfig:
    """The config with another `picture` of one measurement."""
    content = deepcopy(OWN)
    content["measurements"]["add"][name]["picture"] = hints
    return load_config(content)


def drawn_as(own: Result, name: str, **hints: Any) -> Any:
    config = with_hints(name, **hints)
    result = Result(config, own.counts, own.totals, own.anomalies, own.ledger)
    return plot.figure(result, name)


def efficiency(counts: Histogram, *axes: str, least: int = 0) -> np.ndarray:
    """What an efficiency is: passed over all, NaN without entries and where they are too few."""
    view = np.asarray(counts.project(*axes, "passed").view())
    total = view.sum(axis=-1)
    with np.errstate(invalid="ignore"):
        return np.where(total < least, np.nan, view[..., 1] / total)


def points(panel: Any, number: int = 0) -> np.ndarray:
    return np.asarray(panel.containers[number].lines[0].get_ydata())


def of(values: np.ndarray) -> list[float]:
    return pytest.approx(values[np.isfinite(values)].tolist())


def test_each_is_drawn_after_the_standard_ones(own: Result) -> None:
    only = Result(
        own.config, {n: own.counts[n] for n in own.config.measurements.add}, {}, {}, Ledger(())
    )
    assert {name for name, _ in plot.draw(only)} == SHOWN == {*own_plots(own)}
    for _, figure in plot.draw(only, own):
        figure.draw_without_rendering()


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_what_found_nothing_can_be_drawn(name: str) -> None:
    counts = {name: m.empty() for name, m in CONFIG.measurements.add.items()}
    nothing = Result(CONFIG, counts, {}, {}, Ledger(()))
    plot.figure(nothing, name).draw_without_rendering()
    plot.figure(nothing, name, nothing).draw_without_rendering()


def test_points_are_passed_over_all_of_each_station(own: Result) -> None:
    [panel] = plot.figure(own, "own_stations").panels.flat
    for number in range(4):
        counts = own.counts["own_stations"][{"station": number}]
        assert points(panel, number).tolist() == of(efficiency(counts, "probe_pt", least=FEW))
    labels = [text.get_text() for text in panel.get_legend().get_texts()]
    assert labels == ["MB1", "MB2", "MB3", "MB4"]


def test_the_reference_stands_beside_it_in_a_panel_for_each_station(own: Result) -> None:
    figure = plot.figure(own, "own_stations", own)
    for panel in figure.panels.flat:
        assert points(panel, 0).tolist() == points(panel, 1).tolist()
    [panel] = plot.figure(own, "own_pt", own).panels.flat
    assert panel.get_xlabel() == "$p_T$ [GeV]"
    assert panel.get_ylabel() == "efficiency"
    assert [text.get_text() for text in panel.get_legend().get_texts()] == [
        "this result",
        "reference",
    ]


def test_another_label_does_not_hide_the_reference(own: Result) -> None:
    content = deepcopy(OWN)
    content["measurements"]["add"]["own_pt"]["axes"][0]["label"] = "another one"
    other = Result(load_config(content), own.counts, {}, {}, Ledger(()))
    assert len(plot.figure(own, "own_pt", other).panels[0, 0].containers) == 2


def test_other_bins_are_told(own: Result) -> None:
    content = deepcopy(OWN)
    content["measurements"]["add"]["own_pt"]["axes"][0]["edges"] = [20, 50]
    config = load_config(content)
    other = Result(
        config, {"own_pt": config.measurements.add["own_pt"].empty()}, {}, {}, Ledger(())
    )
    panel = plot.figure(own, "own_pt", other).panels[0, 0]
    assert panel.get_title(loc="right") == "reference has other bins: not shown"


def test_a_map_of_entries_says_that_it_shows_no_reference(own: Result) -> None:
    panel = plot.figure(own, "own_entries", own).panels[0, 0]
    assert panel.get_title(loc="right") == "reference not shown"
    assert plot.figure(own, "own_entries").panels[0, 0].get_title(loc="right") == ""


def test_runs_of_both_results_are_on_the_axis(own: Result) -> None:
    declared = CONFIG.measurements.add["own_runs"]
    earlier = declared.empty({"run": [1]})
    earlier.view()[0] = [30, 10]
    other = Result(CONFIG, {"own_runs": earlier}, {}, {}, Ledger(()))
    [panel] = plot.figure(own, "own_runs", other).panels.flat
    assert panel.get_xticklabels()[0].get_text() == "1"
    assert points(panel, 1).tolist() == [0.25]
    runs = len(own.counts["own_runs"].axes["run"])
    assert panel.containers[0].lines[0].get_xdata().tolist() == [*range(1, runs + 1)]


def test_a_plane_is_a_map_of_each_station(own: Result) -> None:
    for number, panel in enumerate(plot.figure(own, "own_planes").panels.flat):
        counts = own.counts["own_planes"][{"station": number}]
        cells = panel.collections[0].get_array().filled(np.nan)
        # one that is not surely below the alarm has the lowest step that is none
        wanted = efficiency(counts, "probe_phi", "probe_eta").T
        is_raised = (wanted < ALARM_BELOW) & (cells == ALARM_BELOW)
        assert cells[~is_raised] == pytest.approx(wanted[~is_raised], nan_ok=True)
        assert is_raised.mean() < 0.2
        assert panel.get_title(loc="left") == f"MB{number + 1}"
    figure = plot.figure(own, "own_plane")
    assert figure.panels.shape == (1, 1)
    assert (figure.panels[0, 0].get_xlabel(), figure.panels[0, 0].get_ylabel()) == (
        "probe_phi",
        "probe_eta",
    )


def test_chambers_are_a_map_of_sector_and_wheel(own: Result) -> None:
    panels = [*plot.figure(own, "own_chambers").panels.flat]
    standard = [*plot.figure(own, "chambers").panels.flat]
    for panel, ours in zip(panels, standard, strict=True):
        cells, expected = (each.collections[0].get_array() for each in (panel, ours))
        assert cells.shape == (5, 14 if panel is panels[3] else 12)
        assert cells.tolist() == expected.tolist()


def test_by_another_axis_the_stations_are_summed_over_and_that_is_told(own: Result) -> None:
    figure = plot.figure(own, "own_wheels")
    panels = [panel for panel in figure.panels.flat if panel.axison]
    assert [panel.get_title(loc="left") for panel in panels] == ["W-2", "W-1", "W0", "W+1", "W+2"]
    assert panels[0].get_title(loc="right") == "summed over station"
    for number, panel in enumerate(panels):
        counts = own.counts["own_wheels"][{"wheel": number}]
        assert points(panel).tolist() == of(efficiency(counts, "probe_pt", least=FEW))


def test_thresholds_are_not_summed_over(own: Result) -> None:
    [panel] = plot.figure(own, "own_hits").panels.flat
    assert panel.get_title(loc="right") == "phi_hits at least 1"
    lowest = own.counts["own_hits"][{"phi_hits": 0}]
    assert points(panel).tolist() == of(efficiency(lowest, "probe_pt", least=FEW))


def test_an_axis_of_one_bin_leaves_out_what_lies_beyond(own: Result) -> None:
    [panel] = plot.figure(own, "own_middle").panels.flat
    assert panel.get_title(loc="right") == "local_y -20 to 20"
    inside = own.counts["own_middle"][{"local_y": 0}]
    assert points(panel).tolist() == of(efficiency(inside, "probe_pt", least=FEW))
    assert inside.sum() < own.counts["own_middle"].sum(flow=True)


def test_entries_and_means_are_those_of_the_result(own: Result) -> None:
    [panel] = plot.figure(own, "own_mass").panels.flat
    assert panel.patches[0].get_data().values.tolist() == own["own_mass"].values().tolist()
    assert panel.get_yscale() == "log"
    for number, panel in enumerate(plot.figure(own, "own_t0").panels.flat):
        means = own["own_t0"][{"station": number}]
        filled = means.counts()[:, : 12 if number < 3 else 14] > 0
        cells = panel.collections[0].get_array().T
        wanted = means.values().T[: cells.shape[0]]
        assert cells.compressed() == pytest.approx(wanted[filled.T])
    [panel] = plot.figure(own, "own_t0_pt").panels.flat
    means = own["own_t0_pt"][{"station": 1}]
    assert points(panel, 1).tolist() == of(np.where(means.counts() > 0, means.values(), np.nan))
    assert panel.get_ylabel() == "mean of t0"


def test_hints_choose_kind_scale_and_label(own: Result) -> None:
    panel = drawn_as(own, "own_planes", kind="curve").panels[0, 0]
    assert panel.get_title(loc="right") == "summed over probe_phi"
    panel = drawn_as(own, "own_stations", kind="map").panels[0, 0]
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("station", "probe_pt")
    panel = drawn_as(own, "own_pt", log=["probe_pt"], range=[0.5, 0.9], label="ε").panels[0, 0]
    assert panel.get_xscale() == "log"
    assert panel.get_ylim()[0] == 0.5
    assert max(panel.get_yticks()) == pytest.approx(0.9)
    assert panel.get_ylabel() == "ε"
    mesh = drawn_as(own, "own_plane", range=[0.25, 0.75]).panels[0, 0].collections[0]
    assert mesh.get_clim() == (0.25, 0.75)


def test_any_measurement_is_drawn_by_its_name(own: Result) -> None:
    figure = plot.figure(own, "by_chamber")
    cells = figure.panels[0, 0].collections[0].get_array()
    standard = plot.figure(own, "chambers").panels[0, 0].collections[0].get_array()
    assert cells.tolist() == standard.tolist()
    assert plot.figure(own, "hidden").panels.shape == (1, 1)
    for name in own.config.measurements.active().keys() & own.counts.keys():
        plot.figure(own, name)


def test_the_title_of_the_measurement_is_told(own: Result) -> None:
    texts = [text.get_text() for text in plot.figure(own, "own_pt").header.axes.texts]
    assert any(text.startswith("all stations; by hand") for text in texts)


def test_names_are_offered_and_what_is_missing_is_told(own: Result) -> None:
    with pytest.raises(ConfigError, match=r"unknown plot 'own_pts'.*'own_pt'"):
        plot.figure(own, "own_pts")
    without = Result(own.config, {}, {}, {}, Ledger(()))
    assert {*plot.not_measured(without)} >= SHOWN
    with pytest.raises(InputError, match="lacks the measurement 'own_pt'"):
        plot.figure(without, "own_pt")


@pytest.mark.parametrize("label", ["$x", "half of $a_{$ is none", "a\nb"])
def test_labels_are_formulas_only_if_they_can_be(own: Result, label: str) -> None:
    drawn_as(own, "own_pt", label=label).draw_without_rendering()


def test_a_picture_without_entries_says_why() -> None:
    name, fitted = "drift_velocity_correction", "not fitted"
    config = load_config("dt_performance")
    counts = {name: config.measurements.active()[name].empty()}
    result = Result(config, counts, {}, {}, Ledger(()))
    [text] = plot.figure(result, name).panels[0, 0].texts
    assert text.get_text().startswith(fitted)
    counts[name].view()[...] = 1
    assert not plot.figure(result, name).panels[0, 0].texts
