"""Profiles whose sums are put there by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtperf.measurements.moments import HIGH_BITS

__all__ = ["moments_of"]


def moments_of(sums: Any) -> np.ndarray:
    """Entries, sums and sums of squares that 64 bits hold, and their high parts, shape (…, 5)."""
    whole = np.asarray(sums, dtype=np.int64)
    return np.concatenate([whole, whole[..., 1:] >> HIGH_BITS], axis=-1)
