"""The line above the panels: experiment, status, title, luminosity and energy, none over another.

Its words are those of `dtperf.results.caption`, placed as mplhep places CMS's.
"""

from __future__ import annotations

from bisect import bisect_right

import matplotlib as mpl
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
    """The texts of the line."""

    def __init__(self, axes: Axes, caption: Caption, title: str) -> None:
        """Say what the line will say.

        Args:
            axes: An empty strip.
            caption: What is known of the events.
            title: Plain text, which stands before luminosity and energy.
        """
        self.axes = axes
        self._caption = caption
        self._title = title
        self._texts: list[Text] = []

    def write(self, width: float) -> None:
        """Write the line anew in the style that holds, where its axes now are.

        The title is shortened, and at worst the left part made smaller, until nothing is over
        another.

        Args:
            width: Of the line, inches.
        """
        *left, right = self._write(1.0)
        gap = GAP_IN_EMS * mpl.rcParams["font.size"] / POINTS_IN_AN_INCH
        taken = float(sum(map(_inches, left)) + gap)

        def taken_with(longest: int) -> float:
            right.set_text(self._right(longest))
            return taken + _inches(right)

        longest = min(len(self._title), LONGEST_TITLE)
        if taken_with(longest) > width:
            lengths = range(SHORTEST_TITLE, longest)
            fits = bisect_right(lengths, width, key=taken_with)
            longest = lengths[fits - 1] if fits else 0
            taken_with(longest)
        if taken + (end := _inches(right)) > width:
            shrink = max(width - gap - end, gap) / (taken - gap)
            self._write(shrink)[-1].set_text(self._right(longest))

    def _write(self, shrink: float) -> list[Text]:
        """Write the line with a left part that is so much smaller."""
        for text in self._texts:
            text.remove()
        size = mpl.rcParams["font.size"]
        texts = mplhep.cms.label(
            exp=self._caption.experiment,
            llabel=plain(self._caption.status),
            rlabel=self._right(LONGEST_TITLE),
            fontsize=(1.3 * size * shrink, size * shrink, size / 1.1, size / 1.3),  # its own
            ax=self.axes,
            scilocator_adjust=False,
        )
        self._texts = [text for text in texts if text is not None]
        return self._texts

    def _right(self, longest: int) -> str:
        title = plain(self._title, longest) if longest else ""
        if self._caption.luminosity and title:
            title += ","
        return f"{title}  {self._caption.conditions}".strip().replace("⁻¹", "$^{-1}$")


def _inches(text: Text) -> float:
    """Return how long a text is."""
    font, content = text.get_fontproperties(), text.get_text()
    if not content:
        return 0.0
    is_formula = is_math_text(content)
    content = content if is_formula else content.replace(r"\$", "$")  # as matplotlib does
    points, _, _ = text_to_path.get_text_width_height_descent(content, font, ismath=is_formula)
    return float(points) / POINTS_IN_AN_INCH
