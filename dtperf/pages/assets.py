"""What all pages share: styles, scripts, and data that can stand in a page.

`asset("map.js")` defines `drawMap(container, rows, options)`; its rows are those of
`dtperf.results.html.chamber_rows`.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from dtperf.results import colours

__all__ = ["asset", "embedded_json"]

NEEDS = {
    "map.js": ("parts.js",),
    "explore/explore.js": ("parts.js", "map.js", "explore/curve.js"),
    "explore/explore.css": ("map.css", "explore/curve.css"),
}
"""What has to stand before a script or style."""
ESCAPED = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def asset(name: str) -> str:
    """Read a style or script of this package, with all that it needs.

    Args:
        name: Such as 'style.css' or 'map.js'; with its folder, where it is in one.
    """
    folder, names = files("dtperf.pages"), (*NEEDS.get(name, ()), name)
    told = f"const dtColours = {embedded_json(_colours())};\n"
    return "\n".join(
        (told if each == "parts.js" else "") + (folder / each).read_text(encoding="utf-8")
        for each in names
    )


def _colours() -> dict[str, Any]:
    """Return what `parts.js` needs of `dtperf.results.colours`."""
    fills = (*colours.FILLS, *colours.DIFFERENCE_FILLS)
    return {
        "efficiency": {"edges": colours.EDGES, "fills": colours.FILLS},
        "difference": {"edges": colours.DIFFERENCE_EDGES, "fills": colours.DIFFERENCE_FILLS},
        "uncertainty": {"edges": colours.UNCERTAINTY_EDGES, "fills": colours.UNCERTAINTY_FILLS},
        "alarm": colours.ALARM,
        "pale": {fill: colours.pale(fill) for fill in fills},
        "stations": colours.STATION_COLOURS,
        "few": colours.FEW,
        "sure": colours.SURE,
    }


def embedded_json(value: Any) -> str:
    """Write JSON that can stand in a script element of a page.

    Args:
        value: Without NaN and infinity, which JSON does not know.

    Raises:
        ValueError: With them.
    """
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return text.translate(ESCAPED)
