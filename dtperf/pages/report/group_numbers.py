"""The numbers that a page tells first of a group of measurements, one table each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dtperf.detector.rolls import SIDES
from dtperf.diagnostics import cells
from dtperf.diagnostics.resolution import resolutions
from dtperf.measurements.histograms import means, profile_on
from dtperf.measurements.muon import IDS
from dtperf.measurements.trigger import SOURCES, in_right_crossing
from dtperf.pages.report.words import plus_minus
from dtperf.results.summary import efficiencies
from dtperf.typing import AnyArray
from dtperf.wording import counted

if TYPE_CHECKING:
    from dtperf.results.result import Result

__all__ = ["Numbers", "numbers_of"]

HALF_CELL_UM = 21_000.0
NOT_MEASURED = "–"
PHI, THETA = slice(0, None, 2), slice(1, 2)
"""Superlayers of a view."""


class Numbers(NamedTuple):
    """A table."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...] = ()
    """Sentences below it."""


def numbers_of(group: str, result: Result) -> Numbers | None:
    """Return the headline numbers of a group; None if it has none, or nothing was measured.

    Args:
        group: Of `dtperf.measurements.BY_GROUP`.
        result: What was measured.
    """
    found = OF_GROUP[group](result) if group in OF_GROUP else None
    has_number = found is not None and any(
        cell != NOT_MEASURED for row in found.rows for cell in row[1:]
    )
    return found if has_number else None


def _of_stations(result: Result, name: str, select: Any = ...) -> list[str]:
    """Write an efficiency of MB1 to MB4, of what is chosen of the other axes."""
    if name not in result.counts:
        return [NOT_MEASURED] * 4
    view = np.asarray(result.counts[name].view(), dtype=np.int64)
    return [_written(station[select]) for station in view]


def _written(counts: AnyArray) -> str:
    """Write the efficiency of counts whose last axis is failed, passed."""
    failed, passed = counts.reshape(-1, 2).sum(axis=0).tolist()
    if not failed + passed:
        return NOT_MEASURED
    [found] = efficiencies([passed], [failed + passed])
    return plus_minus(found, 2)


def _by_station(*columns: list[str]) -> tuple[tuple[str, ...], ...]:
    return tuple((f"MB{n + 1}", *(column[n] for column in columns)) for n in range(4))


def _trigger(result: Result) -> Numbers:
    found = [_of_stations(result, f"trigger_{name}_by_chamber") for name in SOURCES]
    found += [_right_crossings(result, f"bx_{name}_by_chamber") for name in SOURCES]
    heads = (*SOURCES.values(), *(f"BX 0, {title}" for title in SOURCES.values()))
    return Numbers(
        "Trigger efficiency in %: fiducial probes whose chamber has a primitive at BX 0; BX 0: of "
        "the best primitives",
        ("station", *heads),
        _by_station(*found),
    )


def _right_crossings(result: Result, name: str) -> list[str]:
    if name not in result.counts:
        return [NOT_MEASURED] * 4
    view = np.asarray(result.counts[name].project("station", "bx").view(), dtype=np.int64)
    return [_written(each) for each in in_right_crossing(view)]


def _cells(result: Result) -> Numbers:
    name, without = "layer_efficiency", "layer_efficiency_without_dead_cells"
    found = [
        _of_stations(result, name, np.s_[:, :, PHI]),
        _of_stations(result, name, np.s_[:, :, THETA]),
        _of_stations(result, f"{name}_associated"),
        _of_stations(result, without),
    ]
    heads = ["station", "φ layers", "θ layers", "with a hit of the segment", "without dead cells"]
    remarks = []
    if not result.config.selection.dead_cells:
        found, heads = found[:-1], heads[:-1]
        remarks.append("No list of dead cells was given: this is the detector as it is")
    return Numbers(
        "Efficiency of layers in %: a hit of the segment, or a digi in time within one cell",
        tuple(heads),
        _by_station(*found),
        (*_ill_cells(result), *remarks),
    )


MOST_CELLS = 12


def _ill_cells(result: Result) -> Iterator[str]:
    if any(name not in result.counts for name in cells.NEEDED):
        return
    survey = cells.find(result)
    for kind in ("dead", "weak", "noisy"):
        named = [each.name for each in survey.flags if each.kind == kind]
        if named:
            more = f", and {len(named) - MOST_CELLS:,} more" if len(named) > MOST_CELLS else ""
            listed = f"{', '.join(named[:MOST_CELLS])}{more}"
            yield f"{counted(len(named), f'{kind} cell')}: {listed}"
    if not survey.flags:
        yield "No cell is dead, weak or noisy"
    if survey.undecided:
        yield (
            f"{survey.undecided:,} of {survey.cells:,} cells have no digi, and neighbours with too "
            "few to tell whether they are dead"
        )


