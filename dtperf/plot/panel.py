"""Axes that look as matplotlib's own do, and are drawn in a third of the time.

Most of that time goes into ticks. Matplotlib makes each minor one of five artists, and makes all of
them anew a dozen times for a picture, as the constrained layout measures everything twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import compress
from typing import Any, cast

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis, YAxis
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.markers import TICKDOWN, TICKLEFT, TICKRIGHT, TICKUP
from matplotlib.ticker import Locator, NullFormatter, NullLocator
from matplotlib.transforms import Bbox

from dtperf.typing import F64

__all__ = ["Layout", "Panel"]

MARKS: dict[Any, dict[str, Any]] = {
    "out": {"left": TICKLEFT, "right": TICKRIGHT, "bottom": TICKDOWN, "top": TICKUP},
    "in": {"left": TICKRIGHT, "right": TICKLEFT, "bottom": TICKUP, "top": TICKDOWN},
    "inout": {"left": "_", "right": "_", "bottom": "|", "top": "|"},
}
SIDES, TITLE = ((0.45, 1.7, 1.25), (0.45, 1.2, 1.25)), 1.15
"""Usual room of ticks, numbers and name at the left and below, and of a title, in letters."""


class _MeasuredOnce(Axis):
    """An axis that makes and measures its ticks once, each time it is drawn or measured."""

    _found: dict[str, Any] | None = None
    """Ticks, and how large their labels are; None: it is neither drawn nor measured just now."""

    def draw(self, renderer: Any) -> None:
        """Draw."""
        with self._once():
            super().draw(renderer)

    def get_tightbbox(self, *arguments: Any, **named: Any) -> Any:
        """Measure all that is written."""
        with self._once():
            return super().get_tightbbox(*arguments, **named)

    @contextmanager
    def _once(self) -> Iterator[None]:
        self._found = {}
        try:
            yield
        finally:
            self._found = None

    def _update_ticks(self) -> Any:
        return self._kept("ticks", super()._update_ticks)  # type: ignore[misc]

    def _get_ticklabel_bboxes(self, ticks: Any, renderer: Any) -> Any:
        measure = super()._get_ticklabel_bboxes  # type: ignore[misc]
        return self._kept("labels", lambda: measure(ticks, renderer))

    def _kept(self, name: str, find: Callable[[], Any]) -> Any:
        if self._found is None:
            return find()
        if name not in self._found:
            self._found[name] = find()
        return self._found[name]


class _X(_MeasuredOnce, XAxis):
    """Of x."""


class _Y(_MeasuredOnce, YAxis):
    """Of y."""


class Panel(Axes):
    """Axes with data."""

    asked = 0
    """How often the layout has asked for the room that labels take, since it began."""
    _room: F64
    """How far they reach beyond the axes: left, bottom, right and top, in pixels, shape (4,)."""

    def _init_axis(self) -> None:
        self.xaxis, self.yaxis = _X(self, clear=False), _Y(self, clear=False)
        self.spines.bottom.register_axis(self.xaxis)
        self.spines.top.register_axis(self.xaxis)
        self.spines.left.register_axis(self.yaxis)
        self.spines.right.register_axis(self.yaxis)

    def draw(self, renderer: Any) -> None:
        """Draw, all minor ticks of a side at once."""
        with self._without_minor_ticks() as without:
            super().draw(renderer)
        for axis in without if self.get_visible() and self.axison else ():
            for ticks in self._minor_ticks(axis):
                ticks.draw(renderer)

    def get_tightbbox(self, *arguments: Any, **named: Any) -> Any:
        """Measure; for the layout only once, where a guess has led it, and without minor ticks."""
        if not named.get("for_layout_only"):
            return super().get_tightbbox(*arguments, **named)
        self.asked += 1
        if self.asked == 1:
            self._room = self._guessed_room()
        elif self.asked == 2:
            with self._without_minor_ticks():
                whole = super().get_tightbbox(*arguments, **named)
            if whole is None:  # it is hidden
                return None
            self._room = np.asarray(whole.extents) - self.bbox.extents
        return Bbox.from_extents(*(self.bbox.extents + self._room))

    def _guessed_room(self) -> F64:
        """Guess the room from what is written, so well that as many ticks find place as at last."""
        room = [0.0, 0.0, 0.0, TITLE * bool(self.get_title(loc="left"))]
        for side, axis, written in ((0, self.yaxis, "labelleft"), (1, self.xaxis, "labelbottom")):
            looks = axis.get_tick_params()
            outside = looks.get("direction") == "out", looks[written], axis.get_label_text()
            room[side] = -sum(compress(SIDES[side], outside))
        letter = mpl.rcParams["font.size"] / 72 * cast("Figure", self.get_figure(root=True)).dpi
        guess: F64 = letter * np.array(room)
        return guess

    @contextmanager
    def _without_minor_ticks(self) -> Iterator[list[Axis]]:
        """Take away for a while the minor ticks that have no labels; yield the axes with such."""
        both: tuple[Axis, ...] = (self.xaxis, self.yaxis)
        axes = [axis for axis in both if not _labels_minor_ticks(axis)]
        kept = [axis.minor.locator for axis in axes]
        for axis in axes:
            axis.minor.locator = NullLocator()  # what set_minor_locator does would be forgotten
        try:
            yield axes
        finally:
            for axis, locator in zip(axes, kept, strict=True):
                axis.minor.locator = cast("Locator", locator)

    def _minor_ticks(self, axis: Axis) -> Iterator[Line2D]:
        """Yield the minor ticks of an axis: a line without a line, of markers."""
        is_x = axis is self.xaxis
        name, sides = ("xtick", ("bottom", "top")) if is_x else ("ytick", ("left", "right"))
        usual = cast("dict[str, Any]", mpl.rcParams)  # typed by all its names
        looks = axis.get_tick_params(which="minor")
        drawn = [side for side in sides if looks.get(side, True)]
        places = _within(axis, axis.get_minorticklocs()) if drawn else np.empty(0)
        if not len(places):
            return
        direction = looks.get("direction", usual[f"{name}.direction"])
        colour = looks.get("color", usual[f"{name}.color"])
        for side in drawn:
            number = sides.index(side)
            ends = np.full(len(places), float(number))
            which: Any = f"tick{number + 1}"
            ticks = Line2D(
                *((places, ends) if is_x else (ends, places)),
                linestyle="none",
                marker=MARKS[direction][side],
                markersize=looks.get("length", usual[f"{name}.minor.size"]),
                markeredgewidth=looks.get("width", usual[f"{name}.minor.width"]),
                markeredgecolor=colour,
                clip_on=False,
                transform=(self.get_xaxis_transform if is_x else self.get_yaxis_transform)(which),
            )
            ticks.set_figure(cast("Figure", self.get_figure(root=False)))
            ticks.axes = self
            yield ticks


def _labels_minor_ticks(axis: Axis) -> bool:
    """Return whether minor ticks have labels, as on a logarithmic axis of few decades."""
    formatter = axis.get_minor_formatter()
    if isinstance(formatter, NullFormatter):
        return False
    return any(formatter.format_ticks([*axis.get_minorticklocs()]))


def _within(axis: Axis, places: F64) -> F64:
    """Return those of the places that are to be seen, ends of the axis included."""
    transform = axis.get_transform()
    low, high = sorted(transform.transform(axis.get_view_interval()))
    at = transform.transform(places)
    rounding = 1e-10 * (high - low)
    seen: F64 = places[(at >= low - rounding) & (at <= high + rounding)]
    return seen


class Layout(ConstrainedLayoutEngine):
    """The constrained layout, of panels that measure their labels once."""

    def execute(self, fig: Figure) -> Any:
        """Give all panels their places."""
        for panel in fig.axes:
            if isinstance(panel, Panel):
                panel.asked = 0
        return super().execute(fig)
