"""The groups of measurements on a page: numbers first, then a map, and the rest on demand.

What is drawn on demand is in the page as numbers, which the browser draws when a fold is opened: a
curve takes a few kilobytes so, and fifty as a picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dtperf.detector import of_chambers
from dtperf.diagnostics.flags import OF_GROUPS
from dtperf.measurements import BY_GROUP, Measurement
from dtperf.measurements.histograms import means, profile_on
from dtperf.measurements.labels import as_text
from dtperf.measurements.standard import SECTOR, STATION, WHEEL
from dtperf.pages.report.group_numbers import Numbers, numbers_of
from dtperf.results.colours import FEW, is_few, is_surely_low
from dtperf.statistics import clopper_pearson
from dtperf.typing import AnyArray

if TYPE_CHECKING:
    from dtperf.diagnostics.flags import Flag
    from dtperf.measurements.declaration import Histogram
    from dtperf.results.result import Result

__all__ = ["OnDemand", "Section", "drawn_on_demand", "sections"]

TITLES = {
    "segments": "Segments",
    "trigger": "Trigger",
    "cells": "Cells and layers",
    "residuals": "Residuals and alignment",
    "timing": "Times and drift velocity",
    "rpc": "RPCs",
    "muon": "Muons",
}
MAPS = {
    "trigger": "trigger_twinmux_in_by_chamber",
    "cells": "layer_efficiency",
    "residuals": "track_dx_by_chamber_and_run",
    "timing": "t0_by_chamber_and_run",
    "rpc": "rpc_efficiency_by_roll",
    "muon": "segment_in_standalone_by_chamber",
}
"""The map that a section begins with."""
PARTS = (
    "drift_velocity_fitted",
    "out_of_time",
    "segment_ghosts",
    "segments_of_any_muon",
    "segments_of_muons",
    "trigger_gain_by_rpc",
)
"""How measurements begin that are parts of something, and no efficiencies: low is not ill."""
PLACES = (STATION.name, WHEEL.name, SECTOR.name)
DIGITS = 4
"""Of ends of intervals."""
FIGURES = 5
"""Of values that are drawn."""


class OnDemand(NamedTuple):
    """A picture that the browser draws."""

    name: str
    title: str


class Section(NamedTuple):
    """What a page tells of one group."""

    name: str
    title: str
    numbers: Numbers | None
    flags: tuple[Flag, ...]
    """Of this group, the least probable first."""
    first: OnDemand | None
    """Its map."""
    is_tested: bool
    """There are flags for such chambers."""
    few: int
    """Chambers with some, but too few entries in that map."""
    others: tuple[OnDemand, ...]


def sections(result: Result, flags: Sequence[Flag]) -> list[Section]:
    """List the groups that were measured.

    Args:
        result: What was measured.
        flags: Of all kinds.
    """
    return [_section(group, result, flags) for group in _groups(result)]


def _groups(result: Result) -> list[str]:
    switched_on = result.config.measurements.groups
    return [
        group
        for group in TITLES
        if group in switched_on and any(name in result.counts for name in BY_GROUP[group])
    ]


def _section(group: str, result: Result, flags: Sequence[Flag]) -> Section:
    pictures = [OnDemand(name, as_text(m.title)) for name, m in _measured(group, result)]
    first = next((each for each in pictures if each.name == MAPS.get(group)), None)
    kinds = OF_GROUPS.get(group, ())
    few = 0
    if first is not None:
        entries = _entries(result.counts[first.name])
        few = int(np.count_nonzero(entries < FEW))
    return Section(
        group,
        TITLES[group],
        numbers_of(group, result),
        tuple(each for each in flags if each.kind in kinds),
        first,
        bool(kinds),
        few,
        tuple(each for each in pictures if each is not first),
    )


def _measured(group: str, result: Result) -> Iterator[tuple[str, Measurement]]:
    active = result.config.measurements.active()
    for name in BY_GROUP[group]:
        if name in result.counts and name in active:
            yield name, active[name]


def drawn_on_demand(result: Result) -> dict[str, dict[str, Any]]:
    """Return the numbers of all pictures of the groups that were measured.

    Args:
        result: What was measured.

    Returns:
        For each measurement what `groups.js` draws: a map of an efficiency or of means by chamber
        if the measurement has all chambers and nothing else to be drawn against, else a curve.
    """
    return {
        name: _picture(name, measurement, result.counts[name])
        for group in _groups(result)
        for name, measurement in _measured(group, result)
    }


def _picture(name: str, measurement: Measurement, counts: Histogram) -> dict[str, Any]:
    from dtperf.pages.explore.curves import choice, groups_of  # they load matplotlib
    from dtperf.plot.group_catalogue import means_of_chambers

    if name in (signed := means_of_chambers()):
        label, factor = signed[name]
        return {"values": _means(counts, factor), "label": as_text(label), "is_signed": True}
    names = {*counts.axes.name}
    if names.issuperset((*PLACES, "passed")) and (
        name in MAPS.values() or names == {*PLACES, "passed"}
    ):
        if name.startswith(PARTS):
            return {"values": _parts(counts), "label": "in %", "is_signed": False}
        return {"rows": _efficiencies(counts)}
    return {
        "about": choice(name, measurement, counts),
        "groups": _rounded(groups_of(measurement, counts)),
    }


def _rounded(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out the figures that no picture shows."""
    return [
        {"name": each["name"], "points": [[*map(_short, point)] for point in each["points"]]}
        for each in groups
    ]


def _short(number: float) -> float:
    return number if isinstance(number, int) else float(f"{number:.{FIGURES}g}")


def _entries(counts: Histogram) -> AnyArray:
    """Count what each chamber has, shape (250,)."""
    if "moment" in counts.axes.name:
        return of_chambers(np.asarray(counts.project(*PLACES, "moment").view())[..., 0])
    return of_chambers(np.asarray(counts.project(*PLACES).view()))


def _efficiencies(counts: Histogram) -> list[list[Any]]:
    """List passed, total, ends of the interval, alarm and few of each chamber."""
    cells = of_chambers(np.asarray(counts.project(*PLACES, "passed").view()))
    passed, total = cells[:, 1], cells.sum(axis=1)
    low, high = clopper_pearson(passed, total)
    alarm, few = is_surely_low(passed, total), is_few(total)
    columns = (passed, total, low.round(DIGITS), high.round(DIGITS), alarm * 1, few * 1)
    return [list(row) for row in zip(*(each.tolist() for each in columns), strict=True)]


def _parts(counts: Histogram) -> list[list[float] | None]:
    """List parts in per cent, half of their intervals, and the entries of each chamber."""
    rows = _efficiencies(counts)
    return [
        [round(100 * passed / total, 2), round(50 * (high - low), 2), total]
        if total >= FEW
        else None
        for passed, total, low, high, *_ in rows
    ]


def _means(counts: Histogram, factor: float) -> list[list[float] | None]:
    """List mean, its error and the entries of each chamber; None with few entries."""
    kept = profile_on(counts, *PLACES)
    mean, error = (factor * of_chambers(each) for each in means(kept))
    number = of_chambers(np.asarray(kept.view())[..., 0])
    return [
        [float(f"{m:.4g}"), float(f"{e:.2g}"), int(n)] if n >= FEW else None
        for m, e, n in zip(mean, error, number, strict=True)
    ]
