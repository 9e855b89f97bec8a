"""Decode numbers of an RNTuple's pages, which ROOT stores split into bytes."""

from __future__ import annotations

import numpy as np

from dtperf.compiled import compiled
from dtperf.typing import U8, AnyArray

__all__ = ["join_bytes"]


@compiled
def join_bytes(content: U8, first: int, zigzag: bool, numbers: AnyArray) -> None:
    """Join the bytes of numbers: a page holds the first bytes of all, then the second ones, ….

    Args:
        content: All bytes of the page, shape (bytes of a number × numbers of the page,).
        first: First number to decode.
        zigzag: Whether signed ones are stored as 0, -1, 1, -2, ….
        numbers: To be filled; unsigned and as wide as the stored ones, shape (numbers,).
    """
    size = numbers.itemsize
    step = len(content) // size
    one = numbers.dtype.type(1)
    if size == 2:
        a, b = content[first:step], content[step + first : 2 * step]
        for i in range(len(numbers)):
            numbers[i] = np.uint16(a[i]) | (np.uint16(b[i]) << np.uint16(8))
    elif size == 4:
        a, b = content[first:step], content[step + first : 2 * step]
        c, d = content[2 * step + first : 3 * step], content[3 * step + first : 4 * step]
        for i in range(len(numbers)):
            low = np.uint32(a[i]) | (np.uint32(b[i]) << np.uint32(8))
            high = np.uint32(c[i]) | (np.uint32(d[i]) << np.uint32(8))
            numbers[i] = low | (high << np.uint32(16))
    else:
        numbers[:] = 0
        for byte in range(size):
            part = content[byte * step + first : (byte + 1) * step]
            shift = numbers.dtype.type(8 * byte)
            for i in range(len(numbers)):
                numbers[i] |= numbers.dtype.type(part[i]) << shift
    if zigzag:
        zero = numbers.dtype.type(0)
        for i in range(len(numbers)):
            numbers[i] = (numbers[i] >> one) ^ (zero - (numbers[i] & one))
