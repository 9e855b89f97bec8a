"""Map and curve as SVG, for notebooks, where pages' scripts do not run."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from math import log
from typing import Any

__all__ = ["chamber_map", "pt_curve"]

Row = dict[str, Any]
Point = list[Any]

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

WIDTH, HEIGHT, X0, X1, Y0, Y1 = 860, 270, 52, 850, 240, 12
COLOURS = ("#0072b2", "#d55e00", "#008060", "#7b3294")
FEW = 20
"""Bins with fewer probes are not drawn."""
TICKS = (10, 20, 30, 50, 70, 100, 200, 300, 500, 1000)
STYLE = "background:#fff;font:10px sans-serif;max-width:100%;height:auto"


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
    return _svg(2 * width, 2 * height, "fiducial efficiency of the chambers, %", parts)


def _station(rows: Sequence[Row], station: int) -> Iterator[str]:
    yield _text(LEFT, 14, f"MB{station}", "start", "font-weight='bold' font-size='13'")
    for wheel in range(-2, 3):
        y = TOP + (2 - wheel + 0.7) * CELL_H
        yield _text(LEFT - 3, y, f"W{wheel:+d}".replace("-", "−").replace("+0", "0"), "end")
    mine = [row for row in rows if row["station"] == station]
    for sector in sorted({row["sector"] for row in mine}):
        x, y = LEFT + (sector - 0.5) * CELL_W, TOP + WHEELS * CELL_H + 12
        yield _text(x, y, f"S{sector}", "middle")
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
    text = f"{100 * row['value']:.1f}".replace("100.0", "100")
    colour = f"fill='{'#fff' if step in DARK else '#000'}' pointer-events='none'"
    yield _text(x + CELL_W / 2, y + 0.68 * CELL_H, text, "middle", colour)


def pt_curve(now: Sequence[Row], before: Sequence[Row]) -> str:
    """Draw the efficiency of the stations against pT.

    Args:
        now: From `dtperf.exploring.content.curves`.
        before: The same with the config's cuts, which stand pale behind.
    """
    label = "fiducial efficiency against pT"
    most = max((point[3] for curve in now for point in curve["points"]), default=0)
    least = FEW if most >= FEW else 1
    both = [*_points(now, least), *_points(before, least)]
    if not most:
        return _svg(WIDTH, HEIGHT, label, [_text(WIDTH / 2, HEIGHT / 2, "no probes", "middle")])
    axes = _Axes([point for _, point in both])
    parts = [*axes.frame()]
    for curves, opacity in ((before, 0.3), (now, 1)):
        drawn = "".join(axes.point(number, point) for number, point in _points(curves, least))
        parts.append(f"<g opacity='{opacity}'>{drawn}</g>")
    for number, curve in enumerate(now):
        colour = f"fill='{COLOURS[number]}' font-weight='bold'"
        parts.append(_text(X0 + 10 + 50 * number, HEIGHT - 4, curve["name"], "start", colour))
    note = "pale: the config’s cuts" + ("" if least == 1 else f"; bins of {FEW} probes or more")
    parts.append(_text(X0 + 215, HEIGHT - 4, note, "start"))
    return _svg(WIDTH, HEIGHT, label, parts)


def _points(curves: Sequence[Row], least: int) -> Iterator[tuple[int, Point]]:
    for number, curve in enumerate(curves):
        for point in curve["points"]:
            if point[3] >= least:
                yield number, point


class _Axes:
    """Logarithmic in pT, linear in the efficiency."""

    def __init__(self, points: Sequence[Point]) -> None:
        self.first = max(1.0, min((p[0] for p in points if p[0] > 0), default=1.0))
        self.last = max(p[1] for p in points)
        lowest = min(0.99, *(p[5] if p[3] >= 10 * FEW else p[4] for p in points))
        steps = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
        self.step = next((s for s in steps if (1 - lowest) / s <= 6), 0.2)
        self.lines = int((1 - lowest) / self.step + 1 - 1e-9)
        self.bottom, self.top = 1 - self.lines * self.step, 1 + 0.15 * self.step

    def x(self, pt: float) -> float:
        place = log(max(pt, self.first) / self.first) / log(self.last / self.first)
        return X0 + (X1 - X0) * place

    def y(self, value: float) -> float:
        place = (max(value, self.bottom) - self.bottom) / (self.top - self.bottom)
        return Y0 + (Y1 - Y0) * place

    def frame(self) -> Iterator[str]:
        for number in range(self.lines + 1):
            value = 1 - number * self.step
            y = self.y(value)
            yield f"<line x1='{X0}' x2='{X1}' y1='{y:.1f}' y2='{y:.1f}' stroke='#e3e7eb'/>"
            yield _text(X0 - 4, y + 4, f"{100 * value:g} %", "end")
        for pt in TICKS:
            if self.first <= pt <= self.last:
                x = self.x(pt)
                yield f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{Y0}' y2='{Y1}' stroke='#e3e7eb'/>"
                yield _text(x, Y0 + 13, str(pt), "middle")
        box = f"x='{X0}' y='{Y1}' width='{X1 - X0}' height='{Y0 - Y1}'"
        yield f"<rect {box} fill='none' stroke='#000'/>"
        yield _text(X1, HEIGHT - 4, "pT of the probe [GeV]", "end")

    def point(self, number: int, point: Point) -> str:
        first, last, passed, total, value, low, high = point
        x = (self.x(first) + self.x(last)) / 2 + 4 * (number - 1.5)
        told = f"{first:g} to {last:g} GeV: {100 * value:.2f} %, {passed:,} of {total:,} probes"
        bar = f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{self.y(low):.1f}' y2='{self.y(high):.1f}'/>"
        dot = f"<circle cx='{x:.1f}' cy='{self.y(value):.1f}' r='3.5'/>"
        # below the axis only its bar reaches in
        mark = bar + (dot if value >= self.bottom else "")
        colour = COLOURS[number]
        return f"<g stroke='{colour}' fill='{colour}'>{mark}<title>{told}</title></g>"


def _text(x: float, y: float, text: str, anchor: str, more: str = "") -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' {more}>{text}</text>"


def _svg(width: int, height: int, label: str, parts: Sequence[str]) -> str:
    place = f"viewBox='0 0 {width} {height}' width='{width}' role='img' aria-label='{label}'"
    return f"<svg {place} style='{STYLE}'>{''.join(parts)}</svg>"
