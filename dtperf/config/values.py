"""All values of a config by key, and where two configs differ: ``differing(before, now)``."""

from __future__ import annotations

from typing import Any

from dtperf.config.model import FREE, AnalysisConfig
from dtperf.config.suggest import shorten

__all__ = ["differing", "flat_values"]

WHOLE = (
    "measurements",
    "selection.luminosity_mask",
    "selection.dead_cells",
    "input.luminosity_by_block",
)
MOST_SHOWN = 10


def flat_values(config: AnalysisConfig) -> dict[str, Any]:
    """List all values by dotted key; measurements, masks and tables as one value."""
    found: dict[str, Any] = {}

    def walk(key: str, value: Any) -> None:
        if isinstance(value, dict) and key not in WHOLE:
            for name, inner in value.items():
                walk(f"{key}.{name}".removeprefix("."), inner)
        else:
            found[key] = value

    walk("", config.model_dump(mode="json"))
    return found


def differing(before: AnalysisConfig, now: AnalysisConfig) -> list[str]:
    """List the keys in which two configs differ that can change a number.

    Args:
        before: One config.
        now: Another one.

    Returns:
        Lines such as ``selection.probe.min_pt: 20.0 before, 25.0 now``; none if the hashes of both
        are equal.
    """
    before_values, after_values = (flat_values(each.without_words()) for each in (before, now))
    lines = []
    for key, value in after_values.items():
        if key.partition(".")[0] not in FREE and before_values[key] != value:
            lines += _lines(key, before_values[key], value)
    more = len(lines) - MOST_SHOWN
    return [*lines[:MOST_SHOWN], *([f"and {more} more"] if more > 0 else [])]


def _lines(key: str, before: Any, now: Any) -> list[str]:
    """Name what differs, of measurements the innermost section that has changed."""
    if not (isinstance(before, dict) and isinstance(now, dict)) or key not in (
        "measurements",
        "measurements.binning",
        "measurements.add",
    ):
        return [f"{key}: {shorten(before)} before, {shorten(now)} now"]
    return [
        line
        for name in {**before, **now}
        if before.get(name) != now.get(name)
        for line in _lines(f"{key}.{name}", before.get(name), now.get(name))
    ]
