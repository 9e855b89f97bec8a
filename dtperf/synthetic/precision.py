"""Store floats with fewer bits, as CMSSW does: ``round_mantissa(iso, 6)``."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dtperf.typing import F32

__all__ = ["round_mantissa"]

STORED_BITS = 23


def round_mantissa(values: npt.ArrayLike, bits: int) -> F32:
    """Round to the nearest float32 with that many bits of mantissa after the leading one.

    Ties go away from zero, as in CMSSW's ``MiniFloatConverter::reduceMantissaToNbitsRounding``,
    which differs in that it never rounds up into the next power of two.

    Args:
        values: Finite numbers of any shape.
        bits: Between 1 and 22; float32 itself has 23.

    Returns:
        The rounded numbers, at most 2**-(bits + 1) away, relatively.
    """
    dropped = STORED_BITS - bits
    whole = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    half = np.uint32(1 << (dropped - 1))
    kept = np.uint32((0xFFFFFFFF >> dropped) << dropped)
    return ((whole + half) & kept).view(np.float32)
