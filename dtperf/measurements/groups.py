"""Groups of measurements that a config switches on, beside the standard ones."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from dtperf.measurements.cells import CELLS, RESIDUALS
from dtperf.measurements.declaration import Measurement
from dtperf.measurements.muon import MUON
from dtperf.measurements.rpc import RPC
from dtperf.measurements.segments import SEGMENTS
from dtperf.measurements.standard import STANDARD
from dtperf.measurements.timing import TIMING
from dtperf.measurements.trigger import TRIGGER

__all__ = ["BY_GROUP", "GROUPS", "KNOWN", "GroupName"]

GroupName = Literal["segments", "trigger", "cells", "residuals", "timing", "rpc", "muon"]

GROUPS: Mapping[str, Mapping[str, Measurement]] = MappingProxyType(
    {
        "segments": SEGMENTS,
        "trigger": TRIGGER,
        "cells": CELLS,
        "residuals": RESIDUALS,
        "timing": TIMING,
        "rpc": RPC,
        "muon": MUON,
    }
)
"""Measurements by name, by group."""

BY_GROUP: Mapping[str, Mapping[str, Measurement]] = MappingProxyType(
    {"tag_and_probe": STANDARD, **GROUPS}
)
"""The same with the standard measurements, which are always made, as the first."""

KNOWN: Mapping[str, Measurement] = MappingProxyType(
    {name: each for group in BY_GROUP.values() for name, each in group.items()}
)
"""The standard measurements and those of all groups, by name."""
