"""What a processor may return of a chunk: ``checked("Mine", output, n_events, axes)``.

A mapping by name of

- `boost_histogram` or `hist` histograms of storage Int64, Double or Weight, on named axes;
- numbers, whole or not;
- mappings of these: what lies in ``{"t0": {"MB1": h}}`` is called ``t0/MB1``.

All of it is added up over the chunks. Three names have a meaning: 'histograms' (the measurements of
the config), 'totals' and 'anomalies' are what `SegmentEfficiency` returns under them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import boost_histogram as bh
import hist
import numpy as np
from coffea.processor.accumulator import accumulate

from dtperf.errors import DtperfError
from dtperf.measurements.declaration import Histogram
from dtperf.results.extra import Extra, of_one_kind
from dtperf.results.totals import SUMS

__all__ = ["STORAGES", "added", "checked"]

STORAGES = (bh.storage.Int64, bh.storage.Double, bh.storage.Weight)
AXES = (
    *(bh.axis.Regular, bh.axis.Variable, bh.axis.Integer),
    *(bh.axis.IntCategory, bh.axis.StrCategory, bh.axis.Boolean),
)
MAX_BINS = 1 << 20
"""Of all histograms of a processor's own, with underflow and overflow."""
MAX_NAMES = 10_000
LONGEST_NAME = 200
ALLOWED = "allowed are histograms, numbers, and mappings of these by name"


def checked(
    processor: str, output: Any, n_events: int, axes: Mapping[str, Sequence[Any]]
) -> dict[str, Any]:
    """Bring what a processor returns into one form.

    Args:
        processor: Its name, for messages.
        output: Of one chunk.
        n_events: Number of events of the chunk.
        axes: Those of the config's measurements, by name.

    Returns:
        'histograms', 'totals' and 'anomalies' as `dtperf.Result` has them, and 'extra': the
        processor's own histograms and numbers by path.

    Raises:
        DtperfError: It is something else, or has more than can be kept.
    """
    try:
        output = dict(_of_mapping(output, "its output"))
        return {
            "histograms": _measured(output.get("histograms", {}), axes),
            "totals": _totals(output.get("totals", {"events": n_events}), n_events),
            "anomalies": _counts(output.get("anomalies", {}), "anomalies"),
            "extra": _extra(output),
        }
    except (TypeError, ValueError) as error:
        raise DtperfError(f"the processor {processor} returned {error}") from error


def added(outputs: Iterable[Any], total: Any = None) -> Any:
    """Add up what chunks have given.

    Args:
        outputs: As `checked` gives them.
        total: Their sum so far, which is added to in place; None: nothing, and the outputs are
            left as they are.

    Raises:
        DtperfError: What the processor returned for some chunks does not add up.
    """
    try:
        for output in (outputs := [*outputs]):
            _refuse_other_kinds(output, outputs[0] if total is None else total)
        return accumulate(outputs, total)
    except (TypeError, ValueError, KeyError) as error:
        raise DtperfError(
            "what the processor returned for different chunks does not add up: has each histogram "
            f"the same axes, and each name the same kind of content? {error}"
        ) from error


def _refuse_other_kinds(output: Any, other: Any) -> None:
    before = other.get("extra", {})
    for name, value in output.get("extra", {}).items():
        if name in before and not of_one_kind(value, before[name]):
            raise TypeError(f"{name}: once a {type(before[name]).__name__}, once another")


def _measured(found: Any, axes: Mapping[str, Sequence[Any]]) -> dict[str, Histogram]:
    for name, histogram in _of_mapping(found, "histograms"):
        if name not in axes:
            raise ValueError(
                f"histograms.{name}: 'histograms' is for the measurements of the config; return "
                f"{name!r} beside it, under a name of its own"
            )
        if not isinstance(histogram, hist.Hist) or not _has(histogram, axes[name]):
            raise ValueError(
                f"histograms.{name}: not the integers on the axes that the config declares for it"
            )
    return dict(found)


def _has(histogram: Histogram, axes: Sequence[Any]) -> bool:
    """Return whether a histogram counts on axes, but for the bins of one that grows."""
    found = [*histogram.axes]
    if histogram.storage_type is not bh.storage.Int64 or len(found) != len(axes):
        return False
    return all(
        a == b or (b.traits.growth and type(a) is type(b) and a.name == b.name)
        for a, b in zip(found, axes, strict=True)
    )


