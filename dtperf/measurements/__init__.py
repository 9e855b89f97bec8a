"""Measurements: declarations, and the histograms they are filled into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtperf.lazy_import import attach
from dtperf.measurements.declaration import Measurement
from dtperf.measurements.groups import BY_GROUP, KNOWN
from dtperf.measurements.standard import STANDARD

if TYPE_CHECKING:
    from dtperf.measurements.support import branches_by_group, extrapolations, supported

__all__ = [
    "BY_GROUP",
    "KNOWN",
    "STANDARD",
    "Measurement",
    "branches_by_group",
    "extrapolations",
    "supported",
]

# what needs the selection, and so numba, is imported late
__getattr__, __dir__ = attach(__name__, __file__)
