"""Means of each chamber as wheel x sector maps, and how they go with the runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, Normalize

from dtperf.measurements.declaration import Histogram
from dtperf.measurements.histograms import means, profile_on
from dtperf.plot.axes import run_ticks, values_of
from dtperf.plot.cells import Scale, colour_bar, shade, write_on
from dtperf.plot.maps import WHEELS, name_wheels, sectors_of
from dtperf.plot.style import StyledFigure, new_sheet
from dtperf.plot.ticks import name_ticks
from dtperf.results.colours import FEW, PALE, SURE
from dtperf.typing import F64, Bools

__all__ = ["drift_velocities", "mean_of_chambers", "mean_of_chambers_and_runs", "relative_velocity"]

MOSTLY = 0.95
"""Part of the chambers whose values the colours tell apart."""
SUPERLAYERS = 3


def mean_of_chambers(
    counts: Histogram,
    reference: Histogram | None,
    title: str,
    *,
    label: str,
    factor: float = 1.0,
    least: float,
) -> StyledFigure:
    """Draw the mean in each chamber, minus the reference's if there is one.

    Args:
        counts: A profile on station, wheel and sector; other axes are added up.
        reference: The same of another result.
        title: Plain text for the header.
        label: Of the colours, with the unit.
        factor: From the profile's unit to that one.
        least: The smallest end of the scale, in that unit: what is no more than that looks alike.
    """
    value, error = _means(counts)
    if reference is not None:
        before, its_error = _means(reference)
        value, error = value - before, np.hypot(error, its_error)
        label = f"{label}\nminus the reference's"
    shown = _stations(factor * value, factor * error)
    return _maps(shown, title, label, least, [*WHEELS], _name_one_row)


class _Values(NamedTuple):
    """What is drawn of a station, shape (rows, columns)."""

    value: F64
    """NaN where it is not known."""
    is_unsure: Bools
    """It differs from 0 by less than two standard deviations."""


def _stations(value: F64, error: F64) -> list[_Values]:
    """Take the sectors that each station has, from shape (stations, rows, sectors)."""
    is_unsure = np.abs(value) < SURE * error
    kept = [slice(sectors_of(n + 1)) for n in range(4)]
    return [_Values(value[n, :, s], is_unsure[n, :, s]) for n, s in enumerate(kept)]


def _means(counts: Histogram, *more: str) -> tuple[F64, F64]:
    """Return means, of few entries NaN, and errors, shape (stations, wheels, sectors, …)."""
    kept = profile_on(counts, "station", "wheel", "sector", *more)
    entries = np.asarray(kept.view())[..., 0]
    mean, error = means(kept)
    return np.where(entries >= FEW, mean, np.nan), error


def drift_velocities(counts: Histogram, reference: Histogram | None, title: str) -> StyledFigure:
    """Draw by how much the drift velocity of each superlayer is off, see `relative_velocity`.

    Args:
        counts: Mean timers on station, wheel, sector and superlayer; other axes are added up.
        reference: The same of another result: its velocities are subtracted instead.
        title: Plain text for the header.
    """
    timers, error = _means(counts, "superlayer")
    error = error / timers
    if reference is None:
        value, label = relative_velocity(timers), "median of the ring's"
    else:
        before, its_error = _means(reference, "superlayer")
        value, error = before / timers - 1, np.hypot(error, its_error / before)
        label = "reference's"
    # a wheel has a row for each superlayer
    shape = 4, len(WHEELS) * SUPERLAYERS, -1
    rows, errors = (100 * np.moveaxis(each, 3, 2).reshape(shape) for each in (value, error))
    label = f"drift velocity over the {label} - 1 [%]"
    shown = _stations(rows, errors)
    return _maps(shown, title, label, 0.5, range(len(rows[0])), _name_superlayers)


def relative_velocity(timers: F64) -> F64:
    """Return by how much drift velocities exceed the median of their ring and superlayer.

    Args:
        timers: Mean timers, ns, shape (stations, wheels, sectors, superlayers), NaN if unknown.

    Returns:
        Relative differences, same shape: the velocity is 21 mm over the mean timer.
    """
    known = np.isfinite(timers).any(axis=2, keepdims=True)
    usual = np.nanmedian(np.where(known, timers, 1.0), axis=2, keepdims=True)
    return np.asarray(usual / timers - 1)


def mean_of_chambers_and_runs(
    counts: Histogram,
    reference: Histogram | None,
    title: str,
    *,
    label: str,
    least: float,
) -> StyledFigure:
    """Draw run and chamber, a panel for each station; the reference, of other runs, is left out.

    Args:
        counts: A profile on station, wheel, sector and run.
        reference: Not drawn.
        title: Plain text for the header.
        label: Of the colours, with the unit.
        least: The smallest end of the scale, in that unit.
    """
    del reference
    runs = values_of(counts.axes["run"])
    value, error = (each[..., : len(runs)] for each in _means(counts, "run"))
    is_unsure = np.abs(value) < SURE * error
    rows = [
        _Values(value[n, :, s].reshape(-1, len(runs)), is_unsure[n, :, s].reshape(-1, len(runs)))
        for n, s in enumerate(slice(sectors_of(n + 1)) for n in range(4))
    ]

    def describe(panel: Axes, station: int) -> None:
        run_ticks(panel, runs)
        name_wheels(panel, sectors_of(station))

    axes = "run", "wheel, with its sectors from below"
    return _drawn(rows, title, label, least, (8, 7.5), axes, describe)


def _maps(
    stations: Sequence[_Values],
    title: str,
    label: str,
    least: float,
    rows: Sequence[int],
    name_rows: Callable[[Axes], None],
) -> StyledFigure:
    """Draw sectors against rows, shape (rows, sectors) for each station, with their numbers."""

    def describe(panel: Axes, station: int) -> None:
        names = [str(n + 1) for n in range(sectors_of(station))]
        name_ticks(panel.xaxis, range(len(names)), names)
        name_rows(panel)
        panel.minorticks_off()

    size = (9.5, 4.4) if len(rows) == len(WHEELS) else (9.5, 7.5)
    axes = "sector", "wheel"
    return _drawn(stations, title, label, least, size, axes, describe, numbers=True)


def _drawn(
    stations: Sequence[_Values],
    title: str,
    label: str,
    least: float,
    size: tuple[float, float],
    axes: tuple[str, str],
    describe: Callable[[Axes, int], None],
    *,
    numbers: bool = False,
) -> StyledFigure:
    sheet = new_sheet(2, 2, (2 * size[0], 2 * size[1] + 0.6), title=title)
    known = np.abs(np.concatenate([each[np.isfinite(each)] for each, _ in stations]))
    end = max(float(np.quantile(known, MOSTLY)) if len(known) else 0.0, least)
    scale = Scale(mpl.colormaps["PuOr"], Normalize(-end, end), "both")
    for number, (panel, shown) in enumerate(zip(sheet.panels.flat, stations, strict=True)):
        value = shown.value
        edges = [np.arange(size + 1.0) - 0.5 for size in value.shape[::-1]]
        shade(panel)
        known = np.ma.masked_invalid(value)
        # below what is pale, so that the hatching does not show through
        below: Any = {"cmap": ListedColormap(["white"]), "zorder": 0, "rasterized": True}
        panel.pcolormesh(*edges, np.ma.masked_where(known.mask, np.ones(value.shape)), **below)
        mesh = panel.pcolormesh(*edges, known, cmap=scale.colours, norm=scale.norm, rasterized=True)
        opacity: Any = np.where(shown.is_unsure, PALE, 1.0)  # its type knows of lists only
        mesh.set_alpha(opacity)
        panel.tick_params(which="both", direction="out", top=False, right=False)
        panel.set_title(f"MB{number + 1}", loc="left", fontweight="bold")
        describe(panel, number + 1)
        if numbers:
            _write(panel, shown, scale)
    note = f"\npale: within {SURE:g} sigma of 0; hatched: < {FEW} entries"
    colour_bar(sheet, mesh, [*sheet.panels.flat], scale, label + note)
    for panel in sheet.panels[-1]:
        panel.set_xlabel(axes[0])
    for panel in sheet.panels[:, 0]:
        panel.set_ylabel(axes[1])
    return sheet


def _write(panel: Axes, shown: _Values, scale: Scale) -> None:
    for row, column in np.argwhere(np.isfinite(shown.value)):
        value = float(shown.value[row, column])
        text = f"{value:.1f}".replace("-0.0", "0.0")
        is_pale = bool(shown.is_unsure[row, column])
        write_on(panel, (column, row), text, scale, value, "xx-small", is_pale=is_pale)


def _name_one_row(panel: Axes) -> None:
    name_ticks(panel.yaxis, range(len(WHEELS)), [_wheel(wheel) for wheel in WHEELS])


def _name_superlayers(panel: Axes) -> None:
    names = [
        f"{_wheel(wheel)}  SL{superlayer}" if superlayer == 2 else f"SL{superlayer}"
        for wheel in WHEELS
        for superlayer in range(1, SUPERLAYERS + 1)
    ]
    name_ticks(panel.yaxis, range(len(names)), names, size="xx-small")
    for wheel in range(1, len(WHEELS)):
        panel.axhline(SUPERLAYERS * wheel - 0.5, color="black", lw=1)


def _wheel(wheel: int) -> str:
    return f"{wheel:+d}" if wheel else "0"
