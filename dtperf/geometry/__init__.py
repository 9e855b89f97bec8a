"""The 250 DT chambers: which exist, and how large they are."""

from __future__ import annotations

from dtperf.geometry.chambers import (
    N_CODES,
    Chamber,
    chamber_codes,
    chambers,
    lengths_cm,
    widths_cm,
)

__all__ = ["N_CODES", "Chamber", "chamber_codes", "chambers", "lengths_cm", "widths_cm"]
