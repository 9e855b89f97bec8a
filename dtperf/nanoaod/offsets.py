"""Decode where the lists of a basket begin, as ROOT stores it."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtperf.compiled import compiled, inlined
from dtperf.typing import I64, U32

__all__ = ["read_offsets", "same_offsets"]


@inlined
def _native(stored: Any) -> Any:
    """Return a number that is stored big-endian."""
    swapped = (
        (stored >> 24) | ((stored >> 8) & 0xFF00) | ((stored << 8) & 0xFF0000) | (stored << 24)
    )
    return np.int64(np.int32(swapped))


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
    lists, base = len(offsets) - 1, offsets[0]
    if not lists:
        return True
    its = stored[first : first + lists + 1]
    start = before = _native(its[0]) - key_bytes
    ok = 0 <= start <= end
    rest = before
    for i in range(1, lists + 1):
        at = _native(its[i]) - key_bytes if i < len(its) else end
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
    lists, base = len(offsets) - 1, offsets[0]
    if not lists:
        return True
    its = stored[first : first + lists + 1]
    start = _native(its[0]) - key_bytes
    last = start + ((offsets[lists] - base) << shift)
    wrong = np.int64(0)  # without a branch: several lists are compared at a time
    for i in range(len(its)):
        wrong |= _native(its[i]) - key_bytes - start - ((offsets[i] - base) << shift)
    # behind the last list of a basket nothing says where it ends
    ends = last <= end if len(its) > lists else last == end
    return bool(not wrong and start >= 0 and ends)
