"""Axes that look as matplotlib's own do, and are drawn in a third of the time.

Most of that time goes into ticks. Matplotlib makes each of them of five artists, and measures and
draws these one by one; here one tick is drawn at all its places. Where somebody has touched single
ticks, or wants a grid, all is left to matplotlib. So it is, too, where matplotlib finds ticks in
another way than the one that is known here, as nothing of that is public.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from inspect import signature
from typing import Any, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis, Tick, XAxis, XTick, YAxis, YTick
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator
from matplotlib.transforms import Bbox

from dtperf.typing import F64

__all__ = ["QuickAxes", "name_ticks"]

KNOWN = {
    "_get_tick": ("self", "major"),
    "_get_ticklabel_bboxes": ("self", "ticks", "renderer"),
    "_update_ticks": ("self",),
}
"""Methods of matplotlib's `Axis` that are replaced here, with their arguments."""


class _Everywhere(Tick):
    """A tick that is drawn at many places."""

    __name__: str
    places: F64 | None = None
    """Where on its axis, shape (n,); None: at its one place, as matplotlib has it."""
    names: Sequence[str] = ()
    """What is written there."""
    _sizes: tuple[Any, dict[str, Any]] = (None, {})
    """How the letters looked, and how far texts reach from their place then, in pixels."""

    def draw(self, renderer: Any) -> None:
        """Draw all marks of a side at once, and then what is written."""
        if self.places is None or not self.get_visible():
            super().draw(renderer)
            return
        renderer.open_group(self.__name__, gid=self.get_gid())
        self._stand_at(self.places)
        for marks in (self.tick1line, self.tick2line):
            marks.draw(renderer)
        for label in self._labels():
            for place, name in zip(self.places, self.names, strict=True):
                if name:
                    self._write(label, place, name)
                    label.draw(renderer)
        self.update_position(self.places[0])
        renderer.close_group(self.__name__)
        self.stale = False

    def extents(self, renderer: Any) -> list[list[Bbox]]:
        """Return what the labels of either side take, together: one box in pixels, or none."""
        both = (self.label1, self.label2)
        shown = [label in self._labels() and label.get_in_layout() for label in both]
        return [
            [self._extent(label, renderer)] if is_shown and any(self.names) else []
            for label, is_shown in zip(both, shown, strict=True)
        ]

    def _extent(self, label: Text, renderer: Any) -> Bbox:
        written = [(p, n) for p, n in zip(self.places, self.names, strict=True) if n]  # type: ignore[arg-type]
        x, y = label.get_position()
        is_x = isinstance(self, XTick)
        places = np.array([place for place, _ in written])
        across = np.full(len(written), y if is_x else x)
        points = np.column_stack((places, across) if is_x else (across, places))
        at = label.get_transform().transform(points)
        reach = self._reach(label, written, renderer)
        return Bbox(np.array([(at + reach[:, 0]).min(axis=0), (at + reach[:, 1]).max(axis=0)]))

    def _reach(self, label: Text, written: Sequence[tuple[float, str]], renderer: Any) -> F64:
        """Return how far texts reach from their places, pixels, shape (n, 2, 2)."""
        look = (
            renderer.points_to_pixels(1.0),
            hash(label.get_fontproperties()),
            label.get_rotation(),
            label.get_horizontalalignment(),
            label.get_verticalalignment(),
            label.get_rotation_mode(),
        )
        if self._sizes[0] != look:
            self._sizes = look, {}
        known = self._sizes[1]
        for place, name in written:
            if name not in known:
                self._write(label, place, name)
                at = label.get_transform().transform(label.get_position())
                known[name] = label.get_window_extent(renderer).get_points() - at
        return np.array([known[name] for _, name in written])

    def _labels(self) -> list[Text]:
        return [label for label in (self.label1, self.label2) if label.get_visible()]

    def _write(self, label: Text, place: float, name: str) -> None:
        label.set_text(name)
        (label.set_x if isinstance(self, XTick) else label.set_y)(place)

    def _stand_at(self, places: F64) -> None:
        for marks in (self.tick1line, self.tick2line):
            (marks.set_xdata if isinstance(self, XTick) else marks.set_ydata)(places)


class _XTick(_Everywhere, XTick):
    """Of x."""


class _YTick(_Everywhere, YTick):
    """Of y."""


