"""Efficiencies and scale factors as correctionlib JSON, schema version 2.

``correctionlib.CorrectionSet.from_file("dt.json")["by_chamber"].evaluate(1, 0, 5, "nominal")``
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import hist
import numpy as np

from dtperf.errors import InputError
from dtperf.measurements.declaration import Histogram
from dtperf.measurements.labels import as_text
from dtperf.results.bin_columns import is_efficiency
from dtperf.results.export.about import CHAMBERS, about, selection_of, source_of
from dtperf.statistics import clopper_pearson, efficiency, efficiency_ratio
from dtperf.typing import AnyArray

if TYPE_CHECKING:
    from dtperf.results.result import Result

__all__ = ["correctionlib_file"]

VERSION = 1
"""Of our way to write a correction, which is part of each of them."""
SYSTEMATIC = "systematic"
KNOWN = ("nominal", "stat_up", "stat_down")
NOTHING: Mapping[str, Any] = {"nodetype": "category", "input": SYSTEMATIC, "content": []}
"""In the place of a bin without probes: whoever asks for it is refused."""
VALUES = (
    "nominal; or stat_up, stat_down: the value moved by its statistical uncertainty of one sigma"
)

Values = Mapping[str, AnyArray]
"""By what `systematic` is, shape of the bins, underflow and overflow too; NaN: not known."""


def correctionlib_file(
    result: Result,
    measurements: Sequence[str] = (CHAMBERS,),
    reference: Result | None = None,
    systematics: Mapping[str, AnyArray] | None = None,
) -> bytes:
    """Write efficiencies, and on request their ratios to those of a reference.

    The inputs of a correction are the measurement's axes, such as station, wheel and sector, and
    at last `systematic`: 'nominal', 'stat_up' or 'stat_down'. Bins are those of the histogram,
    with all below and above it. A chamber that does not exist, a run that was not measured and a
    bin without probes are errors when a correction is evaluated, not some number.

    Args:
        result: What was measured.
        measurements: Efficiencies, by their names; with 'extra/' before it, of what the processor
            has counted.
        reference: Another result, such as of simulation. It gives for each measurement NAME also
            NAME_reference, and NAME_scale_factor, the ratio to it.
        systematics: Of the efficiencies of the chambers, as
            `dtperf.diagnostics.systematics.Systematics.of_chambers` gives them: by name how far one
            standard deviation moves them, shape (4, 5, 14). Each is NAME_up and NAME_down.

    Returns:
        The file.

    Raises:
        UnknownHistogram: A result has no measurement of a name.
        InputError: One is no efficiency, has no probes, or other bins in the reference.
    """
    from correctionlib.schemav2 import CorrectionSet

    corrections = []
    for name in measurements:
        counts = _efficiency(result, name)
        title = about(result, name)["title"]
        key = name.replace("/", "_")
        values = _efficiencies(counts)
        if name == CHAMBERS:
            values = {**values, **_moved(values["nominal"], systematics or {})}
        corrections.append(_correction(key, title, counts, values))
        if reference is not None:
            other = _aligned(_efficiency(reference, name), counts, name)
            corrections += [
                _correction(
                    f"{key}_reference", f"{title}: the reference", counts, _efficiencies(other)
                ),
                _correction(
                    f"{key}_scale_factor",
                    f"{title}: ratio to the reference",
                    counts,
                    _ratios(counts, other),
                ),
            ]
    content = {
        "schema_version": 2,
        "description": _description(result, reference),
        "corrections": corrections,
    }
    return (
        CorrectionSet.model_validate(content).model_dump_json(exclude_unset=True) + "\n"
    ).encode()


def _efficiency(result: Result, name: str) -> Histogram:
    counts = result.counts_of(name)
    if not is_efficiency(counts):
        raise InputError(
            f"measurement '{name}': is no efficiency: a correction takes one, such as '{CHAMBERS}'"
        )
    return counts


class _Axis(NamedTuple):
    """An axis as an input."""

    name: str
    kind: str
    """'int', 'string' or 'real'."""
    label: str
    keys: tuple[int, ...] | tuple[str, ...] | tuple[float, ...]
    """Of each bin its integer or text; or the edges of the bins, which are one more."""


def _described(axis: Any) -> _Axis:
    name, label = axis.name, as_text(axis.label or axis.name)
    match axis:
        case hist.axis.StrCategory():
            return _Axis(name, "string", label, tuple(str(value) for value in axis))
        case hist.axis.Boolean():
            return _Axis(name, "int", label, (0, 1))
        case hist.axis.IntCategory():
            return _Axis(name, "int", label, tuple(int(str(value)) for value in axis))
        case hist.axis.Integer() if not (axis.traits.underflow or axis.traits.overflow):
            return _Axis(name, "int", label, tuple(int(edge) for edge in axis.edges[:-1]))
    below, above = [-np.inf] * axis.traits.underflow, [np.inf] * axis.traits.overflow
    return _Axis(name, "real", label, (*below, *map(float, axis.edges), *above))


def _correction(name: str, title: str, counts: Histogram, values: Values) -> dict[str, Any]:
    axes = [_described(axis) for axis in counts.axes[:-1]]
    data = _node(axes, values, ())
    if data is None:
        raise InputError(f"{name}: has no probes")
    inputs = [{"name": axis.name, "type": axis.kind, "description": axis.label} for axis in axes]
    more = [name for name in values if name not in KNOWN]
    told = f"{VALUES}; or by a systematic one: {', '.join(more)}" if more else VALUES
    inputs.append({"name": SYSTEMATIC, "type": "string", "description": told})
    return {
        "name": name,
        "description": title,
        "version": VERSION,
        "inputs": inputs,
        "output": {"name": "value", "type": "real", "description": title},
        "data": data,
    }


def _node(axes: Sequence[_Axis], values: Values, at: tuple[int, ...]) -> dict[str, Any] | None:
    """Return what holds in a bin of the first axes, by the other ones; None: nothing is known."""
    if not axes:
        known = {key: float(array[at]) for key, array in values.items()}
        return None if np.isnan(known["nominal"]) else _category(SYSTEMATIC, known)
    axis, *rest = axes
    if axis.kind != "real":
        nodes = {key: _node(rest, values, (*at, bin_)) for bin_, key in enumerate(axis.keys)}
        filled = {key: node for key, node in nodes.items() if node is not None}
        return _category(axis.name, filled) if filled else None
    bins = [_node(rest, values, (*at, bin_)) for bin_ in range(len(axis.keys) - 1)]
    if not any(bins):
        return None
    return {
        "nodetype": "binning",
        "input": axis.name,
        "edges": [edge if np.isfinite(edge) else f"{edge}" for edge in axis.keys],
        "content": [node or NOTHING for node in bins],
        "flow": "error",
    }


def _category(name: str, content: Mapping[Any, Any]) -> dict[str, Any]:
    items = [{"key": key, "value": value} for key, value in content.items()]
    return {"nodetype": "category", "input": name, "content": items}


def _passed_and_total(counts: Histogram) -> tuple[AnyArray, AnyArray]:
    view: AnyArray = np.asarray(counts.view(flow=True))
    return view[..., 1], view.sum(axis=-1)


def _efficiencies(counts: Histogram) -> Values:
    passed, total = _passed_and_total(counts)
    low, high = clopper_pearson(passed, total)
    return {"nominal": efficiency(passed, total), "stat_up": high, "stat_down": low}


def _moved(nominal: AnyArray, systematics: Mapping[str, AnyArray]) -> Values:
    found = {}
    for name, size in systematics.items():
        found[f"{name}_up"] = np.clip(nominal + size, 0, 1)
        found[f"{name}_down"] = np.clip(nominal - size, 0, 1)
    return found


def _ratios(counts: Histogram, other: Histogram) -> Values:
    ratio, low, high = efficiency_ratio(*_passed_and_total(counts), *_passed_and_total(other))
    return {"nominal": ratio, "stat_up": high, "stat_down": low}


def _aligned(other: Histogram, counts: Histogram, name: str) -> Histogram:
    """Return the counts of another result in the same bins; those of its own are left out.

    Raises:
        InputError: Its bins are others.
    """
    mine, theirs = ([_described(axis) for axis in each.axes] for each in (counts, other))
    view: AnyArray = np.asarray(other.view(flow=True))
    for at, (here, there) in enumerate(zip(mine, theirs, strict=False)):
        is_free = here.kind != "real" and here[:2] == there[:2]
        if not is_free and here != there:
            break
        if here.keys != there.keys:
            numbers = {key: number for number, key in enumerate(there.keys)}
            # one more without anything, for keys that are not there
            room = [(0, int(axis == at)) for axis in range(view.ndim)]
            taken = [numbers.get(key, -1) for key in here.keys]
            view = np.take(np.pad(view, room), taken, axis=at)
    else:
        if len(mine) == len(theirs):
            same = counts.copy().reset()
            same.view(flow=True)[...] = view
            return same
    raise InputError(f"measurement '{name}': has other bins in the reference: no ratio of both")


def _description(result: Result, reference: Result | None) -> str:
    lines = [f"Efficiencies of the CMS Drift Tubes by tag and probe: {source_of(result)}."]
    if reference is not None:
        lines.append(f"Reference: {source_of(reference)}.")
    selection = "; ".join(f"{key}: {value}" for key, value in selection_of(result).items())
    return "\n".join([*lines, f"Selection: {selection}."])
