"""What all pages share: style, the wheel × sector maps, and the data behind them.

`asset("map.js")` defines `drawMap(container, rows, options)`; its rows are `chamber_rows(result)`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from dtperf.flags import Flag
    from dtperf.results import Result

__all__ = ["asset", "chamber_rows", "embedded_json"]

NEEDS = {"map.js": ("parts.js",)}
"""What has to stand before a script."""
ESCAPED = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}
POINTS = 60
"""Of a trend at most: more would not show in its little picture."""


def asset(name: str) -> str:
    """Read a style or script of this package, with all that it needs.

    Args:
        name: 'style.css' or 'map.js'.
    """
    folder = files(__name__)
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


def chamber_rows(result: Result, flags: Iterable[Flag] = ()) -> list[dict[str, Any]]:
    """List the chambers as `drawMap` wants them.

    Args:
        result: What was measured.
        flags: What is wrong with which chamber, or what holds it.

    Returns:
        One row a chamber, none if 'by_chamber' was not measured; its value is None without probes.
    """
    reasons = defaultdict(list)
    for flag in flags:
        whose = "" if len(flag.place.chambers) == 1 else f"{flag.place.name}: "
        for chamber in flag.place.chambers:
            reasons[chamber].append(f"{whose}{flag.reason}")
    trends = _trends(result)
    rows = []
    for chamber, efficiency in result.by_chamber():
        row: dict[str, Any] = {"name": chamber.name, "station": chamber.station}
        row |= {"wheel": chamber.wheel, "sector": chamber.sector}
        row |= {"passed": efficiency.passed, "total": efficiency.total}
        row["value"] = efficiency.value if efficiency.total else None
        row |= {"low": efficiency.low, "high": efficiency.high}
        if chamber in reasons:
            row["reason"] = "; ".join(reasons[chamber])
        if trends:
            row["trend"] = trends[chamber]
        rows.append(row)
    return rows


def _trends(result: Result) -> dict[Any, list[list[int]]]:
    """Give [run, passed, total] of each chamber; many runs are added up, neighbour to neighbour."""
    if "by_chamber_and_run" not in result.counts:
        return {}
    counts = result.counts["by_chamber_and_run"]
    axis = counts.axes["run"]
    first = np.arange(0, axis.size, -(-axis.size // POINTS) or 1)
    # a category axis has an overflow, which stays empty while the axis grows
    view = np.asarray(counts.view())
    summed = np.add.reduceat(view, first, axis=3) if axis.size else view
    runs = [int(axis.value(at)) for at in first]
    found = {}
    for chamber, _ in result.by_chamber():
        cells = summed[chamber.station - 1, chamber.wheel + 2, chamber.sector - 1]
        found[chamber] = [
            [run, int(passed), int(failed + passed)]
            for run, (failed, passed) in zip(runs, cells, strict=True)
        ]
    return found
