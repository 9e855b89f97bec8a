"""The line above the panels: experiment, status, title, luminosity and energy, none over another.

Its words are those of `dtperf.results.caption`, placed as mplhep places CMS's.
"""

from __future__ import annotations

import mplhep
from matplotlib.axes import Axes
from matplotlib.cbook import is_math_text
from matplotlib.text import Text
from matplotlib.textpath import text_to_path

from dtperf.results.caption import Caption

__all__ = ["Header", "plain"]

LONGEST_TITLE = 60
SHORTEST_TITLE = 8
"""Characters; fewer tell nothing."""
POINTS_IN_AN_INCH = 72
GAP_IN_EMS = 1.5
"""Between left and right part, in sizes of the letters."""


def plain(text: str, longest: int = LONGEST_TITLE) -> str:
    """Make matplotlib write a text as it is, on one line.

    Args:
        text: Anything.
        longest: Number of characters to keep.
    """
    shown = "".join(c if c.isprintable() else " " for c in text).strip()
    if len(shown) > longest:
        shown = f"{shown[: longest - 1]}…"
    return shown.replace("$", r"\$")


class Header:
    """The texts of the line, made in the style that holds."""

    def __init__(self, axes: Axes, caption: Caption, title: str) -> None:
        """Write the line.

        Args:
            axes: An empty strip.
            caption: What is known of the events.
            title: Plain text, which stands before luminosity and energy.
        """
        self.axes = axes
        self._title = title
        self._conditions = caption.conditions.replace("⁻¹", "$^{-1}$")
        name, status, right, _ = mplhep.cms.label(
            exp=caption.experiment,
            llabel=plain(caption.status),
            rlabel=self._right(LONGEST_TITLE),
            ax=axes,
            scilocator_adjust=False,
        )
        self._left: list[Text] = [text for text in (name, status) if text is not None]
        self._end: Text = right
        self._sizes = [float(text.get_fontsize()) for text in self._left]

    def fit(self, width: float) -> None:
        """Shorten the title, and at worst shrink the left part, until nothing is over another.

        Args:
            width: Of the line, inches.
        """
        for text, size in zip(self._left, self._sizes, strict=True):
            text.set_fontsize(size)
        gap = GAP_IN_EMS * self._sizes[-1] / POINTS_IN_AN_INCH
        room = width - gap - sum(map(_inches, self._left))
        longest = min(len(self._title), LONGEST_TITLE)
        while self._set_right(longest) > room and longest:
            longest = longest - 1 if longest > SHORTEST_TITLE else 0
        if (end := _inches(self._end)) > room:
            shrunk = max(width - gap - end, gap) / sum(map(_inches, self._left))
            for text, size in zip(self._left, self._sizes, strict=True):
                text.set_fontsize(size * min(1.0, shrunk))

    def _right(self, longest: int) -> str:
        title = plain(self._title, longest) if longest else ""
        return ",  ".join(filter(None, (title, self._conditions)))

    def _set_right(self, longest: int) -> float:
        self._end.set_text(self._right(longest))
        return _inches(self._end)


def _inches(text: Text) -> float:
    """Return how long a text is."""
    font, content = text.get_fontproperties(), text.get_text()
    if not content:
        return 0.0
    is_formula = is_math_text(content)
    content = content if is_formula else content.replace(r"\$", "$")  # as matplotlib does
    points, _, _ = text_to_path.get_text_width_height_descent(content, font, ismath=is_formula)
    return float(points) / POINTS_IN_AN_INCH
