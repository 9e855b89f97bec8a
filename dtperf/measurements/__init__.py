"""Measurements: declarations, and the histograms they are filled into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dtperf.measurements.declaration import Measurement
from dtperf.measurements.standard import STANDARD

if TYPE_CHECKING:
    from dtperf.measurements.support import extrapolations, supported

__all__ = ["STANDARD", "Measurement", "extrapolations", "supported"]


def __getattr__(name: str) -> Any:
    """Import late what needs the selection, and so numba."""
    if name in ("extrapolations", "supported"):
        from dtperf.measurements import support

        return getattr(support, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
