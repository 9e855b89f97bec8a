"""Results in formats of others: ``export(result, "efficiency.root")``."""

from __future__ import annotations

from dtperf.lazy_import import listed
from dtperf.results.export.formats import (
    FORMATS,
    NAMINGS,
    check_choice,
    export,
    measurements_in,
    to_bytes,
)
from dtperf.results.export.naming import readable_objects, reference_objects
from dtperf.results.export.root_objects import ReferenceObject

__all__ = [
    "FORMATS",
    "NAMINGS",
    "ReferenceObject",
    "check_choice",
    "export",
    "measurements_in",
    "readable_objects",
    "reference_objects",
    "to_bytes",
]
__dir__ = listed(__name__)
