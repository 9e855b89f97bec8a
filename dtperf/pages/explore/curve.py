"""The efficiency against pT as SVG, for notebooks, where pages' scripts do not run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log
from typing import Any

from dtperf.results.html import picture, text

__all__ = ["pt_curve"]

Row = dict[str, Any]
Point = list[Any]

WIDTH, HEIGHT, X0, X1, Y0, Y1 = 860, 270, 52, 850, 240, 12
COLOURS = ("#0072b2", "#d55e00", "#008060", "#7b3294")
FEW = 20
"""Bins with fewer probes are not drawn."""
TICKS = (10, 20, 30, 50, 70, 100, 200, 300, 500, 1000)


def pt_curve(now: Sequence[Row], before: Sequence[Row]) -> str:
    """Draw the efficiency of the stations against pT.

    Args:
        now: From `dtperf.pages.explore.session.curves`.
        before: The same with the config's cuts, which stand pale behind.
    """
    label = "fiducial efficiency against pT"
    most = max((point[3] for curve in now for point in curve["points"]), default=0)
    least = FEW if most >= FEW else 1
    both = [*_points(now, least), *_points(before, least)]
    if not most:
        return picture(WIDTH, HEIGHT, label, [text(WIDTH / 2, HEIGHT / 2, "no probes", "middle")])
    axes = _Axes([point for _, point in both])
    parts = [*axes.frame()]
    for curves, opacity in ((before, 0.3), (now, 1)):
        drawn = "".join(axes.point(number, point) for number, point in _points(curves, least))
        parts.append(f"<g opacity='{opacity}'>{drawn}</g>")
    for number, curve in enumerate(now):
        colour = f"fill='{COLOURS[number]}' font-weight='bold'"
        parts.append(text(X0 + 10 + 50 * number, HEIGHT - 4, curve["name"], "start", colour))
    note = "pale: the config’s cuts" + ("" if least == 1 else f"; bins of {FEW} probes or more")
    parts.append(text(X0 + 215, HEIGHT - 4, note, "start"))
    return picture(WIDTH, HEIGHT, label, parts)


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
            yield text(X0 - 4, y + 4, f"{100 * value:g} %", "end")
        for pt in TICKS:
            if self.first <= pt <= self.last:
                x = self.x(pt)
                yield f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{Y0}' y2='{Y1}' stroke='#e3e7eb'/>"
                yield text(x, Y0 + 13, str(pt), "middle")
        box = f"x='{X0}' y='{Y1}' width='{X1 - X0}' height='{Y0 - Y1}'"
        yield f"<rect {box} fill='none' stroke='#000'/>"
        yield text(X1, HEIGHT - 4, "pT of the probe [GeV]", "end")

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
