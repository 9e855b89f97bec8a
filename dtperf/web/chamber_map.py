"""Wheel against sector of the four stations, as SVG."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any

from dtperf.web.svg import picture, text

__all__ = ["chamber_map"]

Row = dict[str, Any]

EDGES = (0.9, 0.93, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995, 1)
FILLS = (
    *("#d55e00", "#00224e", "#1d3964", "#434e6c", "#61646f", "#7d7c78", "#9d9570", "#c4b561"),
    *("#fee838", "#fee838"),
)
"""Those of the page's map: cividis, and vermilion below 90 %."""
DARK = range(1, 5)
"""Fills that need a light text."""
CELL_W, CELL_H, LEFT, TOP = 32, 20, 30, 22
COLUMNS, WHEELS = 14, 5


def chamber_map(rows: Sequence[Row]) -> str:
    """Draw wheel against sector of the four stations, two by two.

    Args:
        rows: From `dtperf.web.chamber_rows`.
    """
    width, height = LEFT + COLUMNS * CELL_W + 14, TOP + WHEELS * CELL_H + 18
    parts = []
    for station in range(1, 5):
        x, y = (station - 1) % 2 * width, (station - 1) // 2 * height
        parts.append(f'<g transform="translate({x},{y})">{"".join(_station(rows, station))}</g>')
    return picture(2 * width, 2 * height, "fiducial efficiency of the chambers, %", parts)


def _station(rows: Sequence[Row], station: int) -> Iterator[str]:
    yield text(LEFT, 14, f"MB{station}", "start", "font-weight='bold' font-size='13'")
    for wheel in range(-2, 3):
        y = TOP + (2 - wheel + 0.7) * CELL_H
        yield text(LEFT - 3, y, f"W{wheel:+d}".replace("-", "−").replace("+0", "0"), "end")
    mine = [row for row in rows if row["station"] == station]
    for sector in sorted({row["sector"] for row in mine}):
        x, y = LEFT + (sector - 0.5) * CELL_W, TOP + WHEELS * CELL_H + 12
        yield text(x, y, f"S{sector}", "middle")
    for row in mine:
        yield from _cell(row)


def _cell(row: Row) -> Iterator[str]:
    x, y = LEFT + (row["sector"] - 1) * CELL_W, TOP + (2 - row["wheel"]) * CELL_H
    box = f"x='{x}' y='{y}' width='{CELL_W - 1}' height='{CELL_H - 1}'"
    if row["value"] is None:
        told = f"<title>{row['name']}: no probes</title>"
        yield f"<rect {box} fill='#fff' stroke='#bbb'>{told}</rect>"
        return
    step = bisect_right(EDGES, row["value"])
    border = "" if step else " stroke='#000' stroke-width='2'"
    low, high = 100 * row["low"], 100 * row["high"]
    told = f"{row['name']}: {100 * row['value']:.2f} %, {low:.2f} to {high:.2f} %; "
    told += f"{row['passed']:,} of {row['total']:,} probes passed"
    yield f"<rect {box} fill='{FILLS[step]}'{border}><title>{told}</title></rect>"
    shown = f"{100 * row['value']:.1f}".replace("100.0", "100")
    colour = f"fill='{'#fff' if step in DARK else '#000'}' pointer-events='none'"
    yield text(x + CELL_W / 2, y + 0.68 * CELL_H, shown, "middle", colour)
