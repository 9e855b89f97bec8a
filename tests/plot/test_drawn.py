"""What is drawn is what was counted."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer

from dtperf import plot
from dtperf.detector import Chamber, Place, sensitive_edge_distances
from dtperf.errors import InputError
from dtperf.plot.style import GREY, for_page
from dtperf.results.colours import FEW
from dtperf.results.result import Result
from dtperf.statistics import clopper_pearson
from tests.plot.conftest import ILL, RUNS, made, result_of


def curves(panel: Axes) -> list[ErrorbarContainer]:
    return [each for each in panel.containers if isinstance(each, ErrorbarContainer)]


def ends(curve: ErrorbarContainer) -> np.ndarray:
    """Lower and upper ends of the vertical bars, shape (n, 2)."""
    return np.array([segment[:, 1] for segment in curve.lines[2][-1].get_segments()])


def expected(view: Any) -> tuple[np.ndarray, np.ndarray]:
    """Values and ends of the bins that are filled."""
    passed, total = view[:, 1], view.sum(axis=-1)
    kept = total > 0
    low, high = clopper_pearson(passed[kept], total[kept])
    return passed[kept] / total[kept], np.stack([low, high], axis=1)


def test_a_figure_that_nobody_holds_is_let_go(whole: Result) -> None:
    drawn = weakref.ref(plot.figure(whole, "efficiency_vs_pt"))
    gc.collect()
    assert drawn() is None


def test_points_and_bars_of_each_station(whole: Result) -> None:
    sheet = plot.figure(whole, "efficiency_vs_pt")
    counts = whole.counts["efficiency_vs_pt"]
    drawn = curves(sheet.panels[0, 0])
    assert [curve.get_label() for curve in drawn] == ["MB1", "MB2", "MB3", "MB4"]
    for station, curve in enumerate(drawn):
        view = counts.view()[station]
        assert not view.sum(axis=-1).all(), "no empty bin to be left out"
        value, interval = expected(view)
        np.testing.assert_allclose(curve.lines[0].get_ydata(), value)
        np.testing.assert_allclose(ends(curve), interval)


def test_stations_over_many_results(whole: Result, other: Result) -> None:
    results = [("first", whole), ("a/name/that/is/too/long/for/the/axis", other), ("last", whole)]
    panel = plot.station_trend(results).panels[0, 0]
    for station, curve in enumerate(curves(panel)):
        found = [result.by_station()[station].fiducial for _, result in results]
        np.testing.assert_allclose(curve.lines[0].get_ydata(), [e.value for e in found if e])
        np.testing.assert_allclose(ends(curve), [(e.low, e.high) for e in found if e])
    names = [label.get_text() for label in panel.get_xticklabels()]
    assert names == ["first", "…s/too/long/for/the/axis", "last"]
    with pytest.raises(InputError, match="empty: lacks 'by_chamber'"):
        plot.station_trend([("first", whole), ("empty", result_of({}))])


def test_horizontal_bars_span_the_bins(whole: Result) -> None:
    curve = curves(plot.figure(whole, "efficiency_vs_pileup").panels[0, 0])[0]
    edges = whole.counts["efficiency_vs_pileup"].axes["pileup"].edges
    segments = np.array([bar[:, 0] for bar in curve.lines[2][0].get_segments()])
    kept = whole.counts["efficiency_vs_pileup"].view()[0].sum(axis=-1) > 0
    np.testing.assert_allclose(segments, np.stack([edges[:-1], edges[1:]], axis=1)[kept])


def test_stations_differ_by_colour_and_by_marker(whole: Result) -> None:
    drawn = curves(plot.figure(whole, "efficiency_vs_pt").panels[0, 0])
    assert len({curve.lines[0].get_color() for curve in drawn}) == 4
    assert len({curve.lines[0].get_marker() for curve in drawn}) == 4


def test_the_reference_is_grey_and_open(whole: Result, other: Result) -> None:
    sheet = plot.figure(whole, "efficiency_vs_pt", other)
    for station, panel in enumerate(sheet.panels.flat):
        own, reference = curves(panel)
        view = other.counts["efficiency_vs_pt"].view()[station]
        np.testing.assert_allclose(reference.lines[0].get_ydata(), expected(view)[0])
        assert reference.lines[0].get_color() == GREY
        assert reference.lines[0].get_markerfacecolor() == "white"
        assert own.lines[0].get_markerfacecolor() != "white"


def test_both_charges_are_drawn(whole: Result) -> None:
    panel = plot.figure(whole, "acceptance_vs_phi").panels[0, 0]
    assert [curve.get_label() for curve in curves(panel)] == [
        r"MB1 $\mu^{-}$",
        r"MB1 $\mu^{+}$",
    ]
    counts = whole.counts["acceptance_vs_phi"]
    for charge, curve in enumerate(curves(panel)):
        value, _ = expected(counts.view()[0, charge])
        np.testing.assert_allclose(curve.lines[0].get_ydata(), value)


def test_runs_of_both_results_stand_in_one_order() -> None:
    runs, places = ((5, 30, 31), (7, 30)), ([0, 2, 3], [1, 2])
    counts = [made("efficiency_vs_run", runs=some) for some in runs]
    results = [result_of({"efficiency_vs_run": each}) for each in counts]
    panel = plot.figure(results[0], "efficiency_vs_run", results[1]).panels[1, 1]
    assert [tick.get_text() for tick in panel.get_xticklabels()] == ["5", "7", "30", "31"]
    for curve, chosen, each in zip(curves(panel), places, counts, strict=True):
        kept = each.view()[3].any(axis=-1)
        assert [*curve.lines[0].get_xdata()] == [*np.array(chosen)[kept]]
        np.testing.assert_allclose(curve.lines[0].get_ydata(), expected(each.view()[3])[0])


def test_a_map_shows_values_and_hides_empty_cells(whole: Result) -> None:
    sheet = plot.figure(whole, "chambers")
    view = whole.counts["by_chamber"].view()
    for station, panel in enumerate(sheet.panels.flat):
        sectors = 14 if station == 3 else 12
        cells = view[station, :, :sectors]
        total = cells.sum(axis=-1)
        colours = panel.collections[0].get_array()
        np.testing.assert_array_equal(np.ma.getmaskarray(colours), total == 0)
        np.testing.assert_allclose(colours.compressed(), cells[total > 0, 1] / total[total > 0])
        assert len(panel.texts) == np.count_nonzero(total)


def test_a_map_frames_the_ill_chamber(whole: Result) -> None:
    station, wheel, sector = ILL
    sheet = plot.figure(whole, "chambers")
    frames = {
        (number, *patch.get_xy())
        for number, panel in enumerate(sheet.panels.flat)
        for patch in panel.patches
    }
    assert (station, sector + 0.5, wheel - 2.5) in frames
    mesh = sheet.panels[1, 1].collections[0]
    assert 0.9 <= mesh.norm.vmin <= 0.95
    assert mesh.colorbar.extend == "min"


def test_maps_of_other_bins_are_not_compared(whole: Result) -> None:
    other = result_of({"by_chamber_and_run": made("by_chamber_and_run", runs=RUNS[:3])})
    sheet = plot.figure(whole, "chambers_vs_run", other)
    texts = [text.get_text() for axes in sheet.axes for text in axes.texts]
    assert any("reference has other bins" in text for text in texts)


def test_a_distribution_shows_the_entries(whole: Result, other: Result) -> None:
    panel = plot.figure(whole, "pair_mass", other).panels[0, 0]
    steps = panel.patches[-1].get_data()
    np.testing.assert_array_equal(steps.values, whole.counts["pair_mass"].view())
    [reference] = curves(panel)
    found = other.counts["pair_mass"].view().astype(float)
    scaled = found * steps.values.sum() / found.sum()
    np.testing.assert_allclose(reference.lines[0].get_ydata(), scaled[found > 0])


def test_the_change_stands_between_two_runs(whole: Result) -> None:
    chamber = Chamber(-2, 8, 3)
    panel = plot.chamber_trend(whole, chamber, RUNS[3] - 1).panels[0, 0]
    [line] = [line for line in panel.lines if line.get_label() == f"from {RUNS[3] - 1}"]
    assert [*line.get_xdata()] == [2.5, 2.5]
    value, interval = expected(whole.counts["by_chamber_and_run"].view()[ILL])
    [curve] = curves(panel)
    np.testing.assert_allclose(curve.lines[0].get_ydata(), value)
    np.testing.assert_allclose(ends(curve), interval)


def test_the_eligible_fraction_of_a_sector(whole: Result) -> None:
    sector = Place(1, 4)
    panel = plot.eligible_trend(whole, sector, RUNS[3]).panels[0, 0]
    assert [line.get_label() for line in panel.lines].count(f"from {RUNS[3]}") == 1
    drawn = curves(panel)
    assert [curve.get_label() for curve in drawn] == ["MB1", "MB2", "MB3", "MB4"]
    view = whole.counts["eligible_by_sector_and_run"].view()
    for station, curve in enumerate(drawn):
        # MB4 has two chambers there, 4 and 13
        cells = view[station, 3, 3] + (view[3, 3, 12] if station == 3 else 0)
        value, interval = expected(cells)
        np.testing.assert_allclose(curve.lines[0].get_ydata(), value)
        np.testing.assert_allclose(ends(curve), interval)


def test_the_map_of_eligible_fractions_adds_up_runs(whole: Result) -> None:
    """So that a result of other runs can be a reference."""
    name = "eligible_by_sector_and_run"
    other = result_of({name: made(name, seed=2, runs=RUNS[:3])})
    panels = plot.figure(whole, "eligible", other).panels
    own, theirs = (each.counts[name].view().sum(axis=3)[0, :, :12] for each in (whole, other))
    (one, two) = (cells[..., 1] / cells.sum(axis=-1) for cells in (own, theirs))
    mesh, differences = (panel.collections[0].get_array() for panel in panels[0])
    np.testing.assert_allclose(mesh, one)
    np.testing.assert_allclose(differences, 100 * (one - two))


def test_the_region_is_outlined(whole: Result) -> None:
    sheet = plot.inside_chamber(whole, Chamber(-1, 12, 2), (-60, 20, -50, 90))
    for panel in sheet.panels.flat:
        boxes = [patch.get_bbox().bounds for patch in panel.patches]
        assert boxes.count((-60, -50, 80, 140)) == 2, "white below black"


@pytest.mark.parametrize("passed", [0, 1])
def test_extremes_keep_their_bars(passed: int) -> None:
    counts = made("efficiency_vs_pileup")
    counts.view(flow=True)[...] = 0
    counts.view()[0, 20, passed] = 1000
    panel = plot.figure(result_of({"efficiency_vs_pileup": counts}), "efficiency_vs_pileup")
    curve = curves(panel.panels[0, 0])[0]
    low, high = clopper_pearson([1000 * passed], [1000])
    np.testing.assert_allclose(ends(curve), [[low[0], high[0]]])


def of_few(probes: int) -> Result:
    """Efficiency against pile-up in two bins: one of 1000 probes, one of a few, all lost."""
    counts = made("efficiency_vs_pileup")
    counts.view(flow=True)[...] = 0
    counts.view()[:, 20] = 10, 990
    counts.view()[:, 45] = probes, 0
    return result_of({"efficiency_vs_pileup": counts})


@pytest.mark.parametrize(("probes", "is_shown"), [(FEW - 1, False), (FEW, True)])
def test_bins_of_few_probes_are_left_out_and_it_is_said(probes: int, is_shown: bool) -> None:
    panel = plot.figure(of_few(probes), "efficiency_vs_pileup").panels[0, 0]
    assert len(curves(panel)[0].lines[0].get_ydata()) == 1 + is_shown
    # nor do they stretch an axis
    assert (panel.get_xlim()[1] > 80) == is_shown
    assert (panel.get_ylim()[0] < 0.5) == is_shown
    said = [text.get_text() for text in panel.texts]
    assert (f"bins with fewer than {FEW} probes are left out" in said) != is_shown


def test_where_all_bins_are_of_few_probes_they_are_drawn() -> None:
    result = of_few(3)
    result.counts["efficiency_vs_pileup"].view()[:, 20] = 1, 4
    panel = plot.figure(result, "efficiency_vs_pileup").panels[0, 0]
    assert len(curves(panel)[0].lines[0].get_ydata()) == 2
    assert not panel.texts


def test_two_stray_entries_do_not_stretch_the_axis() -> None:
    counts = made("pair_dz")
    counts.view(flow=True)[...] = 0
    counts.view()[45:55] = 5000
    counts.view()[[2, 97, 98]] = 1
    panel = plot.figure(result_of({"pair_dz": counts}), "pair_dz").panels[0, 0]
    assert panel.get_xlim() == pytest.approx((-0.5, 0.5))
    said = [text.get_text() for text in panel.texts]
    assert said == [r"$\leftarrow$ 1 outside", r"2 outside $\rightarrow$"]
    counts.view()[80:99] = 300  # a tail is none
    panel = plot.figure(result_of({"pair_dz": counts}), "pair_dz").panels[0, 0]
    assert panel.get_xlim() == pytest.approx((-0.5, 4.9))
    counts.view()[...] = 0  # nor what stands beside a peak of two bins
    counts.view()[48:53] = 3, 5000, 5000, 1, 1
    panel = plot.figure(result_of({"pair_dz": counts}), "pair_dz").panels[0, 0]
    assert panel.get_xlim() == pytest.approx((-0.2, 0.3))


def test_a_plane_counts_each_stray_entry_once() -> None:
    counts = made("pair_dr_vs_probe_pt")
    counts.view(flow=True)[...] = 0
    counts.view()[3:30, 10:40] = 100
    counts.view()[[90, 91, 10], [90, 20, 80]] = 1  # far in both, in the first, in the second
    sheet = plot.figure(result_of({"pair_dr_vs_probe_pt": counts}), "pair_dr_vs_probe_pt")
    assert sheet.panels[0, 0].get_xlim() == pytest.approx((30, 300))
    assert "pairs / bin; 3 outside" in [axes.get_ylabel() for axes in sheet.axes]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("pair_mass", "pairs / 1 GeV"),
        ("pair_dz", "pairs / 0.1 cm"),
        ("probe_phi", "probes / 0.035 rad"),
        ("probe_eta", "probes / 0.043"),
        ("probe_pixel_hits", "candidates"),
        ("t0", "segments / 0.5 ns"),
    ],
)
def test_the_width_of_the_bins_is_told(whole: Result, name: str, label: str) -> None:
    assert plot.figure(whole, name).panels[0, 0].get_ylabel() == label


def test_an_alarm_takes_more_than_a_low_value() -> None:
    counts = made("by_chamber")
    counts.view(flow=True)[...] = 0
    counts.view()[..., 1] = 500
    counts.view()[0, 0, 0] = 1, 2  # 67 % of three probes
    counts.view()[0, 0, 1] = 200, 300
    sheet = plot.figure(result_of({"by_chamber": counts}), "chambers")
    mesh = sheet.panels[0, 0].collections[0]
    one, other = mesh.get_array()[0, :2]
    assert one == mesh.norm.vmin
    assert other == pytest.approx(0.6)
    alpha = mesh.get_alpha()[0, :3]
    assert [*(alpha < 1)] == [True, False, False]
    assert len(sheet.panels[0, 0].patches) == 1
    assert sheet.panels[0, 0].texts[0].get_text() == "66.7", "what is written is what was measured"


def test_a_difference_within_its_errors_is_pale() -> None:
    one, other = made("by_chamber"), made("by_chamber")
    for counts in (one, other):
        counts.view(flow=True)[...] = 0
        counts.view()[...] = 10, 990
    one.view()[0, 0, 0] = 13, 987
    one.view()[0, 0, 1] = 60, 940
    results = (result_of({"by_chamber": each}) for each in (one, other))
    mesh = plot.figure(next(results), "chambers", next(results)).panels[0, 1].collections[0]
    assert [*(mesh.get_alpha()[0, :2] < 1)] == [True, False]


def test_what_is_not_sensitive_is_neither_good_nor_bad(whole: Result) -> None:
    chamber = Chamber(-1, 12, 2)
    panel = plot.inside_chamber(whole, chamber, only="efficiency").panels[0, 0]
    mesh = panel.collections[0]
    axes = whole.counts["inside_chambers"].axes
    x_edges, y_edges = axes["local_x"].edges, axes["local_y"].edges
    hidden = np.ma.getmaskarray(mesh.get_array())
    code = np.array([chamber.code])
    for j, y in enumerate(y_edges):
        for i, x in enumerate(x_edges):
            at_x, at_y = sensitive_edge_distances(code, np.array([x]), np.array([y]))
            if max(at_x[0], at_y[0]) > 0:  # a corner of up to four cells
                assert hidden[max(j - 1, 0) : j + 1, max(i - 1, 0) : i + 1].all()
    assert not hidden.all()


def test_a_picture_of_a_page_has_large_letters_and_no_title(whole: Result) -> None:
    large = plot.figure(whole, "efficiency_vs_run")
    with for_page():
        small = plot.figure(whole, "efficiency_vs_run")
    assert small.get_figwidth() < 0.7 * large.get_figwidth()
    assert small.scale == 1
    assert "made by hand" in [text.get_text() for text in large.header.axes.texts]
    assert "made by hand" not in [text.get_text() for text in small.header.axes.texts]
