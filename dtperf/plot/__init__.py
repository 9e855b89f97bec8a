"""Plots of a result, as matplotlib figures and as files.

plot.save(result, "plots", ["png", "pdf"], reference=earlier)
plot.figure(result, "efficiency_vs_pt")
plot.inside_chamber(result, Chamber(-1, 12, 2), region=(-40, 10, -80, 20))
"""

from __future__ import annotations

from dtperf.plot.catalogue import PLOTS
from dtperf.plot.chamber import chamber_trend, inside_chamber
from dtperf.plot.eligible import eligible_trend
from dtperf.plot.files import FORMATS, draw, figure, not_measured, save
from dtperf.plot.station import station_trend

__all__ = [
    "FORMATS",
    "PLOTS",
    "chamber_trend",
    "draw",
    "eligible_trend",
    "figure",
    "inside_chamber",
    "not_measured",
    "save",
    "station_trend",
]
