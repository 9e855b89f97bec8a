"""Decode where the lists of a basket begin, as ROOT stores it."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtperf.compiled import compiled, inlined
from dtperf.typing import I64, U32

__all__ = ["read_offsets", "same_offsets"]


@inlined
def _list_start(stored: U32, entry: int, key_bytes: int, end: int) -> Any:
    """Return the first byte of a list; the stored ones are big-endian and count from the key."""
    if entry == len(stored):
        return end
    x = stored[entry]
    swapped = (x >> 24) | ((x >> 8) & 0xFF00) | ((x << 8) & 0xFF0000) | ((x & 0xFF) << 24)
    return np.int64(np.int32(swapped)) - key_bytes


@compiled
def read_offsets(
    stored: U32, key_bytes: int, end: int, shift: int, first: int, offsets: I64
) -> bool:
    """Read where lists begin and end.

    Args:
        stored: As in the file, one number for each list of the basket.
        key_bytes: Size of the basket's header, from whose begin they count.
        end: Bytes of the content.
        shift: Logarithm of the bytes of a number to base 2.
        first: First list to decode.
        offsets: To be filled behind its first element, where the first list begins; shape
            (lists + 1,).

    Returns:
        Whether all lists lie one behind the other within the content; if not, `offsets` is
        meaningless.
    """
    start = before = _list_start(stored, first, key_bytes, end)
    ok = 0 <= start <= end
    rest = before
    base = offsets[0]
    for i in range(1, len(offsets)):
        at = _list_start(stored, first + i, key_bytes, end)
        ok &= before <= at
        rest |= at
        offsets[i] = base + ((at - start) >> shift)
        before = at
    return bool(ok and before <= end and not rest & ((1 << shift) - 1))


@compiled
def same_offsets(
    stored: U32, key_bytes: int, end: int, shift: int, first: int, offsets: I64
) -> bool:
    """Return whether lists are as long as those of another column.

    Args:
        stored: As in `read_offsets`, as the arguments that follow.
        key_bytes: Size of the basket's header.
        end: Bytes of the content.
        shift: Logarithm of the bytes of a number to base 2.
        first: First list to compare.
        offsets: Of the other column, shape (compared lists + 1,).
    """
    start = _list_start(stored, first, key_bytes, end)
    same = start >= 0
    base = offsets[0]
    for i in range(1, len(offsets)):
        at = _list_start(stored, first + i, key_bytes, end)
        same &= at - start == (offsets[i] - base) << shift
    return bool(same and start + ((offsets[-1] - base) << shift) <= end)
