"""Panels look as matplotlib's own axes do."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import imread

from dtperf import plot
from dtperf.plot.panel import Panel
from dtperf.results.result import Result


def pixels(axes: type[Axes], direction: str, scale: str) -> np.ndarray:
    figure = Figure(figsize=(4, 3), dpi=80)
    panel = figure.add_subplot(axes_class=axes)
    panel.set(xlim=(1, 9.3), ylim=(0.5, 3000), yscale=scale)
    panel.minorticks_on()
    panel.tick_params(which="both", direction=direction, right=True)
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    picture.seek(0)
    return imread(picture)


@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize("direction", ["in", "out", "inout"])
def test_ticks_are_where_matplotlib_draws_them(direction: str, scale: str) -> None:
    assert np.allclose(pixels(Panel, direction, scale), pixels(Axes, direction, scale), atol=0.02)


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
