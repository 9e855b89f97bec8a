"""What of any histogram is drawn: which axes, a curve or panel for which bins, what is summed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import hist
import numpy as np
from matplotlib.mathtext import MathTextParser

from dtperf.measurements.declaration import AtLeast, Histogram, Measurement, PictureHints
from dtperf.measurements.histograms import profile_on, sort_categories, with_labels
from dtperf.plot.axes import NOT_VARIABLES, at, edges_of
from dtperf.plot.style import plain
from dtperf.typing import F64

__all__ = ["Group", "View", "drawable", "edges_shown", "is_labelled", "label_of", "view_of"]

KINDS = ("passed", "moment")
"""Axes of what is counted."""
PLACES = {"station": "MB", "wheel": "W", "sector": "S"}
RANGES = hist.axis.Regular | hist.axis.Variable
MOST_PANELS = 16


class Group(NamedTuple):
    """What is in one panel, or one curve."""

    name: str
    counts: Histogram
    """On the axes that are shown, and 'passed' or 'moment'."""
    reference: Histogram | None


@dataclass(frozen=True)
class View:
    """How a histogram is looked at."""

    by: str
    """Axis of which each bin is a group; '': there is one group."""
    shown: tuple[str, ...]
    """One axis, or those of a map: x and y."""
    note: str
    """What was done with the other axes."""
    groups: tuple[Group, ...]


def view_of(
    histogram: Histogram, reference: Histogram | None, measurement: Measurement | None
) -> View:
    """Choose what is drawn.

    Args:
        histogram: Any, with named axes.
        reference: The same of another result; it is left out if it has other bins.
        measurement: Its declaration, which may say how it is drawn.
    """
    hints = PictureHints() if measurement is None else measurement.picture
    kinds = [name for name in histogram.axes.name if name in KINDS]
    names = [name for name in histogram.axes.name if name not in KINDS]
    # one bin is there to leave out what lies beyond it
    names = [name for name in names if not _is_one_range(histogram.axes[name])] or names
    fewest = 2 if hints.kind == "map" else 1
    by = hints.by or ("station" if "station" in names and len(names) > fewest else "")
    shown = _shown([name for name in names if name != by], hints.kind)
    kept = [*filter(None, [by]), *shown, *kinds]
    declared = {} if measurement is None else {each.name: each for each in measurement.axes}
    taken, summed = {}, []
    for axis in histogram.axes:
        if axis.name in kept:
            continue
        threshold = declared.get(axis.name)
        if isinstance(threshold, AtLeast):
            # an entry is in all bins of a threshold that it reaches: they are not to be summed
            taken[axis.name] = f"{axis.name} at least {threshold.first}"
        elif _is_one_range(axis):
            taken[axis.name] = f"{axis.name} {axis.edges[0]:g} to {axis.edges[1]:g}"
        else:
            summed.append(axis.name)
    remarks = [*taken.values(), *([f"summed over {', '.join(summed)}"] if summed else [])]
    own, other = _in_order(histogram, reference)
    if reference is not None and other is None:
        remarks.append("reference has other bins: not shown")
    own = _kept(own, kept, taken)
    groups = _groups(own, None if other is None else _kept(other, kept, taken), by)
    if len(groups) > MOST_PANELS:
        remarks.append(f"the first {MOST_PANELS} of {len(groups)}")
    return View(by, shown, "; ".join(remarks), tuple(groups[:MOST_PANELS]))


def _is_one_range(axis: Any) -> bool:
    return isinstance(axis, RANGES) and len(axis) == 1


def _shown(names: list[str], kind: str | None) -> tuple[str, ...]:
    """Choose the last axis, or the last two: places only where there is nothing else."""
    variables = [name for name in names if name not in NOT_VARIABLES]
    candidates = variables or names
    if kind == "map" and len(candidates) < 2:
        candidates = [*(name for name in names if name not in candidates), *candidates]
    if kind == "curve" or len(candidates) == 1:
        return (candidates[-1],)
    return ("sector", "wheel") if {*candidates} >= {"sector", "wheel"} else (*candidates[-2:],)


def _in_order(
    histogram: Histogram, reference: Histogram | None
) -> tuple[Histogram, Histogram | None]:
    """Return a result's histogram and the reference's with the same bins; None if it has others."""
    if reference is None or reference.storage_type is not histogram.storage_type:
        return histogram, None
    other = with_labels(reference, [vars(axis).get("label", "") for axis in histogram.axes])
    try:  # runs are those of either
        return (
            sort_categories(histogram + other.copy().reset()),
            sort_categories(other + histogram.copy().reset()),
        )
    except ValueError:
        return histogram, None


def _kept(histogram: Histogram, names: list[str], taken: Iterable[str]) -> Histogram:
    """Take the first bin of some axes, and sum up all others but those that are named."""
    bins = dict.fromkeys(taken, 0)
    kept = at(histogram, **bins) if bins else histogram
    if "moment" in kept.axes.name:
        return profile_on(kept, *(name for name in names if name != "moment"))
    return kept.project(*names)


def _groups(own: Histogram, other: Histogram | None, by: str) -> list[Group]:
    if not by:
        return [Group("", own, other)]
    axis = own.axes[by]

    def bin_of(index: int) -> Group:
        before = None if other is None else at(other, **{by: index})
        return Group(_bin_name(axis, index), at(own, **{by: index}), before)

    return [bin_of(index) for index in range(len(axis))]


def _bin_name(axis: Any, index: int) -> str:
    if isinstance(axis, RANGES):
        low, high = axis.edges[index : index + 2]
        return f"{label_of(axis)}: {low:g} to {high:g}"
    value = str(axis.value(index))
    if isinstance(axis, hist.axis.Boolean):
        value = "yes" if axis.value(index) else "no"
    elif axis.name in PLACES and not isinstance(axis, hist.axis.StrCategory):
        is_beside = axis.name == "wheel" and axis.value(index) > 0
        return f"{PLACES[axis.name]}{'+' * is_beside}{value}"
    return f"{label_of(axis)}: {plain(value, 20)}"


def is_labelled(axis: Any) -> bool:
    """Return whether bins stand for names or numbers, and not for ranges on a scale."""
    return isinstance(axis, hist.axis.StrCategory | hist.axis.IntCategory | hist.axis.Boolean)


def edges_shown(axis: Any) -> F64:
    """Return the edges of the bins as they are drawn."""
    return np.arange(len(axis) + 1.0) - 0.5 if is_labelled(axis) else edges_of(axis)


def label_of(axis: Any) -> str:
    """Return an axis' label with its mathematics, if matplotlib can draw them."""
    return drawable(axis.label or axis.name)


def drawable(text: str) -> str:
    """Return a text with its mathematics, if matplotlib can draw them."""
    try:
        MathTextParser("path").parse(text)
    except ValueError:
        return plain(text)
    return text if text.isprintable() else plain(text)
