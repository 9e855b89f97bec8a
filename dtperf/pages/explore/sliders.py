"""The cuts that have a slider."""

from __future__ import annotations

from typing import Any, NamedTuple

from dtperf.config import AnalysisConfig
from dtperf.config.values import flat_values
from dtperf.skim.cut_rules import MAXIMA, MINIMA

__all__ = ["SLIDERS", "Slider", "sliders"]


class Slider(NamedTuple):
    """One cut, and how far its slider goes; any allowed value can be typed beside it."""

    key: str
    group: str
    label: str
    unit: str
    low: float
    high: float
    step: float
    value: float | None
    """From the config; None: the cut is not made."""
    is_whole: bool = False
    without: str = ""
    """What it means not to make the cut; empty if that cannot be."""
    start: float = 0
    """Where the slider stands while the cut is not made."""


def _slider(key: str, *rest: Any, **options: Any) -> Slider:
    group, label, unit, low, high, step = rest
    return Slider(f"selection.{key}", group, label, unit, low, high, step, None, **options)


TAG, PROBE, PAIR, STATION, SEGMENT = "Tag", "Probe", "Pair", "Where it crosses", "Segment"
SLIDERS = (
    _slider("tag.min_pt", TAG, "tag: pT above", "GeV", 0, 80, 1),
    _slider("tag.max_iso", TAG, "tag: relative isolation below", "", 0.01, 0.5, 0.01),
    _slider("probe.min_pt", PROBE, "probe: pT above", "GeV", 0, 80, 1),
    _slider("probe.max_iso", PROBE, "probe: relative isolation below", "", 0.01, 0.5, 0.01),
    _slider("pair.min_mass", PAIR, "mass above", "GeV", 50, 91, 0.5),
    _slider("pair.max_mass", PAIR, "mass below", "GeV", 92, 150, 0.5),
    _slider(
        *("station.min_other_stations", STATION, "other stations with segments, at least"),
        *("", 0, 4, 1),
        is_whole=True,
    ),
    _slider("station.border_x", STATION, "edge_x below, < 0 inside", "cm", -60, 20, 1),
    _slider("station.border_y", STATION, "edge_y below, < 0 inside", "cm", -60, 20, 1),
    _slider("passing.max_dx", SEGMENT, "|Δx| to the track below", "cm", 0.5, 60, 0.5),
    _slider(
        *("passing.max_dy", SEGMENT, "|Δy| to the track below", "cm", 0.5, 60, 0.5),
        without="the φ view alone counts",
        start=15,
    ),
)


def sliders(config: AnalysisConfig, loosest: AnalysisConfig | None = None) -> list[Slider]:
    """List the sliders, each at the config's value.

    Args:
        config: The cuts to start from; a slider is made long enough for its value.
        loosest: The cuts of the skim, which sliders do not leave.
    """
    ends_of = {} if loosest is None else {k: flat_values(loosest)[k] for k in (*MINIMA, *MAXIMA)}
    values = flat_values(config)
    found = []
    for slider in SLIDERS:
        value = values[slider.key]
        ends = (slider.low, slider.high, *([] if value is None else [value]))
        low, high, end = min(ends), max(ends), ends_of.get(slider.key)
        if end is not None:
            low, high = (end, max(high, end)) if slider.key in MINIMA else (min(low, end), end)
        found.append(slider._replace(value=value, low=low, high=high))
    return found
