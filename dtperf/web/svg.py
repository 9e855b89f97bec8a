"""What the pictures written as SVG have in common: they need no script, so notebooks show them."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["picture", "text"]

STYLE = "background:#fff;font:10px sans-serif;max-width:100%;height:auto"


def picture(width: int, height: int, label: str, parts: Sequence[str]) -> str:
    """Put shapes together.

    Args:
        width: Pixels, as the height; less where there is less room.
        height: Pixels.
        label: What a screen reader says; this and the shapes are not escaped here.
        parts: Shapes.
    """
    place = f"viewBox='0 0 {width} {height}' width='{width}' role='img' aria-label='{label}'"
    return f"<svg {place} style='{STYLE}'>{''.join(parts)}</svg>"


def text(x: float, y: float, words: str, anchor: str, more: str = "") -> str:
    """Write words.

    Args:
        x: Pixels, as y.
        y: Of the line that they stand on.
        words: Not escaped here.
        anchor: 'start', 'middle' or 'end', which lies at x.
        more: Other attributes.
    """
    return f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' {more}>{words}</text>"
