"""Panels that the constrained layout, which measures everything twice, measures once."""

from __future__ import annotations

from itertools import compress
from typing import Any, cast

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.transforms import Bbox

from dtperf.plot.ticks import QuickAxes
from dtperf.typing import F64

__all__ = ["Layout", "Panel"]

SIDES, TITLE = ((0.45, 1.7, 1.25), (0.45, 1.2, 1.25)), 1.15
"""Usual room of ticks, numbers and name at the left and below, and of a title, in letters."""


class Panel(QuickAxes):
    """Axes with data."""

    asked = 0
    """How often the layout has asked for the room that labels take, since it began."""
    _room: F64
    """How far they reach beyond the axes: left, bottom, right and top, in pixels, shape (4,)."""

    def begin_layout(self) -> None:
        """Forget what the layout has measured before."""
        super().begin_layout()
        self.asked = 0

    def get_tightbbox(self, *arguments: Any, **named: Any) -> Any:
        """Measure; for the layout only once, where a guess has led it."""
        if not named.get("for_layout_only"):
            return super().get_tightbbox(*arguments, **named)
        self.asked += 1
        if self.asked == 1:
            self._room = self._guessed_room()
        elif self.asked == 2:
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


class Layout(ConstrainedLayoutEngine):
    """The constrained layout, of panels that measure their labels once."""

    def execute(self, fig: Figure) -> Any:
        """Give all panels their places."""
        for axes in fig.axes:
            if isinstance(axes, QuickAxes):
                axes.begin_layout()
        return super().execute(fig)