def _residuals(result: Result) -> Numbers:
    names = ("hit_residual", "hit_residual_unbiased")
    columns: list[dict[str, str]] = []
    for name in names:
        rows = resolutions(result, name) if name in result.counts else ()
        columns.append({f"MB{each.station} SL{each.superlayer}": each.in_words for each in rows})
    found = dict.fromkeys(name for column in columns for name in column)
    return Numbers(
        "Resolution of hits, a Gaussian within 1.1 sigma of its middle: with the hit in the "
        "segment's fit, and corrected for that",
        ("superlayer", "biased", "unbiased"),
        tuple((row, *(column.get(row, NOT_MEASURED) for column in columns)) for row in found),
    )


def _timing(result: Result) -> Numbers:
    t0 = _means(result, "t0_by_chamber_and_run")
    rows: dict[str, tuple[str, ...]] = {}
    timers = _means(result, "mean_timer_by_superlayer_and_run", "superlayer")
    for station in range(4):
        for superlayer in range(3):
            name = f"MB{station + 1} SL{superlayer + 1}"
            is_first = superlayer == 0
            mine = "" if not is_first else NOT_MEASURED
            if t0 is not None and is_first:
                mine = _mean_in_words(t0[0][station], t0[1][station], t0[2][station])
            if timers is not None and timers[0][station, superlayer]:
                number, mean, error = (each[station, superlayer] for each in timers)
                timer = _mean_in_words(number, mean, error)
                velocity = HALF_CELL_UM / mean
                spread = velocity * error / mean
                rows[name] = (timer, f"{velocity:.2f} ± {spread:.2f} µm/ns", mine)
            elif is_first:
                rows[name] = (NOT_MEASURED, NOT_MEASURED, mine)
    return Numbers(
        "Mean timer of three layers, the drift velocity that it tells (21 mm over it), and the "
        "mean t0 of the station's segments; errors are those of the numbers alone",
        ("superlayer", "mean timer", "drift velocity", "mean t0"),
        tuple((name, *row) for name, row in rows.items()),
        tuple(_fitted(result)),
    )


def _fitted(result: Result) -> Iterator[str]:
    name = "drift_velocity_fitted"
    if name not in result.counts:
        return
    unfitted, fitted = np.asarray(result.counts[name].project("passed").view()).tolist()
    if unfitted and not fitted:
        yield "The reconstruction did not fit the drift velocity of segments"


def _means(result: Result, name: str, *more: str) -> tuple[AnyArray, AnyArray, AnyArray] | None:
    """Return number, mean and its error by station; None if it was not measured."""
    if name not in result.counts:
        return None
    kept = profile_on(result.counts[name], "station", *more)
    return np.asarray(kept.view())[..., 0], *means(kept)


def _mean_in_words(number: float, mean: float, error: float) -> str:
    return f"{mean:.2f} ± {error:.2f} ns" if number else NOT_MEASURED


def _rpc(result: Result) -> Numbers:
    name = "rpc_efficiency_by_roll"
    rows = []
    for station in range(4) if name in result.counts else ():
        view = np.asarray(result.counts[name].view(), dtype=np.int64)[station]
        for layer in range(2 if station < 2 else 1):
            side = SIDES[layer] if station < 2 else ""
            wheels = [_written(view[wheel, :, layer]).split(" ")[0] for wheel in range(5)]
            rows.append((f"RB{station + 1}{side}", _written(view[:, :, layer]), *wheels))
    names = (f"W{wheel:+d}".replace("+0", "0").replace("-", "−") for wheel in range(-2, 3))
    return Numbers(
        "Efficiency of RPC rolls in %: a hit at BX 0 where a DT segment points",
        ("chambers", "all", *names),
        tuple(rows),
    )


def _segments(result: Result) -> Numbers:
    found = [
        _of_stations(result, "segments_of_muons_by_chamber"),
        _of_stations(result, "segment_ghosts_by_chamber"),
    ]
    return Numbers(
        "All segments, in %: those that a global muon has; those that are second ones of their "
        "chamber, among those with more than 3 φ hits",
        ("station", "of global muons", "second segments"),
        _by_station(*found),
    )


def _muon(result: Result) -> Numbers:
    names = {name: f"muon_{name}_vs_eta" for name in IDS}
    return Numbers(
        "Muons with an id, in % of the probes: relative to tracker and RPC muons, not to tracks",
        ("id", "of probes"),
        tuple(
            (name, _written(np.asarray(result.counts[each].project("passed").view())))
            for name, each in names.items()
            if each in result.counts
        ),
    )


OF_GROUP: Mapping[str, Callable[[Result], Numbers]] = MappingProxyType(
    {
        "segments": _segments,
        "trigger": _trigger,
        "cells": _cells,
        "residuals": _residuals,
        "timing": _timing,
        "rpc": _rpc,
        "muon": _muon,
    }
)
