"""Groups of measurements that a config switches on, beside the standard ones."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from dtperf.measurements.cells import CELLS, RESIDUALS
from dtperf.measurements.declaration import Measurement
from dtperf.measurements.standard import STANDARD
from dtperf.measurements.trigger import TRIGGER

__all__ = ["GROUPS", "KNOWN", "GroupName"]

GroupName = Literal["trigger", "cells", "residuals"]

GROUPS: Mapping[GroupName, Mapping[str, Measurement]] = MappingProxyType(
    {"trigger": TRIGGER, "cells": CELLS, "residuals": RESIDUALS}
)
"""Measurements by name, by group."""

KNOWN: Mapping[str, Measurement] = MappingProxyType(
    {**STANDARD, **{name: each for group in GROUPS.values() for name, each in group.items()}}
)
"""The standard measurements and those of all groups, by name."""
