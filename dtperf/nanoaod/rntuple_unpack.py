"""Unpack pages of an RNTuple, several of a column at a time, to where their numbers stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from dtperf.errors import InputError
from dtperf.nanoaod.decompress import claim, decompress_into
from dtperf.nanoaod.rntuple_checks import check_sum
from dtperf.nanoaod.rntuple_kernels import PLACES, join_bytes, join_differences, spread_bits
from dtperf.nanoaod.rntuple_pages import Column
from dtperf.typing import I64, U8, AnyArray

__all__ = ["PageGroup", "groups_of", "unpack_pages"]

AT_ONCE_BYTES = 1 << 20
"""Of what pages hold that are unpacked together: it fits into a core's cache."""


class Page(NamedTuple):
    """A page in a file, and where what it holds goes."""

    start: int
    """First byte in the file."""
    stored: int
    """Bytes in the file, the checksum included."""
    packed: int
    """Bytes in the file, without it."""
    size: int
    """Bytes of what it holds."""
    is_direct: bool
    """Whether that goes where it stays at once: it is stored as in memory, and all is wanted."""
    at: int
    """First byte for what it holds: there, or in a buffer."""


class PageGroup(NamedTuple):
    """Pages of a column that follow each other, and what of them is wanted."""

    column: Column
    name: str
    """Of the column, for messages."""
    first: int
    """Number of the first page."""
    pages: list[Page]
    places: I64
    """Of those that are to be decoded, as `PLACES` describes it; shape (pages, PLACES)."""
    numbers: AnyArray
    """Where numbers stay: those of all groups of a range."""


def groups_of(
    column: Column, name: str, start: int, stop: int, numbers: AnyArray
) -> Iterator[PageGroup]:
    """Cut the pages that hold a range of a column into groups up to a size, if possible.

    Args:
        column: The column.
        name: How messages call it.
        start: First number of the range.
        stop: One past the last.
        numbers: To be filled when the groups are unpacked, shape (stop - start,).
    """
    found = column.pages(start, stop)
    if not found:
        return
    edges = column.edges[found.start : found.stop + 1]
    counts = np.diff(edges)
    sizes = (counts + 7) // 8 if column.is_bit else counts * column.stored.itemsize
    ends = np.cumsum(sizes)
    cuts = [*_cuts(ends.tolist())]
    firsts = [first for first, _ in cuts]
    begins = ends - sizes
    ats = np.clip(edges, start, stop) - start
    places = np.empty((len(found), PLACES), dtype=np.int64)
    places[:, 0] = begins - np.repeat(begins[firsts], np.diff([*firsts, len(found)]))
    places[:, 1] = counts
    places[:, 2] = np.maximum(start - edges[:-1], 0)
    places[:, 3], places[:, 4] = np.diff(ats), ats[:-1]
    is_direct = column.is_plain & (places[:, 3] == counts)
    ats = np.where(is_direct, places[:, 4] * column.stored.itemsize, places[:, 0])
    its = slice(found.start, found.stop)
    packed = column.sizes[its].tolist()
    rows = (*column.ranges(found), packed, *(a.tolist() for a in (sizes, is_direct, ats)))
    pages = [*map(Page._make, zip(*rows, strict=True))]
    for first, last in cuts:
        part = slice(first, last)
        decoded = places[part][~is_direct[part]] if column.is_plain else places[part]
        yield PageGroup(column, name, found[first], pages[part], decoded, numbers)


def _cuts(ends: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and one past the last of neighbours that together have up to a size."""
    first = begin = before = 0
    for at, end in enumerate(ends):
        if at > first and end - begin > AT_ONCE_BYTES:
            yield first, at
            first, begin = at, before
        before = end
    yield first, len(ends)


def unpack_pages(group: PageGroup, raw: U8, source: Any, get_buffer: Callable[[int], U8]) -> None:
    """Decompress and decode pages, and check them.

    Args:
        group: The pages.
        raw: Their bytes, one behind the other, with the checksums.
        source: Of uproot.
        get_buffer: Gives memory for what they hold.

    Raises:
        InputError: They are cut off, or claim absurdly many bytes.
        ValueError: One is damaged.
    """
    if len(raw) != sum(page.stored for page in group.pages):
        raise InputError(f"a page of {group.name} is cut off", "truncated")
    if claimed := sum(page.size for page in group.pages if page.size != page.packed):
        claim(source, len(raw), claimed)
    content = get_buffer(sum(page.size for page in group.pages) if len(group.places) else 0)
    target = group.numbers.view(np.uint8)
    what, end = f"page of {group.name}", 0
    for _, stored, packed, size, is_direct, at in group.pages:
        begin, end = end, end + stored
        if stored != packed:
            check_sum(raw[begin:end], what)
        page = raw[begin : begin + packed]
        unpacked = (target if is_direct else content)[at : at + size]
        if packed == size:
            unpacked[:] = page
        else:
            try:
                decompress_into(page, unpacked)
            except ValueError as error:
                raise ValueError(f"a {what}: {error}") from error
    if len(group.places):
        _decode(group.column, content, group.places, group.numbers)


def _decode(column: Column, content: U8, places: I64, numbers: AnyArray) -> None:
    """Fill in numbers of pages that are unpacked."""
    unsigned = numbers.view(f"u{column.stored.itemsize}")
    if column.is_bit:
        spread_bits(content, places, unsigned)
    elif column.is_delta:
        join_differences(content, places, unsigned)
    elif column.is_split:
        join_bytes(content, places, column.is_zigzag, unsigned)
    else:
        for begin, count, first, wanted, at in places.tolist():
            its = content[begin : begin + count * column.stored.itemsize].view(column.stored)
            numbers[at : at + wanted] = its[first : first + wanted]
