"""Results in formats of others: ``export.write(result, "efficiency.root")``."""

from __future__ import annotations

from dtperf.export.formats import FORMATS, NAMINGS, check_choice, to_bytes, write
from dtperf.export.objects import ReferenceObject
from dtperf.export.readable import readable_objects
from dtperf.export.reference import reference_objects

__all__ = [
    "FORMATS",
    "NAMINGS",
    "ReferenceObject",
    "check_choice",
    "readable_objects",
    "reference_objects",
    "to_bytes",
    "write",
]