class _QuickAxis(Axis):
    """An axis that finds and measures its ticks once, each time it is drawn or measured."""

    _found: dict[str, Any] | None = None
    """Ticks, and how large their labels are; None: it is neither drawn nor measured just now."""

    def draw(self, renderer: Any) -> None:
        """Draw."""
        with self.found_once():
            super().draw(renderer)

    def get_tightbbox(self, *arguments: Any, **named: Any) -> Any:
        """Measure all that is written."""
        with self.found_once():
            return super().get_tightbbox(*arguments, **named)

    def set_clip_path(self, *arguments: Any, **named: Any) -> None:
        """Clip the grid; ticks that are made later follow."""
        with self._no_new_ticks():
            super().set_clip_path(*arguments, **named)

    def set_tick_params(self, *arguments: Any, **named: Any) -> None:
        """Set looks of ticks; those that are made later get them, too."""
        with self._no_new_ticks():
            super().set_tick_params(*arguments, **named)

    def _get_tick(self, major: bool) -> Any:
        tick = super()._get_tick(major)  # type: ignore[misc]
        tick.gridline.set_clip_box(self.clipbox)
        tick.gridline.set_clip_path(self.get_clip_path())
        return tick

    @contextmanager
    def _no_new_ticks(self) -> Iterator[None]:
        """Let matplotlib see only ticks that are there: it makes the first ones when it looks."""
        new = [name for name in ("majorTicks", "minorTicks") if name not in vars(self)]
        for name in new:
            setattr(self, name, [])
        try:
            yield
        finally:
            for name in new:
                if not vars(self).get(name, True):
                    delattr(self, name)

    @contextmanager
    def found_once(self) -> Iterator[None]:
        """Keep for a while what is found of the ticks."""
        if self._found is not None:
            yield
            return
        self._found = {}
        try:
            yield
        finally:
            self._found = None
            for tick in self._first_ticks():
                tick.places = None

    def _first_ticks(self) -> list[Any]:
        made = (vars(self).get(name, []) for name in ("majorTicks", "minorTicks"))
        return [ticks[0] for ticks in made if ticks]

    def _update_ticks(self) -> Any:
        everywhere = None if self._found is None else self._kept("ticks", self._everywhere)
        return self._kept("each", super()._update_ticks) if everywhere is None else everywhere  # type: ignore[misc]

    def _get_ticklabel_bboxes(self, ticks: Any, renderer: Any) -> Any:
        measure = super()._get_ticklabel_bboxes  # type: ignore[misc]
        if any(tick.places is not None for tick in ticks):
            measure = _together
        return self._kept("labels", lambda: measure(ticks, renderer))

    def _everywhere(self) -> list[Any] | None:
        """Return one major and one minor tick, for all their places; None: each is its own."""
        if any(len(vars(self).get(name, [])) > 1 for name in ("majorTicks", "minorTicks")):
            return None
        found = []
        for ticker, name, places in (
            (self.major, "majorTicks", self.get_majorticklocs),
            (self.minor, "minorTicks", self.get_minorticklocs),
        ):
            if isinstance(ticker.locator, NullLocator):
                continue
            at = np.asarray(places(), dtype=np.float64)
            is_seen = self._is_seen(at)
            if not is_seen.any():
                continue
            tick = getattr(self, name)[0]
            if tick.gridline.get_visible():
                return None
            names = cast("Any", ticker.formatter).format_ticks(at)
            tick.places = at[is_seen]
            tick.names = [names[index] for index in np.flatnonzero(is_seen)]
            found.append(tick)
        return found

    def _is_seen(self, places: F64) -> Any:
        """Return which of the places lie between the ends of the axis, these included."""
        transform = self.get_transform()
        low, high = sorted(transform.transform(self.get_view_interval()))
        at = transform.transform(places)
        rounding = 1e-10 * (high - low)
        return (at >= low - rounding) & (at <= high + rounding)

    def _kept(self, name: str, find: Callable[[], Any]) -> Any:
        if self._found is None:
            return find()
        if name not in self._found:
            self._found[name] = find()
        return self._found[name]


def _together(ticks: Sequence[_Everywhere], renderer: Any) -> tuple[list[Bbox], list[Bbox]]:
    both = [tick.extents(renderer) for tick in ticks]
    return [box for first, _ in both for box in first], [box for _, last in both for box in last]


class _X(_QuickAxis, XAxis):
    """Of x."""

    _tick_class = _XTick


class _Y(_QuickAxis, YAxis):
    """Of y."""

    _tick_class = _YTick


def _is_known() -> bool:
    """Return whether matplotlib finds ticks in the way that is known here."""
    methods = (getattr(Axis, name, None) for name in KNOWN)
    return hasattr(Axis, "_tick_class") and [*map(_arguments, methods)] == [*KNOWN.values()]


@cache
def _arguments(method: Callable[..., Any] | None) -> tuple[str, ...]:
    return () if method is None else tuple(signature(method).parameters)


class QuickAxes(Axes):
    """Axes that are quickly made and drawn."""

    _measured: dict[Any, Any]
    """What a layout has measured since it began, by the place of the axes in pixels."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """Make axes, as matplotlib's own are made."""
        self.begin_layout()
        super().__init__(*arguments, **named)

    def _init_axis(self) -> None:
        if not _is_known():
            super()._init_axis()  # type: ignore[misc]
            return
        self.xaxis, self.yaxis = _X(self, clear=False), _Y(self, clear=False)
        self.spines.bottom.register_axis(self.xaxis)
        self.spines.top.register_axis(self.xaxis)
        self.spines.left.register_axis(self.yaxis)
        self.spines.right.register_axis(self.yaxis)

    def begin_layout(self) -> None:
        """Forget what the layout has measured before."""
        self._measured = {}

    def get_tightbbox(self, *arguments: Any, **named: Any) -> Any:
        """Measure, at each place once in a layout, which asks for a colour bar from all panels."""
        place = tuple(self.bbox.extents)
        is_for_layout = named.get("for_layout_only")
        if not is_for_layout or place not in self._measured:
            with ExitStack() as stack:
                for axis in (self.xaxis, self.yaxis):  # for whose ticks the spines ask, too
                    if isinstance(axis, _QuickAxis):
                        stack.enter_context(axis.found_once())
                found = super().get_tightbbox(*arguments, **named)
            if not is_for_layout:
                return found
            self._measured[place] = found
        return self._measured[place]


def name_ticks(
    axis: Axis, places: Iterable[float], names: Iterable[str] = (), size: str | None = None
) -> None:
    """Put ticks at places of an axis that it shows, without making one for each.

    Args:
        axis: Which.
        places: Where.
        names: What is written at each; nothing: its number.
        size: Of the letters, such as 'small'; None: the usual one.
    """
    axis.set_major_locator(FixedLocator([*places]))
    if written := [*names]:
        axis.set_major_formatter(FixedFormatter(written))
    if size is not None:
        axis.set_tick_params(labelsize=size)
