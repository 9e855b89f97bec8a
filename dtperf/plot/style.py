"""The look of all plots: mplhep's CMS style, held while a figure is made and while it is drawn."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, cast

import matplotlib as mpl
import matplotlib.style
import mplhep
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.legend import Legend

from dtperf.plot.header import Header, plain
from dtperf.plot.panel import Layout, Panel
from dtperf.plot.pyplot import hand_over
from dtperf.plot.ticks import QuickAxes
from dtperf.results.caption import NOTHING_KNOWN, Caption
from dtperf.results.colours import STATION_COLOURS
from dtperf.typing import AnyArray

__all__ = [
    "GREY",
    "RC",
    "STATIONS",
    "CurveStyle",
    "Size",
    "StyledFigure",
    "for_page",
    "is_for_page",
    "legend",
    "new_sheet",
    "plain",
    "style",
]

GREY = "#717581"
"""Of the reference."""

RC: dict[str, Any] = {
    # the names themselves: a generic family would be looked up in the user's rcParams
    "font.family": ["TeX Gyre Heros", "DejaVu Sans"],
    "font.size": 17,
    "axes.linewidth": 1.3,
    "axes.unicode_minus": True,
    "axes.titlesize": "medium",
    # no ticks are above a panel that a title would have to make way for, which takes long to see
    "axes.titley": 1.0,
    "xtick.major.size": 8,
    "xtick.minor.size": 4,
    "ytick.major.size": 8,
    "ytick.minor.size": 4,
    "legend.columnspacing": 1.2,
    "legend.handletextpad": 0.4,
    "lines.linewidth": 1.6,
    "hatch.linewidth": 0.6,
    "savefig.dpi": 100,
    "svg.hashsalt": "dtperf",
}
"""What differs from mplhep's style, which is made for one picture of 10 x 10 inches."""

HEADER_IN_INCHES = 0.5


class CurveStyle(NamedTuple):
    """Three ways to tell one curve from another, none of which needs the others."""

    colour: str
    marker: str
    line: str


STATIONS = tuple(
    CurveStyle(*look)
    for look in zip(STATION_COLOURS, ("o", "s", "^", "D"), ("-", "--", "-.", ":"), strict=True)
)
"""Of MB1 to MB4."""


SHRINKING = (
    *("font.size", "axes.linewidth", "axes.labelpad", "axes.titlepad", "lines.linewidth"),
    *(
        f"{axis}tick.{kind}.{what}"
        for axis in "xy"
        for kind in ("major", "minor")
        for what in ("size", "width", "pad")
    ),
)
"""What is smaller in a smaller figure, so that everything finds its place."""

Size = tuple[float, float]
_wanted: ContextVar[Size | None] = ContextVar("_wanted", default=None)
"""Size that the user asks for of the next figure, inches."""
_caption: ContextVar[Caption] = ContextVar("_caption", default=NOTHING_KNOWN)
"""What is known of what the next figure shows."""
SMALL = 0.6
_held: ContextVar[float | None] = ContextVar("_held", default=None)
"""Scale of the style that holds already; None: the user's own does."""
_is_for_page: ContextVar[bool] = ContextVar("_is_for_page", default=False)


def is_for_page() -> bool:
    """Return whether figures are small just now, see `for_page`."""
    return _is_for_page.get()


@contextmanager
def for_page() -> Iterator[None]:
    """Make figures small for a while, with letters that can be read where they stand side by side.

    They go without title, which the page has.
    """
    before = _is_for_page.set(True)
    try:
        yield
    finally:
        _is_for_page.reset(before)


@contextmanager
def style(
    figsize: Size | None = None, scale: float = 1.0, caption: Caption | None = None
) -> Iterator[None]:
    """Hold the style for a while; the user's rcParams are there again afterwards.

    The resolution on the screen is the user's all along.

    Args:
        figsize: Size for the figure that is made meanwhile, inches; None: what suits the plot.
        scale: How large letters and ticks are.
        caption: What the header of that figure says; None: what it said before.
    """
    before = _wanted.set(figsize or _wanted.get())
    said = _caption.set(caption or _caption.get())
    try:
        with _parameters(scale):
            yield
    finally:
        _wanted.reset(before)
        _caption.reset(said)


@contextmanager
def _parameters(scale: float) -> Iterator[None]:
    """Hold matplotlib's parameters; where they already do, nothing is set, as it takes 3 ms."""
    if _held.get() == scale:
        yield
        return
    held = _held.set(scale)
    kept = {"figure.dpi": mpl.rcParams["figure.dpi"]}
    try:
        with matplotlib.style.context([mplhep.style.CMS, RC, kept], after_reset=True):
            _shrink(scale)
            yield
    finally:
        _held.reset(held)


def _shrink(scale: float) -> None:
    """Make letters and ticks smaller, for as long as the style is held."""
    if scale != 1:
        _held.set(scale)
        parameters = cast("dict[str, Any]", mpl.rcParams)  # typed by all its names
        parameters.update({name: scale * parameters[name] for name in SHRINKING})


