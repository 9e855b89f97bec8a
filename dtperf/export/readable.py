"""The objects under names that say what they are, for a look with a ROOT browser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dtperf.export.cells import Cells
from dtperf.export.objects import ReferenceObject, to_object
from dtperf.export.tlatex import to_tlatex
from dtperf.measurements.declaration import Histogram, Measurement

__all__ = ["extra_objects", "readable_objects"]

ONE_PLOT_EACH = ("station", "probe_charge", "tag_charge")
"""Axes that nobody wants to see beside another one in the same plot."""


def readable_objects(
    counts: Mapping[str, Histogram], measurements: Mapping[str, Measurement]
) -> dict[str, ReferenceObject]:
    """Turn counts into objects of one or two axes, a directory for each measurement.

    Args:
        counts: Histograms of integers by the measurement's name.
        measurements: Their declarations, for titles; those without one are titled by their name.

    Returns:
        Objects by path, such as ``acceptance_map/MB1_plus``. A histogram that is not taken apart
        needs no directory; an efficiency that is not is called ``name/all``.
    """
    objects = {}
    for name, histogram in counts.items():
        cells = Cells.of(histogram)
        declared = measurements.get(name)
        title = to_tlatex(declared.title if declared else name)
        value = _value_title(cells, declared)
        for labels, piece in _pieces(cells):
            path = _path(name, labels, cells)
            objects[path] = to_object(piece, ", ".join((title, *labels)), value)
    return objects


def extra_objects(histograms: Mapping[str, Histogram]) -> dict[str, ReferenceObject]:
    """Turn a processor's own histograms into objects of one or two axes.

    Args:
        histograms: Integers, floats or weights, by path.
    """
    objects = {}
    for name, histogram in histograms.items():
        cells = Cells.plain(histogram)
        value = "sum of weights" if cells.kind == "weighted" else "entries"
        for labels, piece in _pieces(cells):
            title = ", ".join((to_tlatex(name), *labels))
            objects[_path(name, labels, cells)] = to_object(piece, title, value)
    return objects


def _path(name: str, labels: tuple[str, ...], cells: Cells) -> str:
    if labels:
        return f"{name}/{'_'.join(labels)}"
    # an efficiency is several objects: in a directory their names cannot meet another measurement's
    return f"{name}/all" if cells.kind == "efficiency" else name


def _value_title(cells: Cells, declared: Measurement | None) -> str:
    match cells.kind:
        case "efficiency":
            return "efficiency"
        case "profile":
            return f"mean {declared.mean_of}" if declared else "mean"
    return "entries"


def _pieces(cells: Cells) -> Iterator[tuple[tuple[str, ...], Cells]]:
    """Take the cells apart until a plot can show each piece."""
    name = _next_to_split(cells)
    if name is None:
        yield (), cells
        return
    for label, part in cells.split(name):
        for labels, piece in _pieces(part):
            yield (label, *labels), piece


def _next_to_split(cells: Cells) -> str | None:
    names = [axis.name for axis in cells.axes]
    if len(names) > 1:
        for name in names:
            if name in ONE_PLOT_EACH:
                return name
    shown = 1 if cells.kind == "profile" else 2
    return names[0] if len(names) > shown else None
