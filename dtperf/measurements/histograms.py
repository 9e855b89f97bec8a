"""Convert histograms of integers, as they are summed, to those that a user sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import hist
import numpy as np

from dtperf.measurements.declaration import MOMENTS, Histogram
from dtperf.measurements.moments import SUM_OF_SQUARES_UNIT, SUM_UNIT, moments
from dtperf.typing import F64

__all__ = ["means", "presented", "profile_on", "sort_categories", "with_labels"]


def profile_on(counts: Histogram, *axes: str) -> Histogram:
    """Return a profile on some axes, summed over all others: in doubles, as of `moments`.

    All chambers and runs may have more entries together than high parts are right for.

    Args:
        counts: A profile, as it is filled.
        axes: Names of those that are kept, without 'moment'.
    """
    axis = hist.axis.StrCategory(MOMENTS[:3], name="moment", flow=False)
    doubles: Histogram = hist.Hist(*counts.axes[:-1], axis, storage=hist.storage.Double())
    view: Any = doubles.view(flow=True)
    view[...] = moments(counts.view(flow=True))
    return doubles.project(*axes, "moment")


def presented(counts: Histogram) -> Histogram:
    """Return a profile with mean and spread in each bin; other histograms stay as they are.

    Args:
        counts: As booked by a measurement.

    Returns:
        The histogram, of storage Mean instead of the axis 'moment'.
    """
    if "moment" not in counts.axes.name:
        return counts
    entries, total, squares = np.moveaxis(moments(counts.view(flow=True)), -1, 0)
    profile = hist.Hist(*counts.axes[:-1], storage=hist.storage.Mean())
    filled = np.maximum(entries, 1)
    mean = total * SUM_UNIT / filled
    view = profile.view(flow=True)
    view["count"] = entries
    view["value"] = mean
    spread = squares * SUM_OF_SQUARES_UNIT - filled * mean * mean
    # of one entry there is what was rounded
    view["_sum_of_deltas_squared"] = np.where(entries > 1, np.maximum(spread, 0), 0)
    return profile


def means(profile: Histogram) -> tuple[F64, F64]:
    """Return the means of a profile's bins, NaN where it has none, and their errors.

    Args:
        profile: As it is filled, or from `profile_on`, with its moments as the last axis.
    """
    shown: Any = presented(profile).view()
    number = np.asarray(shown["count"])
    # one entry has no spread
    variance = np.asarray(shown["_sum_of_deltas_squared"]) / np.maximum(number - 1, 1)
    mean = np.where(number > 0, shown["value"], np.nan)
    return mean, np.sqrt(variance / np.maximum(number, 1))


def sort_categories(counts: Histogram) -> Histogram:
    """Return a histogram with sorted category axes, whatever the order of adding was.

    Args:
        counts: As booked by a measurement or by a processor, or a sum of such.

    Returns:
        The same contents, with increasing categories.
    """
    orders = {
        number: order
        for number, axis in enumerate(counts.axes)
        if axis.traits.growth and ((order := np.argsort([*axis]))[1:] < order[:-1]).any()
    }
    if not orders:
        return counts
    axes: list[Any] = [*counts.axes]
    view = counts.view(flow=True)
    for number, order in orders.items():
        axis: Any = axes[number]
        named = {"name": axis.name, "label": vars(axis).get("label", "")}
        values = [*axis]
        axes[number] = type(axis)([values[at] for at in order], growth=True, **named)
        view = np.take(view, order, axis=number)
    ordered = hist.Hist(*axes, storage=counts.storage_type())
    ordered.view(flow=True)[...] = view
    return ordered


def with_labels(histogram: Histogram, labels: Sequence[str]) -> Histogram:
    """Return a histogram with these labels of its first axes: else equal ones would not add up.

    Args:
        histogram: Any, which stays as it is.
        labels: Of as many axes as there are labels; '' stands for the axis' name.
    """
    # axis.label shows the name in the place of no label; what is compared is what was given
    given = [vars(axis).get("label") for axis in histogram.axes]
    if given[: len(labels)] == [*labels]:
        return histogram
    named = histogram.copy()
    for axis, label in zip(named.axes, labels, strict=False):
        axis.label = label
    return named
