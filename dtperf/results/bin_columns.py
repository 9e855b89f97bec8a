"""Columns of a data frame for the bins of a histogram: their edges, and what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hist
import numpy as np

from dtperf import detector
from dtperf.errors import InputError
from dtperf.measurements.declaration import Histogram
from dtperf.measurements.histograms import presented
from dtperf.statistics import clopper_pearson
from dtperf.typing import AnyArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["bins_frame", "is_efficiency"]


def is_efficiency(histogram: Histogram) -> bool:
    """Return whether a histogram counts what has passed, and what has not, along its last axis."""
    axis: Any = histogram.axes[-1]
    is_last = axis.name == "passed" and isinstance(axis, hist.axis.Boolean)
    return is_last and histogram.ndim > 1 and histogram.storage_type is hist.storage.Int64


def bins_frame(counts: Histogram) -> pd.DataFrame:
    """Make a data frame with a row for each bin, the last axis' bins next to each other.

    Args:
        counts: As booked by a measurement, or a processor's own.

    Returns:
        The columns that `Result.to_pandas` describes.

    Raises:
        InputError: Two columns would have the same name.
    """
    import pandas as pd  # takes a while, and is not needed to measure

    shown = presented(counts)
    axes = shown.axes[:-1] if is_efficiency(shown) else shown.axes
    numbers = np.indices([axis.extent for axis in axes]).reshape(len(axes), -1)
    parts = [_edges(axis, number) for axis, number in zip(axes, numbers, strict=True)]
    contents = _contents(shown)
    columns: dict[str, Any] = {}
    for part in (*parts, contents):
        if twice := columns.keys() & part.keys():
            raise InputError(
                f"two columns would be named '{min(twice)}': give the axes of the measurement "
                "other names"
            )
        columns |= part
    frame = pd.DataFrame(columns)
    nowhere = _is_no_chamber(columns)
    if nowhere is None:
        return frame
    is_filled = contents["total" if "total" in contents else next(iter(contents))] != 0
    return frame[is_filled | ~nowhere].reset_index(drop=True)


def _edges(axis: Any, number: AnyArray) -> dict[str, Any]:
    """Return the columns that say which bins are meant.

    Args:
        axis: Of the histogram.
        number: Of the bins, shape (n,); the underflow, if there is one, is 0.
    """
    traits = axis.traits
    match axis:
        case hist.axis.Boolean():
            return {axis.name: number.astype(bool)}
        case hist.axis.IntCategory() | hist.axis.StrCategory():
            return {axis.name: _categories(axis).take(number)}
        case hist.axis.Integer() if not (traits.underflow or traits.overflow):
            return {axis.name: np.asarray(axis.edges[:-1], dtype=np.int64)[number]}
    below, above = [-np.inf] * traits.underflow, [np.inf] * traits.overflow
    ends = np.array([*below, *axis.edges, *above], dtype=np.float64)
    return {f"{axis.name}_low": ends[number], f"{axis.name}_high": ends[number + 1]}


def _categories(axis: Any) -> Any:
    """Return the value of each category; none of what is beyond them all."""
    import pandas as pd

    is_text = isinstance(axis, hist.axis.StrCategory)
    beyond = [None] * axis.traits.overflow
    kind = "str" if is_text else "Int64" if beyond else "int64"
    return pd.Series([*axis, *beyond], dtype=None if is_text and len(axis) else kind).array


def _contents(shown: Histogram) -> dict[str, AnyArray]:
    """Return the columns of what is in the bins, flow bins too, in the order of the array."""
    view: Any = shown.view(flow=True)
    if is_efficiency(shown):
        failed, passed = np.moveaxis(view, -1, 0).reshape(2, -1)
        total = failed + passed
        low, high = clopper_pearson(passed, total)
        efficiency = _quotient(passed, total)
        return {
            "passed": passed,
            "total": total,
            "efficiency": efficiency,
            "low": low,
            "high": high,
        }
    flat = view.reshape(-1)
    if shown.storage_type is hist.storage.Mean:
        entries = flat["count"]
        spread = np.sqrt(_quotient(flat["_sum_of_deltas_squared"], entries - 1))
        return {
            "entries": entries.astype(np.int64),
            "mean": np.where(entries > 0, flat["value"], np.nan),
            "uncertainty": spread / np.sqrt(np.maximum(entries, 1)),
            "spread": spread,
        }
    if shown.storage_type is hist.storage.Weight:
        return {"sum_of_weights": flat["value"], "variance": flat["variance"]}
    return {"entries": flat, "variance": flat.astype(np.float64)}


def _quotient(above: AnyArray, below: AnyArray) -> AnyArray:
    """Divide; NaN where the divisor is not positive."""
    quotient = np.full(np.shape(above), np.nan)
    np.divide(above, below, out=quotient, where=np.asarray(below) > 0)
    return quotient


def _is_no_chamber(columns: dict[str, Any]) -> AnyArray | None:
    """Return which rows are of chambers that do not exist; None if rows are not of chambers."""
    names = ("station", "wheel", "sector")
    if any(name not in columns or columns[name].dtype != np.int64 for name in names):
        return None
    chambers = detector.chambers()
    real = [np.array([getattr(chamber, name) for chamber in chambers]) for name in names]
    return ~np.isin(_key(*(columns[name] for name in names)), _key(*real))


def _key(station: AnyArray, wheel: AnyArray, sector: AnyArray) -> AnyArray:
    return np.asarray((station * 1000 + wheel) * 1000 + sector)
