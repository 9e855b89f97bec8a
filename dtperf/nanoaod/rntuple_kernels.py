"""Decode numbers of an RNTuple's pages, several at a time, which ROOT stores split into bytes."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtperf.compiled import compiled, inlined
from dtperf.typing import I64, U8, AnyArray

__all__ = ["PLACES", "join_bytes", "join_differences", "lay_out", "spread_bits"]

PLACES = 8
"""Of a page: 0: its first byte among those of all pages of its group; 1: how many numbers it has;
2, 3: the first of them that is wanted, and how many are; 4: where the first of these goes; 5: bytes
of what it holds; 6: whether that is, as it is, all that is wanted; 7: whether a group begins."""


@compiled
def lay_out(
    edges: I64, bits: int, is_plain: bool, start: int, stop: int, most_bytes: int, places: I64
) -> None:
    """Find where pages have what is wanted of a column, and cut them into groups up to a size.

    Args:
        edges: First number of each page, and one past the last, shape (pages + 1,).
        bits: Of a number.
        is_plain: Whether numbers are stored as they are in memory.
        start: First number that is wanted; all pages have some up to `stop`.
        stop: One past the last.
        most_bytes: Of what the pages of a group hold, if they are several.
        places: To be filled, as `PLACES` describes it, shape (pages, PLACES).
    """
    begin = np.int64(0)
    for page in range(len(places)):
        place, numbers = places[page], edges[page + 1] - edges[page]
        size = (numbers * bits + 7) // 8
        place[7] = page == 0 or begin + size > most_bytes
        if place[7]:
            begin = np.int64(0)
        first, last = max(start - edges[page], 0), min(stop - edges[page], numbers)
        place[0], place[1], place[2], place[3] = begin, numbers, first, last - first
        place[4], place[5] = edges[page] + first - start, size
        place[6] = is_plain and last - first == numbers
        begin += size


@inlined
def _join(its: U8, step: Any, first: Any, zigzag: bool, numbers: AnyArray) -> None:
    """Join the bytes of numbers of a page, which has `step` of them, from one on."""
    of_type = numbers.dtype.type
    one, zero = of_type(1), of_type(0)
    if numbers.itemsize == 2:
        a, b = its[first:], its[step + first :]
        for i in range(len(numbers)):
            numbers[i] = np.uint16(a[i]) | (np.uint16(b[i]) << np.uint16(8))
    elif numbers.itemsize == 4:
        a, b = its[first:], its[step + first :]
        c, d = its[2 * step + first :], its[3 * step + first :]
        for i in range(len(numbers)):
            low = np.uint32(a[i]) | (np.uint32(b[i]) << np.uint32(8))
            high = np.uint32(c[i]) | (np.uint32(d[i]) << np.uint32(8))
            numbers[i] = low | (high << np.uint32(16))
    else:
        numbers[:] = zero
        for byte in range(numbers.itemsize):
            part, shift = its[byte * step + first :], of_type(8 * byte)
            for i in range(len(numbers)):
                numbers[i] |= of_type(part[i]) << shift
    if zigzag:
        for i in range(len(numbers)):
            numbers[i] = (numbers[i] >> one) ^ (zero - (numbers[i] & one))


@compiled
def join_bytes(content: U8, places: I64, zigzag: bool, numbers: AnyArray) -> None:
    """Join the bytes of numbers: a page holds the first bytes of all, then the second ones, ….

    Args:
        content: The bytes of pages.
        places: Where each of them has what, as `PLACES` describes it, shape (pages, PLACES).
        zigzag: Whether signed ones are stored as 0, -1, 1, -2, ….
        numbers: To be filled; unsigned and as wide as the stored ones.
    """
    for page in range(len(places)):
        begin, step, first, wanted, at = places[page, :5]
        its = content[begin : begin + step * numbers.itemsize]
        _join(its, step, first, zigzag, numbers[at : at + wanted])


@compiled
def join_differences(content: U8, places: I64, numbers: AnyArray) -> None:
    """Join the bytes of numbers, as `join_bytes` does, and add each to those before it in its page.

    Args:
        content: The bytes of pages.
        places: As of `join_bytes`.
        numbers: To be filled; unsigned and as wide as the stored ones.
    """
    for page in range(len(places)):
        begin, step, first, wanted, at = places[page, :5]
        its = content[begin : begin + step * numbers.itemsize]
        sums = np.empty(first + wanted, dtype=numbers.dtype)
        _join(its, step, 0, False, sums)
        total = numbers.dtype.type(0)
        for i in range(len(sums)):
            total += sums[i]
            sums[i] = total
        numbers[at : at + wanted] = sums[first:]


@compiled
def spread_bits(content: U8, places: I64, numbers: U8) -> None:
    """Make a byte of each bit, the lowest of a byte first.

    Args:
        content: The bytes of pages.
        places: As of `join_bytes`.
        numbers: To be filled.
    """
    for page in range(len(places)):
        begin, bits, first, wanted, at = places[page, :5]
        its = content[begin : begin + (bits + 7) // 8]
        found = numbers[at : at + wanted]
        # whole bytes between two of which perhaps only a part is wanted
        head = min(-first % 8, wanted)
        whole = (wanted - head) // 8
        rest = its[(first + head) // 8 :]
        middle, tail = found[head:], found[head + 8 * whole :]
        for bit in range(head):
            found[bit] = (its[first // 8] >> (first % 8 + bit)) & 1
        for byte in range(whole):
            for bit in range(8):
                middle[8 * byte + bit] = (rest[byte] >> bit) & 1
        for bit in range(len(tail)):
            tail[bit] = (rest[whole] >> bit) & 1
