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
from dtperf.nanoaod.rntuple_pages import Column
from dtperf.nanoaod.rntuple_unpack import PageGroup, groups_of, unpack_pages
from dtperf.nanoaod.sources import LocalSource
from dtperf.typing import U8, AnyArray

__all__ = ["PageReader", "Range"]

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

    @property
    def is_local(self) -> bool:
        """Whether the file is on this machine."""
        return isinstance(self._source, LocalSource)

    def prefetch(self, ranges_of: Mapping[int, Sequence[Range]]) -> None:
        """Request the bytes of ranges of columns from a server, without waiting for them."""
        wanted = list[PageId]()
        places = list[Range]()
        for number, ranges in ranges_of.items():
            column = self._columns[number]
            for start, stop in ranges:
                pages = column.pages(start, stop)
                for page, begin, size in zip(pages, *column.ranges(pages), strict=True):
                    if (number, page) not in self._prefetched:
                        wanted.append((number, page))
                        places.append((begin, begin + size))
        if places:
            chunks = self._source.chunks(places, queue.SimpleQueue())
            self._prefetched |= zip(wanted, chunks, strict=True)

    def forget(self) -> None:
        """Drop what was requested."""
        self._prefetched = {}

    def read(self, ranges_of: Mapping[int, Sequence[Range]], threads: int) -> dict[int, AnyArray]:
        """Read ranges of columns: of each column the numbers of all its ranges, in order."""
        if not self.is_local:
            self.prefetch(ranges_of)
        content: dict[int, AnyArray] = {}
        jobs = self._jobs(ranges_of, content, threads)
        with closing(unpack_in_order(jobs, threads)) as done:
            for _ in done:
                pass
        return content

    def _jobs(
        self, ranges_of: Mapping[int, Sequence[Range]], content: dict[int, AnyArray], threads: int
    ) -> Iterator[Job[None]]:
        """Yield the unpacking of groups of pages into `content`, when their bytes are there."""
        for number, ranges in ranges_of.items():
            column, name = self._columns[number], self._names[number]
            size = sum(stop - start for start, stop in ranges)
            content[number] = numbers = np.empty(size, dtype=column.stored)
            for start, stop in ranges:
                for group in groups_of(column, name, start, stop, numbers[: stop - start]):
                    raw = self._bytes(group)
                    work = partial(unpack_pages, group, raw, self._source)
                    yield Job(work, threads > 1 and takes_long(raw))
                numbers = numbers[stop - start :]

    def _bytes(self, group: PageGroup) -> U8:
        """Return the bytes of pages, one behind the other."""
        if isinstance(self._source, LocalSource):
            return self._source.joined(group.starts, group.stored)
        numbers = range(group.first, group.first + len(group.starts))
        chunks = [self._prefetched.pop((group.column.number, page)) for page in numbers]
        return np.concatenate([chunk.raw_data for chunk in chunks])
