"""Unpack pages of an RNTuple, several of a column at a time, to where their numbers stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from dtperf.errors import InputError
from dtperf.nanoaod.decompress import claim, decompress_into
from dtperf.nanoaod.rntuple_checks import check_sum
from dtperf.nanoaod.rntuple_kernels import (
    PLACES,
    join_bytes,
    join_differences,
    lay_out,
    spread_bits,
)
from dtperf.nanoaod.rntuple_pages import Column
from dtperf.typing import I64, U8, AnyArray

__all__ = ["PageGroup", "groups_of", "unpack_pages"]

AT_ONCE_BYTES = 1 << 20
"""Of what pages hold that are unpacked together: it fits into a core's cache."""


class PageGroup(NamedTuple):
    """Pages of a column that follow each other, and what of them is wanted."""

    column: Column
    name: str
    """Of the column, for messages."""
    first: int
    """Number of the first page."""
    starts: list[int]
    """First byte of each page in the file."""
    stored: list[int]
    """Bytes of each in the file, the checksum included."""
    packed: list[int]
    """Bytes of each in the file, without it."""
    places: I64
    """Where each has what, as `PLACES` describes it; shape (pages, PLACES)."""
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
    edges = column.edges[found.start : found.stop + 1]
    bits = 1 if column.is_bit else 8 * column.stored.itemsize
    places = np.empty((len(found), PLACES), dtype=np.int64)
    lay_out(edges, bits, column.is_plain, start, stop, AT_ONCE_BYTES, places)
    starts, stored = column.ranges(found)
    packed = column.sizes[found.start : found.stop].tolist()
    for first, last in pairwise([*np.flatnonzero(places[:, 7]).tolist(), len(found)]):
        its = slice(first, last)
        files = starts[its], stored[its], packed[its]
        yield PageGroup(column, name, found[first], *files, places[its], numbers)


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
    if len(raw) != sum(group.stored):
        raise InputError(f"a page of {group.name} is cut off", "truncated")
    column, places = group.column, group.places.tolist()
    rows = [*zip(group.stored, group.packed, places, strict=True)]
    if claimed := sum(place[5] for _, packed, place in rows if place[5] != packed):
        claim(source, len(raw), claimed)
    needs_buffer = not all(place[6] for place in places)
    content = get_buffer(sum(place[5] for place in places) if needs_buffer else 0)
    buffer, target, read = content.data, group.numbers.view(np.uint8).data, raw.data
    what, end = f"page of {group.name}", 0
    for stored, packed, (at, _, _, _, to, size, is_direct, _) in rows:
        begin, end = end, end + stored
        if stored != packed:
            check_sum(raw[begin:end], what)
        page = read[begin : begin + packed]
        if is_direct:
            unpacked = target[to * column.stored.itemsize :][:size]
        else:
            unpacked = buffer[at : at + size]
        if packed == size:
            unpacked[:] = page
        else:
            try:
                decompress_into(page, unpacked)
            except ValueError as error:
                raise ValueError(f"a {what}: {error}") from error
    if needs_buffer:
        _decode(column, content, group.places, group.numbers)


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
        for begin, _, first, wanted, at, size, _, _ in places[places[:, 6] == 0].tolist():
            its = content[begin : begin + size].view(column.stored)
            numbers[at : at + wanted] = its[first : first + wanted]