class StyledFigure(Figure):
    """A figure that is drawn in its own style, whenever and wherever that happens.

    Matplotlib makes ticks and looks up fonts only then, when the user's rcParams hold again.
    """

    rows: list[list[Axes]]
    header: Header
    """The line that says whose events they are."""
    scale: float = 1.0
    """How large letters and ticks are."""
    _only_placed = False
    """The next time it is drawn, panels only get their places."""
    _is_measured = False
    """Its header is just being measured, for which mplhep would draw all of it."""

    @property
    def panels(self) -> AnyArray:
        """Axes with data, shape (rows, columns); `axes` has the header and colour bars, too.

        The array is made when it is asked for: Python does not look for garbage within numpy's
        arrays, so that a figure that kept one of its own axes would stay in memory for ever.
        """
        panels = np.empty((len(self.rows), len(self.rows[0])), dtype=object)
        panels[...] = self.rows
        return panels

    def set_size_inches(self, *size: Any, **named: Any) -> None:
        """Take another size; the header keeps its height."""
        before = tuple(self.bbox_inches.size)
        super().set_size_inches(*size, **named)
        # not while it is made, nor where another resolution sets the same size
        if "header" in vars(self) and tuple(self.bbox_inches.size) != before:
            with style(scale=self.scale):
                self.place_header()

    def add_axes(self, *arguments: Any, **named: Any) -> Axes:
        """Add axes that are quickly drawn, if no other ones are asked for."""
        if not isinstance(arguments[0], Axes) and not {"projection", "polar"} & {*named}:
            named.setdefault("axes_class", QuickAxes)
        return super().add_axes(*arguments, **named)

    def place_header(self) -> None:
        """Give the header its strip, and the rest to the panels."""
        strip = self.scale * HEADER_IN_INCHES / self.get_figheight()
        engine = self.get_layout_engine()
        if not isinstance(engine, ConstrainedLayoutEngine):  # while it is saved it has another one
            return
        engine.set(rect=(0, 0, 1, 1 - strip))
        # as high as it is thin in a figure of usual size: what it says stands above it
        self.header.axes.set_position((0.015, 1 - 0.85 * strip, 0.97, 0.15 * strip))
        self._is_measured = True
        try:
            self.header.write(0.97 * self.get_figwidth())
        finally:
            self._is_measured = False

    def show(self, warn: bool = True) -> None:
        """Show it as pyplot shows its own figures: in a window, or below the notebook's cell."""
        if self.canvas.manager is not None:
            super().show(warn)
            return
        hand_over(self)
        self.show(warn)  # of this method, or of what a notebook's backend has put in its place

    def draw(self, renderer: Any) -> None:
        """Draw in the style."""
        if self._is_measured:
            return
        engine = self.get_layout_engine()
        with style(scale=self.scale):
            if self._only_placed and engine is not None:
                engine.execute(self)
            else:
                super().draw(renderer)
        self._only_placed = False

    def get_tightbbox(self, *arguments: Any, **named: Any) -> Any:
        """Measure in the style; what saves with `bbox_inches="tight"` does it first."""
        with style(scale=self.scale):
            return super().get_tightbbox(*arguments, **named)

    def savefig(self, *arguments: Any, **named: Any) -> None:
        """Save with the style's resolution."""
        # matplotlib draws it twice: first to nowhere, for the places of the panels
        self._only_placed = self.get_layout_engine() is not None
        with style(scale=self.scale):
            super().savefig(*arguments, **named)

    def _repr_png_(self) -> bytes:
        """Show in a notebook where no backend does it."""
        picture = io.BytesIO()
        self.savefig(picture, format="png", dpi="figure")
        return picture.getvalue()


def new_sheet(
    rows: int = 1,
    columns: int = 1,
    size: Size = (10, 7.5),
    *,
    title: str = "",
    share: bool = False,
) -> StyledFigure:
    """Make panels below a header that says whose events they show.

    Args:
        rows: Of panels.
        columns: Of panels.
        size: Width and height in inches, if the user asks for no other.
        title: Right part of that line, plain text; shortened to what finds its place.
        share: Panels have common axes, written only at the left and at the bottom.
    """
    if is_for_page():
        size, title = (SMALL * size[0], SMALL * size[1]), ""
    wanted = _wanted.get() or size
    scale = min(1.0, wanted[0] / size[0], wanted[1] / size[1])
    _shrink(scale)
    sheet = StyledFigure(figsize=wanted)
    FigureCanvasAgg(sheet)  # else the header would be measured on a second canvas
    sheet.scale = scale
    sheet.rows = [[] for _ in range(rows)]
    _write_header(sheet, title)
    grid = sheet.add_gridspec(rows, columns)
    for row, column in np.ndindex(rows, columns):
        first = sheet.rows[0][0] if share and sheet.rows[0] else None
        panel = sheet.add_subplot(grid[row, column], axes_class=Panel, sharex=first, sharey=first)
        sheet.rows[row].append(panel)
        if share:
            panel.label_outer()
    return sheet


def _write_header(sheet: StyledFigure, title: str) -> None:
    """Write the header into a strip that the panels leave free."""
    sheet.set_layout_engine(Layout())
    axes = sheet.add_axes((0, 0, 1, 1))
    axes.axis("off")
    axes.set_navigate(False)
    sheet.header = Header(axes, _caption.get(), title)
    sheet.place_header()
    axes.set_in_layout(False)


def legend(panel: Axes, handles: Sequence[Any], columns: int) -> Legend:
    """Put a legend at the top, where `Axes` of efficiencies and entries leave room for it."""
    shown = panel.legend(
        handles=handles, loc="upper center", ncols=columns, borderaxespad=0.3, fontsize="x-small"
    )
    shown.set_in_layout(False)  # it needs no room beside the panel
    return shown
