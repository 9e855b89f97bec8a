"""Letters that are looked up and measured once, and formulas that are parsed once."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties, fontManager, get_font
from matplotlib.mathtext import MathTextParser

__all__ = ["look_up_once"]

Heights = tuple[float | None, float | None, float | None]

_formulas = MathTextParser("path")
"""Each renderer has one of its own, that knows nothing of other pictures."""


def look_up_once(renderer: Any) -> None:
    """Make a renderer of pixels remember how high letters are, and what formulas look like."""
    if isinstance(renderer, RendererAgg) and "_get_font_height_metrics" not in vars(renderer):
        renderer.mathtext_parser = _formulas
        # matplotlib asks renderers that have it, and else looks a font up for each text
        vars(renderer)["_get_font_height_metrics"] = _heights_of(renderer.dpi)


def _heights_of(dpi: float) -> Callable[[FontProperties], Heights]:
    """Return what finds ascent, descent and gap of lines, in pixels, as `Text` would.

    Source: OpenType 1.9, tables 'OS/2' (sTypoAscender and so on) and 'head' (unitsPerEm).
    """

    @lru_cache(100)
    def found(letters: FontProperties) -> Heights:
        font = get_font(fontManager._find_fonts_by_props(letters))
        table, head = font.get_sfnt_table("OS/2"), font.get_sfnt_table("head")
        if table is None or head is None:
            return None, None, None
        scale = letters.get_size_in_points() * dpi / 72 / head["unitsPerEm"]
        up, down, gap = table["sTypoAscender"], table["sTypoDescender"], table["sTypoLineGap"]
        return up * scale, -down * scale, gap * scale

    return lambda letters: found(letters.copy())  # as they can be changed later
