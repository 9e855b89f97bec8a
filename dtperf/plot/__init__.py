"""Plots of a result, as matplotlib figures and as files.

plot.save(result, "plots", ["png", "pdf"], reference=earlier)
plot.figure(result, "efficiency_vs_pt")
plot.inside_chamber(result, Chamber(-1, 12, 2), region=(-40, 10, -80, 20))
"""

from __future__ import annotations

from dtperf.lazy_import import listed
from dtperf.plot import ageing, chamber, chamber_cells, eligible, files, station
from dtperf.plot.catalogue import PLOTS
from dtperf.plot.files import FORMATS, save
from dtperf.plot.group_catalogue import GROUP_PLOTS
from dtperf.plot.names import not_measured
from dtperf.plot.pyplot import each_shown, shown

__all__ = [
    "FORMATS",
    "GROUP_PLOTS",
    "PLOTS",
    "ageing_trend",
    "cells_of_chamber",
    "chamber_trend",
    "draw",
    "eligible_trend",
    "figure",
    "inside_chamber",
    "not_measured",
    "save",
    "station_trend",
]
__dir__ = listed(__name__)

# in a notebook these show what they return; what is inside the package draws without
ageing_trend = shown(ageing.ageing_trend)
cells_of_chamber = shown(chamber_cells.cells_of_chamber)
chamber_trend = shown(chamber.chamber_trend)
draw = each_shown(files.draw)
eligible_trend = shown(eligible.eligible_trend)
figure = shown(files.figure)
inside_chamber = shown(chamber.inside_chamber)
station_trend = shown(station.station_trend)
