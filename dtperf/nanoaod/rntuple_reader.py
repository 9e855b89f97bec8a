"""Read numbers of an RNTuple's columns: ``PageReader(source, columns).read({3: [(0, 100)]})``."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import Any

import numpy as np

from dtperf.nanoaod.baskets import Job, unpack_in_order
from dtperf.nanoaod.decompress import takes_long
from dtperf.nanoaod.rntuple_checks import CHECKSUM_BYTES, unpack
from dtperf.nanoaod.rntuple_kernels import join_bytes
from dtperf.nanoaod.rntuple_pages import Column
from dtperf.typing import U8, AnyArray

__all__ = ["PageId", "PageReader", "Range"]

PageId = tuple[int, int]
"""Number of a column, and of one of its pages."""
Range = tuple[int, int]
"""First number of a column, and one past the last."""


class PageReader:
    """Reads ranges of columns, only the pages that they need."""

    def __init__(
        self, source: Any, columns: Mapping[int, Column], names: Mapping[int, str]
    ) -> None:
        """Set up a reader of columns, by number; `names` are those for messages."""
        self._source, self._columns, self._names = source, columns, names
        self._prefetched: dict[PageId, Any] = {}

    def pages(self, number: int, start: int, stop: int) -> Iterator[PageId]:
        """Yield the pages that hold a range of a column."""
        return ((number, page) for page in self._columns[number].pages(int(start), int(stop)))

    def prefetch(self, page_ids: Sequence[PageId]) -> None:
        """Request the bytes of pages, without waiting for them."""
        ranges = []
        for number, page in page_ids:
            column = self._columns[number]
            begin, behind = int(column.starts[page]), CHECKSUM_BYTES * int(column.checked[page])
            ranges.append((begin, begin + int(column.sizes[page]) + behind))
        if ranges:
            chunks = self._source.chunks(ranges, queue.SimpleQueue())
            self._prefetched |= zip(page_ids, chunks, strict=True)

    def forget(self) -> None:
        """Drop what was requested."""
        self._prefetched = {}

    def read(self, ranges_of: Mapping[int, Sequence[Range]], threads: int) -> dict[int, AnyArray]:
        """Read ranges of columns: of each column the numbers of all its ranges, in order."""
        page_ids: list[PageId] = []
        for number, ranges in ranges_of.items():
            for start, stop in ranges:
                page_ids += self.pages(number, start, stop)
        self.prefetch([page_id for page_id in page_ids if page_id not in self._prefetched])
        content = {}
        with closing(unpack_in_order(self._jobs(page_ids, threads), threads)) as pages:
            for number, ranges in ranges_of.items():
                content[number] = _fill(self._columns[number], ranges, pages)
        return content

    def _jobs(self, page_ids: Sequence[PageId], threads: int) -> Iterator[Job[U8]]:
        for number, page in page_ids:
            raw = self._prefetched.pop((number, page)).raw_data
            column = self._columns[number]
            begin, end = column.edges[page : page + 2].tolist()
            count = end - begin
            size = -(-count // 8) if column.is_bit else count * column.stored.itemsize
            checked = bool(column.checked[page])
            work = partial(unpack, self._names[number], raw, checked, self._source, size)
            yield Job(work, threads > 1 and takes_long(raw))


def _fill(column: Column, ranges: Sequence[Range], pages: Iterator[U8]) -> AnyArray:
    """Decode ranges of a column, each page once."""
    numbers = np.empty(sum(stop - start for start, stop in ranges), dtype=column.stored)
    at = 0
    for start, stop in ranges:
        for page in column.pages(start, stop):
            begin, end = column.edges[page : page + 2].tolist()
            first, last = max(begin, start), min(end, stop)
            _decode(column, next(pages), first - begin, numbers[at : at + last - first])
            at += last - first
    return numbers


def _decode(column: Column, page: U8, first: int, numbers: AnyArray) -> None:
    """Fill in numbers of a page, from one of them on."""
    last = first + len(numbers)
    if column.is_bit:
        numbers[:] = np.unpackbits(page, count=last, bitorder="little")[first:]
    elif column.is_delta:
        ends = np.empty(last, dtype=f"u{column.stored.itemsize}")
        join_bytes(page, 0, False, ends)
        numbers[:] = np.cumsum(ends)[first:]
    elif column.is_split:
        join_bytes(page, first, column.is_zigzag, numbers.view(f"u{column.stored.itemsize}"))
    else:
        numbers[:] = page.view(column.stored)[first:last]
