"""Chambers laid out in tables as the reference has them, and all histograms as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import hist
import numpy as np
import uhi.io.json as uhi_json

from dtperf.measurements.declaration import Histogram
from dtperf.measurements.histograms import presented
from dtperf.results.export.about import PREFIX
from dtperf.results.export.cells import Bins, HistogramCells
from dtperf.typing import I64, AnyArray

__all__ = [
    "in_one_row",
    "json_file",
    "sector_by_wheel",
    "side_by_side",
    "within_sectors",
]

STATIONS, WHEELS, SECTORS, TWELVE = 4, 5, 14, 12
TWINS = {13: 4, 14: 10}
"""Second MB4 chamber of a sector, and that sector."""


def in_one_row(cells: HistogramCells) -> HistogramCells:
    """Return the chambers of a station in one row, at sector + 14 (wheel + 2).

    Args:
        cells: On station, wheel, sector and further axes.

    Returns:
        Cells on station, chamber and the further axes.
    """
    chambers = WHEELS * SECTORS
    inner = _inner(cells)
    row = inner.reshape(STATIONS, chambers, *inner.shape[3:])
    axes = (cells.axes[0], Bins("chamber", "", chambers, 0.5, chambers + 0.5))
    return _laid_out(cells, axes, row)


def sector_by_wheel(cells: HistogramCells) -> HistogramCells:
    """Return a map of each station, with sector and wheel at the lower edges of their bins.

    Args:
        cells: On station, wheel and sector.

    Returns:
        Cells on station, sector and wheel.
    """
    axes = (
        cells.axes[0],
        Bins("sector", "", SECTORS, 1, SECTORS + 1),
        Bins("wheel", "", WHEELS, -2, 3),
    )
    return _laid_out(cells, axes, np.swapaxes(_inner(cells), 1, 2))


def within_sectors(cells: HistogramCells) -> HistogramCells:
    """Return one map in which each sector of a wheel is a square of four stations.

    Args:
        cells: On station, wheel and sector.

    Returns:
        Cells on sector and wheel. MB1 and MB3 are left, MB2 and MB4 right, MB3 and MB4 above.
    """
    merged = _without_twins(_inner(cells))
    squares = merged.reshape(2, 2, *merged.shape[1:])
    above, right, wheel, sector = range(4)
    square_by_square = squares.transpose(sector, right, wheel, above, 4)
    axes = (
        Bins("sector", "", 2 * TWELVE, 0.5, TWELVE + 0.5),
        Bins("wheel", "", 2 * WHEELS, -2.5, 2.5),
    )
    return _laid_out(cells, axes, square_by_square.reshape(2 * TWELVE, 2 * WHEELS, -1))


def side_by_side(cells: HistogramCells) -> HistogramCells:
    """Return one map of the stations' maps, one beside the other.

    Args:
        cells: On station, wheel and sector.

    Returns:
        Cells on wheel + 3 + 5 (station - 1), and sector.
    """
    columns = STATIONS * WHEELS
    axes = (
        Bins("wheel_and_station", "", columns, 1, columns + 1),
        Bins("sector", "", TWELVE, 1, TWELVE + 1),
    )
    merged = _without_twins(_inner(cells))
    return _laid_out(cells, axes, merged.reshape(columns, TWELVE, -1))


def _inner(cells: HistogramCells) -> I64:
    """Return the bins of station, wheel and sector, which have nothing beyond."""
    return cells.values[1:-1, 1:-1, 1:-1]


def _without_twins(inner: I64) -> I64:
    merged = inner[:, :, :TWELVE].copy()
    for twin, sector in TWINS.items():
        merged[:, :, sector - 1] += inner[:, :, twin - 1]
    return merged


def _laid_out(cells: HistogramCells, axes: tuple[Bins, ...], values: AnyArray) -> HistogramCells:
    """Add flow bins to the new axes; the axes after the sector keep theirs."""
    flow = [(1, 1)] * len(axes) + [(0, 0)] * (values.ndim - len(axes))
    return HistogramCells(cells.kind, (*axes, *cells.axes[3:]), np.pad(values, flow))


def json_file(
    counts: Mapping[str, Histogram],
    extra: Mapping[str, Histogram] = MappingProxyType({}),
    texts: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """Write all histograms as UHI JSON, which hist and boost-histogram read.

    Args:
        counts: Histograms of integers by the measurement's name.
        extra: Others, which are written as they are.
        texts: What each histogram has in its metadata, with `dtperf.` before each key.

    Returns:
        One JSON object of histograms by name; a profile has a mean and a spread in each bin.
    """
    shown = {name: presented(histogram) for name, histogram in counts.items()} | dict(extra)
    metadata = {f"{PREFIX}{key}": text for key, text in texts.items()}
    described = {name: _described(each) for name, each in shown.items()}
    written = {
        name: {**each, "metadata": {**each.get("metadata", {}), **metadata}}
        for name, each in described.items()
    }
    return (json.dumps(written, default=uhi_json.default) + "\n").encode()


def _described(histogram: Histogram) -> dict[str, Any]:
    described: dict[str, Any] = uhi_json.default(histogram)
    if histogram.storage_type is hist.storage.Mean:
        stored = described["storage"]
        # of one entry it is NaN, which JSON does not have, and which would come back as its spread
        stored["variances"] = np.where(stored["counts"] > 1, stored["variances"], 0.0)
    return described
