"""Efficiencies of all chambers as maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator

from dtperf.measurements.declaration import Histogram
from dtperf.plot.axes import (
    Binned,
    at,
    charges,
    edges_of,
    run_ticks,
    stations,
    values_of,
    variables,
)
from dtperf.plot.cells import (
    EfficiencyMap,
    colour_bar,
    draw_cells,
    draw_differences,
    other_colours,
    scale_for,
)
from dtperf.plot.inside import inside_station
from dtperf.plot.style import StyledFigure, new_sheet
from dtperf.plot.ticks import name_ticks

__all__ = [
    "WHEELS",
    "Map",
    "all_stations",
    "draw_maps",
    "inside_stations",
    "name_wheels",
    "one_station",
    "phi_eta",
    "runs_of_chambers",
    "sectors_of",
]

EFFICIENCY = "efficiency"
ACCEPTANCE = r"efficiency $\times$ acceptance"
WHEELS = range(-2, 3)


class Map(NamedTuple):
    """One panel, and the same of the reference."""

    name: str
    cells: EfficiencyMap
    reference: Binned | None


def all_stations(
    counts: Histogram,
    reference: Histogram | None,
    title: str,
    *,
    label: str = EFFICIENCY,
    from_zero: bool = False,
) -> StyledFigure:
    """Draw sector and wheel of all chambers, a panel for each station.

    Args:
        counts: On station, wheel and sector; what else it is on is added up.
        reference: The same of another result.
        title: Plain text for the header.
        label: Of the colours.
        from_zero: Colours show the whole range.
    """
    return _chambers(counts, reference, title, range(1, 5), label, from_zero=from_zero)


def one_station(
    counts: Histogram, reference: Histogram | None, title: str, *, station: int
) -> StyledFigure:
    """Draw sector and wheel of the chambers of one station."""
    return _chambers(counts, reference, title, [station])


def phi_eta(
    counts: Histogram, reference: Histogram | None, title: str, *, station: int
) -> StyledFigure:
    """Draw efficiency x acceptance of a station in (phi, eta), a panel for each charge."""
    reference, title = _comparable(counts, reference, title)
    own = [*charges(at(counts, station=station - 1))]
    others: list[Histogram | None] = [None] * len(own)
    if reference is not None:
        others = [one for _, one in charges(at(reference, station=station - 1))]
    shown = [
        _plane(f"MB{station} {sign}", one, other)
        for (sign, one), other in zip(own, others, strict=True)
    ]
    sheet = draw_maps(shown, title, (7.5, 6.5), ACCEPTANCE, from_zero=True)
    _name_axes(sheet, r"probe $\phi$ [rad]", r"probe $\eta$")
    return sheet


def inside_stations(counts: Histogram, reference: Histogram | None, title: str) -> StyledFigure:
    """Draw the plane of a chamber, all chambers of a station one above the other.

    Cells count only in the chambers whose sensitive area fills them, and are grey if none does.
    """
    reference, title = _comparable(counts, reference, title)
    others = [None] * 4 if reference is None else [one for _, one in stations(reference)]
    shown = [
        Map(
            f"MB{n}",
            inside_station(one, n),
            None if other is None else inside_station(other, n).binned,
        )
        for (n, one), other in zip(stations(counts), others, strict=True)
    ]
    sheet = draw_maps(shown, title, (8, 5.2), EFFICIENCY)
    _name_axes(sheet, "local x [cm]", "local y [cm]")
    return sheet


def runs_of_chambers(
    counts: Histogram,
    reference: Histogram | None,
    title: str,
    *,
    label: str = EFFICIENCY,
    from_zero: bool = False,
) -> StyledFigure:
    """Draw run and chamber, a panel for each station."""
    reference, title = _comparable(counts, reference, title)
    others = [None] * 4 if reference is None else [one for _, one in stations(reference)]
    shown = [
        _run_by_chamber(n, one, other)
        for (n, one), other in zip(stations(counts), others, strict=True)
    ]
    sheet = draw_maps(shown, title, (8, 7.5), label, from_zero=from_zero)
    _name_axes(sheet, "run", "wheel, with its sectors from below")
    runs = values_of(counts.axes["run"])
    for number, panel in enumerate(sheet.panels.flat):
        station = number // 2 + 1 if reference is not None else number + 1
        run_ticks(panel, runs)
        name_wheels(panel, sectors_of(station))
    return sheet


def _chambers(
    counts: Histogram,
    reference: Histogram | None,
    title: str,
    shown: Sequence[int],
    label: str = EFFICIENCY,
    *,
    from_zero: bool = False,
) -> StyledFigure:
    counts = _of_chambers(counts)
    reference = None if reference is None else _of_chambers(reference)
    reference, title = _comparable(counts, reference, title)
    maps = [_sector_by_wheel(counts, reference, station) for station in shown]
    sheet = draw_maps(maps, title, (9.5, 4.4), label, from_zero=from_zero, numbers=True)
    _name_axes(sheet, "sector", "wheel")
    for panel in sheet.panels.flat:
        name_ticks(panel.xaxis, range(1, 15 if panel.get_xlim()[1] > 13 else 13))
        names = [f"{wheel:+d}" if wheel else "0" for wheel in WHEELS]
        name_ticks(panel.yaxis, WHEELS, names)
        panel.minorticks_off()
    return sheet


def draw_maps(
    shown: Sequence[Map],
    title: str,
    size: tuple[float, float],
    label: str,
    *,
    from_zero: bool = False,
    numbers: bool = False,
    limits: tuple[float, float] | None = None,
) -> StyledFigure:
    """Draw maps two in a row or, if there is a reference, each with its difference beside it.

    Args:
        shown: All with a reference, or all without.
        title: Plain text for the header.
        size: Of a panel in inches.
        label: Of the colours.
        from_zero: Colours show the whole range.
        numbers: Write into each cell.
        limits: Ends of the colours; None: what suits the cells.
    """
    compared = shown[0].reference is not None
    columns = 2 if compared or len(shown) > 1 else 1
    rows = len(shown) if compared else -(-len(shown) // columns)
    sheet = new_sheet(rows, columns, (size[0] * columns, size[1] * rows + 0.6), title=title)
    own = [*(sheet.panels[:, 0] if compared else sheet.panels.flat)][: len(shown)]
    scale = scale_for([each.cells.binned for each in shown], from_zero=from_zero, limits=limits)
    for panel, each in zip(own, shown, strict=True):
        mesh = draw_cells(panel, each.cells, scale, numbers=numbers)
        panel.set_title(each.name, loc="left", fontweight="bold")
    colour_bar(sheet, mesh, own, scale, label + other_colours(each.cells for each in shown))
    if compared:
        pairs = [(each.cells, each.reference) for each in shown if each.reference is not None]
        draw_differences(sheet, [*sheet.panels[:, 1]], pairs, numbers=numbers)
    return sheet


def _comparable(
    counts: Histogram, reference: Histogram | None, title: str
) -> tuple[Histogram | None, str]:
    """Leave out a reference that has other bins, and say so in the title."""
    if reference is None or counts.axes == reference.axes:
        return reference, title
    return None, f"reference has other bins: not shown; {title}"


def _of_chambers(counts: Histogram) -> Histogram:
    """Add up runs, of which two results have different ones."""
    return counts.project("station", "wheel", "sector", "passed")


def _plane(name: str, counts: Histogram, reference: Histogram | None) -> Map:
    x, y = variables(counts)
    other = None if reference is None else Binned.of(reference, x, y)
    edges = edges_of(counts.axes[x]), edges_of(counts.axes[y])
    return Map(name, EfficiencyMap(*edges, Binned.of(counts, x, y)), other)


def _sector_by_wheel(counts: Histogram, reference: Histogram | None, station: int) -> Map:
    sectors = slice(sectors_of(station))
    edges = edges_of(counts.axes["sector"])[: sectors.stop + 1], edges_of(counts.axes["wheel"])

    def chosen(one: Histogram) -> Binned:
        return Binned.of(at(one, station=station - 1), "sector", "wheel")[sectors]

    other = None if reference is None else chosen(reference)
    return Map(f"MB{station}", EfficiencyMap(*edges, chosen(counts)), other)


def _run_by_chamber(station: int, counts: Histogram, reference: Histogram | None) -> Map:
    sectors = sectors_of(station)
    other = None if reference is None else _in_one_column(reference, sectors)
    rows = np.arange(5.0 * sectors + 1) - 0.5
    cells = EfficiencyMap(edges_of(counts.axes["run"]), rows, _in_one_column(counts, sectors))
    return Map(f"MB{station}", cells, other)


def _in_one_column(counts: Histogram, sectors: int) -> Binned:
    """Put the chambers of a station into one axis, shape (runs, chambers)."""
    binned = Binned.of(counts, "run", "wheel", "sector")[:, :, :sectors]
    shape = len(counts.axes["run"]), len(WHEELS) * sectors
    return Binned(binned.passed.reshape(shape), binned.total.reshape(shape))


def sectors_of(station: int) -> int:
    """Return how many sectors a station has."""
    return 14 if station == 4 else 12


def name_wheels(panel: Axes, sectors: int) -> None:
    """Name the wheels at the left, where their sectors stand one above the other."""
    middles = [(wheel + 2.5) * sectors - 0.5 for wheel in WHEELS]
    name_ticks(panel.yaxis, middles, [f"W{wheel:+d}" if wheel else "W0" for wheel in WHEELS])
    panel.yaxis.set_minor_locator(FixedLocator([]))
    panel.tick_params(axis="y", length=0)
    for wheel in WHEELS[1:]:
        panel.axhline((wheel + 2) * sectors - 0.5, color="black", lw=1)


def _name_axes(sheet: StyledFigure, x: str, y: str) -> None:
    for panel in sheet.panels[-1]:
        panel.set_xlabel(x)
    for panel in sheet.panels[:, 0]:
        panel.set_ylabel(y)
