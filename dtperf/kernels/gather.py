"""Take rows of one table for another."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtperf.compiled import compiled
from dtperf.typing import AnyArray

__all__ = ["take"]


@compiled
def take(source: AnyArray, index: AnyArray, nowhere: Any) -> AnyArray:
    """Take the rows that an index names.

    Args:
        source: Values, shape (n,).
        index: Integers from -1 to n - 1, shape (rows,).
        nowhere: Stands for an index of -1.

    Returns:
        Values of the source's dtype, shape (rows,).
    """
    taken = np.empty(len(index), dtype=source.dtype)
    for i in range(len(index)):
        taken[i] = source[index[i]] if index[i] >= 0 else nowhere
    return taken
