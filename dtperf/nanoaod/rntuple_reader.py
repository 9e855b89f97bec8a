"""Numbers of an RNTuple's columns: ``PageReader(source, columns).read({3: [(0, 100)]})``."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import Any

import numpy as np

from dtperf.nanoaod.baskets import Job, in_turn
from dtperf.nanoaod.decompress import takes_long
from dtperf.nanoaod.rntuple_checks import CHECKSUM_BYTES, unpack
from dtperf.nanoaod.rntuple_kernels import join_bytes
from dtperf.nanoaod.rntuple_pages import Column
from dtperf.typing import U8, AnyArray

__all__ = ["PageReader", "Place", "Range"]

Place = tuple[int, int]
"""A column, and one of its pages."""
Range = tuple[int, int]
"""First number of a column, and one past the last."""


class PageReader:
    """Reads ranges of columns, only the pages that they need."""

    def __init__(
        self, source: Any, columns: Mapping[int, Column], names: Mapping[int, str]
    ) -> None:
        """Take the columns.

        Args:
            source: Of uproot.
            columns: By number.
            names: What messages call them.
        """
        self._source, self._columns, self._names = source, columns, names
        self._asked: dict[Place, Any] = {}

    def pages(self, number: int, start: int, stop: int) -> Iterator[Place]:
        """Yield the pages that hold a range of a column."""
        return ((number, page) for page in self._columns[number].pages(int(start), int(stop)))

    def ask(self, places: Sequence[Place]) -> None:
        """Ask for the bytes of pages, and do not wait for them."""
        ranges = []
        for number, page in places:
            column = self._columns[number]
            begin, behind = int(column.starts[page]), CHECKSUM_BYTES * int(column.checked[page])
            ranges.append((begin, begin + int(column.sizes[page]) + behind))
        if ranges:
            chunks = self._source.chunks(ranges, queue.Queue())
            self._asked |= zip(places, chunks, strict=True)

    def forget(self) -> None:
        """Forget what was asked for."""
        self._asked = {}

    def read(self, wanted: Mapping[int, Sequence[Range]], threads: int) -> dict[int, AnyArray]:
        """Read ranges of columns.

        Args:
            wanted: By column, in order.
            threads: How many may unpack pages.

        Returns:
            By column the numbers of its ranges, one behind the other.
        """
        places: list[Place] = []
        for number, ranges in wanted.items():
            for start, stop in ranges:
                places += self.pages(number, start, stop)
        self.ask([place for place in places if place not in self._asked])
        content = {}
        with closing(in_turn(self._jobs(places), threads)) as pages:
            for number, ranges in wanted.items():
                content[number] = _fill(self._columns[number], ranges, pages)
        return content

    def _jobs(self, places: Sequence[Place]) -> Iterator[Job[U8]]:
        for number, page in places:
            raw = self._asked.pop((number, page)).raw_data
            column = self._columns[number]
            count = int(column.edges[page + 1] - column.edges[page])
            size = -(-count // 8) if column.is_bit else count * column.stored.itemsize
            checked = bool(column.checked[page])
            work = partial(unpack, self._names[number], raw, checked, self._source, size)
            yield Job(work, takes_long(raw))


def _fill(column: Column, ranges: Sequence[Range], pages: Iterator[U8]) -> AnyArray:
    """Decode ranges of a column, each page once."""
    numbers = np.empty(sum(stop - start for start, stop in ranges), dtype=column.stored)
    at = 0
    for start, stop in ranges:
        for page in column.pages(start, stop):
            begin, end = (int(edge) for edge in column.edges[page : page + 2])
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