def _totals(found: Any, n_events: int) -> dict[str, int]:
    totals = _counts(found, "totals")
    if unknown := [name for name in totals if name not in SUMS]:
        raise ValueError(
            f"totals.{unknown[0]}: 'totals' has {', '.join(SUMS)} only; return others beside it, "
            "under a name of their own"
        )
    if totals.setdefault("events", n_events) != n_events:
        raise ValueError(f"totals.events: {totals['events']} for a chunk of {n_events} events")
    return totals


def _counts(found: Any, where: str) -> dict[str, int]:
    counts = {}
    for name, value in _of_mapping(found, where):
        number = _number(value, f"{where}.{name}")
        if not isinstance(number, int) or number < 0:
            raise ValueError(f"{where}.{name}: {value!r}, which is no count")
        counts[name] = number
    return counts


def _of_mapping(found: Any, where: str) -> Iterable[tuple[Any, Any]]:
    if not isinstance(found, Mapping):
        raise TypeError(f"{where}: a {type(found).__name__}; {ALLOWED}")
    return found.items()


def _extra(output: Mapping[Any, Any]) -> dict[str, Extra]:
    own = {name: value for name, value in output.items() if name not in _STANDARD}
    extra: dict[str, Extra] = {}
    n_bins = 0
    for path, value in _leaves(own, ""):
        if path in extra:
            raise ValueError(f"{path}: twice")
        if isinstance(value, bh.Histogram):
            extra[path] = _histogram(value, path)
            n_bins += int(np.prod(value.axes.extent))
        else:
            extra[path] = _number(value, path)
    if n_bins > MAX_BINS or len(extra) > MAX_NAMES:
        raise ValueError(
            f"{len(extra):,} names with {n_bins:,} bins in all; at most {MAX_NAMES:,} names and "
            f"{MAX_BINS:,} bins can be kept"
        )
    return extra


_STANDARD = {"histograms", "totals", "anomalies"}


def _leaves(found: Mapping[Any, Any], path: str) -> Iterator[tuple[str, Any]]:
    for name, value in found.items():
        if not isinstance(name, str) or not name or "/" in name or not name.isprintable():
            raise ValueError(f"the name {name!r}, in {path or 'its output'}: not a text without /")
        full_name = f"{path}/{name}" if path else name
        if len(full_name) > LONGEST_NAME:
            raise ValueError(f"{full_name[:50]}…: a name of more than {LONGEST_NAME} characters")
        if isinstance(value, Mapping):
            yield from _leaves(value, full_name)
        else:
            yield full_name, value


def _number(value: Any, where: str) -> int | float:
    if isinstance(value, np.generic | np.ndarray) and np.ndim(value) == 0:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{where}: a {type(value).__name__}; {ALLOWED}")
    if not np.isfinite(value):
        raise ValueError(f"{where}: {value}, which does not add up")
    return value


def _histogram(found: bh.Histogram[Any], where: str) -> Histogram:
    kinds = ", ".join(kind.__name__ for kind in STORAGES)
    if not issubclass(found.storage_type, STORAGES):
        name = found.storage_type.__name__
        raise TypeError(f"{where}: a histogram of storage {name}; allowed: {kinds}")
    names = [str(getattr(axis, "name", "")) for axis in found.axes]
    if len(set(names)) < len(names) or not all(names):
        raise ValueError(f"{where}: a histogram whose axes have no names of their own: {names}")
    for axis in found.axes:
        _refuse_axis(axis, where)
    if not all(np.isfinite(values).all() for values in _values(found)):
        raise ValueError(f"{where}: a histogram with bins that are not finite")
    return found if isinstance(found, hist.Hist) else hist.Hist(found)


def _refuse_axis(axis: Any, where: str) -> None:
    traits = axis.traits
    is_category = isinstance(axis, bh.axis.IntCategory | bh.axis.StrCategory)
    known = isinstance(axis, AXES) and getattr(axis, "transform", None) is None
    if not known or traits.circular or (traits.growth and not is_category):
        raise TypeError(
            f"{where}: the axis {axis.name!r} is of a kind that cannot be kept; allowed: "
            "regular, variable, integer, boolean and categories, not circular nor transformed; "
            "categories alone may grow"
        )


def _values(histogram: bh.Histogram[Any]) -> tuple[Any, ...]:
    view: Any = histogram.view(flow=True)
    return tuple(view[name] for name in view.dtype.names) if view.dtype.names else (view,)
