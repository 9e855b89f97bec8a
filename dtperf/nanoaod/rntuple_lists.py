"""Read where the pages of an RNTuple are, of a column and cluster when they are asked for.

uproot makes objects of every page of every column in Python, which takes as long as to read what is
in them: 410 columns of some hundred clusters are of 100,000 pages and more.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from uproot.models import RNTuple as uproot_model
from uproot.source.cursor import Cursor

from dtperf.typing import I64, U64, Bools

__all__ = ["ClusterPages", "ColumnPages", "Pages", "pages_of", "with_clusters"]

_SIZE = struct.Struct("<q")
_LIST = struct.Struct("<qI")
_SETTINGS = struct.Struct("<I")
_PAGE = np.dtype([("numbers", "<i4"), ("bytes", "<i4"), ("start", "<u8")])
"""As almost all are described: a page of 2 GB takes more."""


class Pages(NamedTuple):
    """The pages of a column in all clusters, one after the other; arrays of shape (pages,)."""

    numbers: I64
    """How many there are in each."""
    starts: U64
    """First byte in the file."""
    sizes: I64
    """Bytes, without the checksum."""
    checked: Bools
    """Whether a checksum stands behind it."""
    of_clusters: I64
    """Number of each cluster's first page, and how many there are; shape (clusters + 1,)."""


class ColumnPages:
    """The pages of a column in a cluster, with the attributes of uproot's class of this kind."""

    def __init__(self, chunk: Any, start: int, stop: int, items: int) -> None:
        """Read the end of a list of `items` pages, at bytes start to stop of an envelope."""
        self._chunk, self._start, self._items = chunk, start, items
        data = chunk.raw_data
        # the last but the settings is the offset, which is negative where there are none
        (offset,) = _SIZE.unpack_from(data, stop - _SIZE.size)
        self.suppressed = not items and stop - start == _LIST.size + _SIZE.size and offset < 0
        self.compression_settings = None
        if not self.suppressed:
            (self.compression_settings,) = _SETTINGS.unpack_from(data, stop - _SETTINGS.size)

    @cached_property
    def pages(self) -> list[Any]:
        """All pages, as uproot has them."""
        reader = uproot_model.ColumnPageListFrameReader()
        pages: list[Any] = reader.read(
            self._chunk, Cursor(self._chunk.start + self._start), {}
        ).pages
        return pages


class ClusterPages(Sequence[ColumnPages]):
    """The pages of every column of a cluster."""

    def __init__(self, chunk: Any, start: int, stop: int, items: int) -> None:
        """Take a list of the lists of pages of columns; arguments as those of `ColumnPages`."""
        self._chunk, self._place = chunk, (start + _LIST.size, stop)
        self._items = items
        self._made: dict[int, ColumnPages] = {}

    @cached_property
    def _columns(self) -> list[tuple[int, int, int]]:
        """Where the list of each column is; whoever asks for a file's events needs none."""
        return _frames(self._chunk, *self._place, self._items, _PAGE.itemsize)

    @cached_property
    def _data(self) -> memoryview:
        content: memoryview = self._chunk.raw_data.data
        return content

    def __len__(self) -> int:
        return self._items

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self[each] for each in range(len(self))[number]]
        if number not in self._made:
            self._made[number] = ColumnPages(self._chunk, *self._columns[number])
        return self._made[number]

    def described(self, number: int) -> Any:
        """Return the bytes that describe the pages of a column; none where it has no pages."""
        if number >= self._items:
            return b""
        start, _, items = self._columns[number]
        start += _LIST.size
        return self._data[start : start + items * _PAGE.itemsize]

    def is_suppressed(self, number: int) -> bool:
        """Return whether a column has no numbers here, as another one stands for it."""
        return not self._columns[number][2] and bool(self[number].suppressed)


def pages_of(clusters: Sequence[ClusterPages], number: int) -> Pages:
    """Return the pages of a column, by its number, in all clusters of an RNTuple."""
    described = [cluster.described(number) for cluster in clusters]
    found = np.frombuffer(b"".join(described), _PAGE)
    counts = [len(each) // _PAGE.itemsize for each in described]
    of_clusters = np.cumsum(np.array([0, *counts], dtype=np.int64))
    if np.any(found["bytes"] < 0):
        known = [cluster for cluster in clusters if number < len(cluster)]
        return _pages_of_any_size([each[number].pages for each in known], of_clusters)
    numbers, sizes = (found[name].astype(np.int64) for name in ("numbers", "bytes"))
    return Pages(np.abs(numbers), found["start"], sizes, numbers < 0, of_clusters)


def _pages_of_any_size(clusters: Sequence[Sequence[Any]], of_clusters: I64) -> Pages:
    pages = [page for cluster in clusters for page in cluster]
    return Pages(
        np.array([page.num_elements for page in pages], dtype=np.int64),
        np.array([page.locator.offset for page in pages], dtype=np.uint64),
        np.array([page.locator.num_bytes for page in pages], dtype=np.int64),
        np.array([page.has_checksum for page in pages], dtype=np.bool_),
        of_clusters,
    )


class _Clusters:
    """Reader of the pages of all clusters, which replaces uproot's list of lists of lists."""

    def read(self, chunk: Any, cursor: Cursor, _: Any) -> list[ClusterPages]:
        stop = len(chunk.raw_data)
        begin = cursor.index - chunk.start
        ((start, end, items),) = _frames(chunk, begin, stop, 1, _LIST.size)
        cursor.skip(end - begin)
        clusters = _frames(chunk, start + _LIST.size, end, items, _LIST.size)
        return [ClusterPages(chunk, *cluster) for cluster in clusters]


def _frames(
    chunk: Any, start: int, stop: int, items: int, item_bytes: int
) -> list[tuple[int, int, int]]:
    """Find lists that stand one behind the other: of each the begin, the end and its items."""
    data, found = chunk.raw_data, []
    for _ in range(items):
        if start + _LIST.size > stop:
            raise ValueError("a list of pages is cut off")
        size, inner = _LIST.unpack_from(data, start)
        if not _LIST.size + inner * item_bytes <= -size <= stop - start:
            raise ValueError(f"a list claims {inner} items in {-size} bytes")
        found.append((start, start - size, inner))
        start -= size
    return found


def with_clusters(make: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return the initializer of uproot's PageLink, with our reader of lists of pages."""

    def made(self: Any) -> None:
        make(self)
        self.nested_page_locations = _Clusters()

    return made
