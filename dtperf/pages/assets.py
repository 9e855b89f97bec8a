"""What all pages share: styles, scripts, and data that can stand in a page.

`asset("map.js")` defines `drawMap(container, rows, options)`; its rows are those of
`dtperf.results.html.chamber_rows`.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass

__all__ = ["asset", "embedded_json"]

NEEDS = {"map.js": ("parts.js",)}
"""What has to stand before a script."""
ESCAPED = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def asset(name: str) -> str:
    """Read a style or script of this package, with all that it needs.

    Args:
        name: 'style.css' or 'map.js'.
    """
    folder = files("dtperf.pages")
    return "\n".join(
        (folder / each).read_text(encoding="utf-8") for each in (*NEEDS.get(name, ()), name)
    )


def embedded_json(value: Any) -> str:
    """Write JSON that can stand in a script element of a page.

    Args:
        value: Without NaN and infinity, which JSON does not know.

    Raises:
        ValueError: With them.
    """
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return text.translate(ESCAPED)
