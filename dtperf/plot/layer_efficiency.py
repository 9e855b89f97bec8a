"""Efficiency of the twelve layers, of all chambers of a station."""

from __future__ import annotations

import numpy as np

from dtperf.measurements.declaration import Histogram
from dtperf.plot.axes import Binned, stations
from dtperf.plot.curves import SHIFTS, Curve, draw_curves
from dtperf.plot.style import GREY, STATIONS, CurveStyle, StyledFigure, new_sheet
from dtperf.plot.ticks import name_ticks
from dtperf.typing import F64

__all__ = ["twelve_layers"]

LAYERS = 12
NAMES = ("SL1", r"SL2 ($\theta$)", "SL3")


def twelve_layers(counts: Histogram, reference: Histogram | None, title: str) -> StyledFigure:
    """Draw the efficiency of the layers, the stations together, or a panel each with a reference.

    Args:
        counts: On station, superlayer, layer and places, which are added up.
        reference: The same of another result.
        title: Plain text for the header.
    """
    edges: F64 = np.arange(LAYERS + 1.0) + 0.5
    groups = [
        [_curve(f"MB{number}", one, edges, STATIONS[number - 1])]
        for number, one in stations(counts)
    ]
    if reference is None:
        pairs = zip(groups, SHIFTS, strict=True)
        groups = [[curve._replace(shift=shift) for [curve], shift in pairs]]
        sheet = new_sheet(size=(12, 8), title=title)
    else:
        for group, (_, one) in zip(groups, stations(reference), strict=True):
            group.append(
                _curve("reference", one, edges, CurveStyle(GREY, "X", "-"))._replace(is_open=True)
            )
        sheet = new_sheet(2, 2, (15, 11), title=title, share=True)
    shown = [curve for group in groups for curve in group]
    for panel, group in zip(sheet.panels.flat, groups, strict=True):
        draw_curves(panel, group, shown, 4 if len(groups) == 1 else 2)
        panel.set_xlim(edges[0], edges[-1])
        name_ticks(panel.xaxis, range(1, LAYERS + 1), [str(n % 4 + 1) for n in range(LAYERS)])
        panel.minorticks_off()
        for number, name in enumerate(NAMES):
            place = {"transform": panel.get_xaxis_transform(), "ha": "center"}
            panel.text(4 * number + 2.5, 0.03, name, **place)
            panel.axvline(4 * number + 0.5, color="0.5", lw=0.8)
    for panel in sheet.panels[-1]:
        panel.set_xlabel("layer")
    for panel in sheet.panels[:, 0]:
        panel.set_ylabel("efficiency of layers")
    return sheet


def _curve(label: str, counts: Histogram, edges: F64, look: CurveStyle) -> Curve:
    binned = Binned.of(counts, "superlayer", "layer")
    flat = Binned(binned.passed.ravel(), binned.total.ravel())
    return Curve(label, edges, flat, look, is_exact=True)
