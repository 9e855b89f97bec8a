"""Efficiencies against luminosity and time: ``trends("2022", "2023", luminosity="lumi.csv")``.

Slopes of every part of the detector, and moments at which one has changed.
"""

from __future__ import annotations

from dtperf.diagnostics.ageing.bins import Bin, bins_of
from dtperf.diagnostics.ageing.exposure import Exposure, exposure
from dtperf.diagnostics.ageing.model import Aged, Trend
from dtperf.diagnostics.ageing.shapes import Step
from dtperf.diagnostics.ageing.slopes import Slope
from dtperf.diagnostics.ageing.trends import HL_LHC, trends
from dtperf.lazy_import import listed

__all__ = [
    "HL_LHC",
    "Aged",
    "Bin",
    "Exposure",
    "Slope",
    "Step",
    "Trend",
    "bins_of",
    "exposure",
    "trends",
]
__dir__ = listed(__name__)
