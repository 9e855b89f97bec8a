"""The curves of explore: efficiency against pT, measurements of groups, and one's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import hist
import numpy as np

from dtperf.measurements import STANDARD, Measurement
from dtperf.measurements.declaration import ENTRIES, Histogram
from dtperf.measurements.histograms import means, profile_on
from dtperf.results.result import Result
from dtperf.statistics import clopper_pearson

__all__ = ["choice", "choices", "curves", "groups_of"]

AGAINST_PT = "efficiency_vs_pt"
TITLE = "Fiducial efficiency against the probe’s pT"
WHOLE = hist.axis.IntCategory | hist.axis.Integer
LETTERS = {
    r"\\(phi|varphi)": "φ", r"\\eta": "η", r"\\mu": "µ", r"\\Delta": "Δ", r"\\chi": "χ",
    r"\\theta": "θ", r"\\sigma": "σ", r"\\times": "×", r"\\geq?": "≥", r"\\leq?": "≤",
    r"\\pm": "±", r"[$_{}^]|\\(mathrm|text|[,;! ])": "",
}  # fmt: skip
"""How mathematics are written where there is no matplotlib."""


def choices(result: Result) -> list[dict[str, Any]]:
    """List the curves that can be shown: what they are, and what their axes are called.

    Args:
        result: What explore measures.
    """
    found: list[dict[str, Any]] = [
        {
            "name": AGAINST_PT,
            "title": TITLE,
            "x": "pT of the probe [GeV]",
            "label": "efficiency",
            "kind": "efficiency",
            "is_log_x": True,
            "is_log_y": False,
            "is_category": False,
            "range": None,
            "note": "",
        }
    ]
    return [*found, *(choice(name, each, result.counts[name]) for name, each in _beside(result))]


def choice(name: str, measurement: Measurement, counts: Histogram) -> dict[str, Any]:
    """Describe the curve of a measurement, as curve.js wants it.

    Args:
        name: Of the measurement.
        measurement: Its declaration.
        counts: Its histogram.
    """
    view = _view(counts, measurement)
    axis = counts.axes[view.shown[0]]
    kind = "efficiency" if measurement.passed else "mean" if measurement.mean_of else "entries"
    label = measurement.picture.label or (
        f"mean of {measurement.mean_of}" if measurement.mean_of else kind
    )
    return {
        "name": name,
        "title": _written(measurement.title or name),
        "x": _written(axis.label or axis.name),
        "label": _written(label),
        "kind": kind,
        "is_log_x": axis.name in measurement.picture.log,
        "is_log_y": ENTRIES in measurement.picture.log,
        "is_category": isinstance(axis, WHOLE),
        "range": measurement.picture.range,
        "note": view.note,
    }


def curves(result: Result) -> dict[str, list[dict[str, Any]]]:
    """List the points of all curves, by the measurement.

    Returns:
        For each station, or other group, its name and its points: lower edge, upper edge, passed,
        total, value, lower end, upper end, for bins with entries. Without an efficiency passed and
        total are the entries; a bin of one number has it as both edges.
    """
    pt: Any = result.counts[AGAINST_PT]
    found = {
        AGAINST_PT: [
            {"name": f"MB{number}", "points": _points(pt[{"station": number - 1}], "probe_pt")}
            for number in range(1, 5)
        ]
    }
    for name, measurement in _beside(result):
        found[name] = groups_of(measurement, result.counts[name])
    return found


def groups_of(measurement: Measurement, counts: Histogram) -> list[dict[str, Any]]:
    """List the points of the curves of one measurement, see `curves`."""
    view = _view(counts, measurement)
    return [
        {"name": _written(each.name), "points": _points(each.counts, view.shown[0])}
        for each in view.groups
    ]


def _beside(result: Result) -> Iterator[tuple[str, Measurement]]:
    """Yield what was measured beside the standard measurements: of groups, and one's own."""
    for name, measurement in result.config.measurements.active().items():
        is_beside = name not in STANDARD and name in result.counts
        if is_beside and measurement.picture.kind != "none":
            yield name, measurement


def _view(counts: Histogram, measurement: Measurement) -> Any:
    from dtperf.plot.views import view_of  # loads matplotlib, which others do without

    # a map would not follow the cuts as fast: its last axis does
    hints = measurement.picture.model_copy(update={"kind": "curve"})
    return view_of(counts, None, measurement.model_copy(update={"picture": hints}))


def _points(counts: Histogram, x: str) -> list[list[float]]:
    axis = counts.axes[x]
    if isinstance(axis, WHOLE):
        edges = [(int(str(value)),) * 2 for value in axis]
    else:
        edges = [*pairwise(np.asarray(axis.edges, dtype=np.float64).tolist())]
    passed, total, value, low, high = _numbers(counts, x)
    columns = (passed.tolist(), total.tolist(), value.tolist(), low.tolist(), high.tolist())
    rows = zip(edges, *columns, strict=True)
    return [[*ends, *numbers] for ends, *numbers in rows if numbers[1]]


def _numbers(counts: Histogram, x: str) -> tuple[np.ndarray, ...]:
    """Return passed, total, value and both ends of its interval in bins of x, shape (n,) each."""
    if "moment" in counts.axes.name:
        kept = profile_on(counts, x)
        number = np.asarray(kept.view())[..., 0].astype(np.int64)
        mean, error = means(kept)
        return number, number, mean, mean - error, mean + error
    if "passed" in counts.axes.name:
        view = np.asarray(counts.project(x, "passed").view())
        passed, total = view[..., 1], view.sum(axis=-1)
        low, high = clopper_pearson(passed, total)
        return passed, total, passed / np.maximum(total, 1), low, high
    entries = np.asarray(counts.project(x).view())
    error = np.sqrt(entries)
    return entries, entries, entries, entries - error, entries + error


def _written(text: str) -> str:
    if "$" in text:
        for pattern, letter in LETTERS.items():
            text = re.sub(pattern, letter, text)
    return text
