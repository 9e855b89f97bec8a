"""Panels look as matplotlib's own axes do."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis, YAxis
from matplotlib.figure import Figure
from matplotlib.image import imread

from dtperf import plot
from dtperf.plot import ticks
from dtperf.plot.axes import Binned, efficiency_range, run_ticks
from dtperf.plot.panel import Panel
from dtperf.plot.ticks import name_ticks
from dtperf.results.result import Result

Change = Callable[[Axes], object]


def pixels(axes: type[Axes], change: Change, scale: str = "linear") -> np.ndarray:
    figure = Figure(figsize=(4, 3), dpi=80)
    panel = figure.add_subplot(axes_class=axes)
    panel.set(xlim=(1, 9.3), ylim=(0.5, 3000), yscale=scale)
    panel.minorticks_on()
    change(panel)
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    picture.seek(0)
    return imread(picture)


def look_the_same(change: Change, scale: str = "linear") -> bool:
    return np.allclose(pixels(Panel, change, scale), pixels(Axes, change, scale), atol=0.02)


@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize("direction", ["in", "out", "inout"])
def test_ticks_are_where_matplotlib_draws_them(direction: str, scale: str) -> None:
    def change(panel: Axes) -> None:
        panel.tick_params(which="both", direction=direction, right=True)

    assert look_the_same(change, scale)


def colour_one(panel: Axes) -> None:
    panel.xaxis.get_major_ticks()[2].label1.set_color("red")


CHANGES: dict[str, Change] = {
    "numbers at both sides": lambda panel: panel.tick_params(labelright=True, labeltop=True),
    "large and turned": lambda panel: panel.tick_params(labelsize=15, labelrotation=40, pad=9),
    "marks without numbers": lambda panel: panel.tick_params(labelbottom=False, labelleft=False),
    "a grid": lambda panel: panel.grid(visible=True),
    "one tick of another colour": colour_one,
    "an offset": lambda panel: panel.set_xlim(1e7, 1e7 + 3),
    "upside down": lambda panel: panel.set_ylim(3000, 0.5),
    "names at places": lambda panel: panel.set_xticks([2, 5, 8], ["a", "$b^2$", "c"]),
    "none": lambda panel: panel.set_xticks([]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_is_done_to_ticks_looks_as_with_matplotlib(change: Change) -> None:
    assert look_the_same(change)


@pytest.mark.parametrize("name", sorted(ticks.KNOWN))
def test_a_matplotlib_that_finds_ticks_in_another_way_draws_them_itself(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    before = getattr(Axis, name)

    def another(*given: object, more: object = None, **named: object) -> object:
        assert more is None
        return before(*given, **named)

    monkeypatch.setattr(Axis, name, another)
    panel = Figure().add_subplot(axes_class=Panel)
    assert [type(panel.xaxis), type(panel.yaxis)] == [XAxis, YAxis]
    assert look_the_same(CHANGES["numbers at both sides"])


def test_this_matplotlib_finds_ticks_in_the_way_that_is_known() -> None:
    panel = Figure().add_subplot(axes_class=Panel)
    told = "matplotlib has changed how it finds ticks: plots are right, but take half as long again"
    assert type(panel.xaxis) is not XAxis, told


def test_ticks_that_are_named_look_as_those_of_matplotlib() -> None:
    places, names = [2, 4.5, 9], ["MB1", "two\nlines", "$x^2$"]
    ours = pixels(Panel, lambda panel: name_ticks(panel.xaxis, places, names, size="small"))
    theirs = pixels(Axes, lambda panel: panel.set_xticks(places, names, fontsize="small"))
    assert np.allclose(ours, theirs, atol=0.02)


def test_runs_are_written_as_matplotlib_would() -> None:
    runs = [367_000 + number for number in range(9)]

    def turned(panel: Axes) -> None:
        panel.set_xticks(range(9), [str(run) for run in runs], rotation=35, ha="right")
        panel.set_xticks([], minor=True)
        panel.tick_params(axis="x", top=False, labelsize="x-small")
        panel.set_xlim(0.6, 7.4)

    def ours(panel: Axes) -> None:
        run_ticks(panel, runs)
        panel.set_xlim(0.6, 7.4)

    assert np.allclose(pixels(Panel, ours), pixels(Axes, turned), atol=0.02)


def test_a_picture_is_drawn_once(whole: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    draw = Panel.draw
    monkeypatch.setattr(Panel, "draw", lambda self, r: (drawn.append(self), draw(self, r)))
    figure = plot.figure(whole, "acceptance_vs_phi")
    figure.savefig(io.BytesIO(), format="png", dpi=20)
    assert drawn == [*figure.panels.flat]


def test_labels_have_room_inside_the_figure(whole: Result) -> None:
    figure = plot.figure(whole, "acceptance_vs_phi")
    figure.savefig(io.BytesIO(), format="png", dpi="figure")
    for panel in figure.panels.flat:
        box = panel.get_tightbbox()
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= figure.bbox.width


def label_positions(axes: type[Axes]) -> list[float]:
    figure = Figure(figsize=(4, 6), dpi=80)
    panels = [figure.add_subplot(2, 1, number, axes_class=axes) for number in (1, 2)]
    for panel, top in zip(panels, (1, 30_000), strict=True):
        panel.set(ylim=(0, top), ylabel="entries")
    figure.align_ylabels()
    figure.savefig(io.BytesIO(), format="png")
    return [float(panel.yaxis.label.get_position()[0]) for panel in panels]


def test_labels_stand_in_line_where_they_are_to() -> None:
    first, second = label_positions(Panel)
    assert first == second
    assert [first, second] == pytest.approx(label_positions(Axes))


@pytest.mark.parametrize(
    ("passed", "total", "is_on_it"),
    [([0], [8], True), ([2], [3], False), ([970], [1000], True), ([2] * 8, [3] * 8, True)],
    ids=["dead", "a few probes", "many probes", "ill, with a few in each run"],
)
def test_an_axis_of_efficiencies_reaches_what_tells_something(
    passed: list[int], total: list[int], is_on_it: bool
) -> None:
    panel = Figure().add_subplot()
    good = Binned(np.array([990]), np.array([1000]))
    efficiency_range(panel, [good, Binned(np.array(passed), np.array(total))])
    low, high = panel.get_ylim()
    assert (low <= sum(passed) / sum(total) <= high) == is_on_it
