"""Baskets of a TTree, one branch at a time, without what uproot does for each of them."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from uproot.interpretation.jagged import AsJagged
from uproot.interpretation.numerical import AsDtype

from dtperf.errors import InputError
from dtperf.nanoaod.decompress import decompress_into, takes_long
from dtperf.typing import I64, U8, U32

__all__ = [
    "Basket",
    "BranchLayout",
    "Buffer",
    "Job",
    "UnusualStorage",
    "is_slow",
    "layout_of",
    "overlapping",
    "unpack_basket",
    "unpack_in_order",
]

T = TypeVar("T")


class Buffer:
    """Memory that is used again for one basket or page after the other."""

    def __init__(self) -> None:
        self._buffer = np.empty(0, dtype=np.uint8)

    def __call__(self, size: int, lead: int = 0) -> U8:
        """Return an array of this size (bytes); the array returned before is overwritten.

        Args:
            size: Of the array.
            lead: So many bytes it begins behind an address that is aligned for any number.
        """
        if len(self._buffer) < size + lead:
            self._buffer = np.empty(max(size + lead, 2 * len(self._buffer)), dtype=np.uint8)
        return self._buffer[lead : lead + size]


class Job(NamedTuple, Generic[T]):
    """One basket or page that is to be unpacked."""

    unpack: Callable[[Buffer], T]
    is_slow: bool
    """Whether it takes much longer than to hand it to a thread."""


def unpack_in_order(jobs: Iterable[Job[T]], threads: int) -> Generator[T]:
    """Unpack baskets or pages in order, slow ones a few ahead in threads.

    Args:
        jobs: Taken from the iterator as late as possible, since each waits for its bytes.
        threads: How many unpack ahead; 1: all is done in this thread.

    Yields:
        What was unpacked, in the order of the jobs. It is overwritten when the next one is taken.
        An error of a job is raised at its place in the order. Close the generator: it ends the
        threads.
    """
    if threads == 1:
        buffer = Buffer()
        for job in jobs:
            yield job.unpack(buffer)
        return
    buffers = [Buffer() for _ in range(2 * threads)]
    pending: deque[Callable[[], T]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for job, buffer in zip(jobs, cycle(buffers), strict=False):
            unpack = partial(job.unpack, buffer)
            pending.append(pool.submit(unpack).result if job.is_slow else unpack)
            if len(pending) == len(buffers):
                yield pending.popleft()()
        while pending:
            yield pending.popleft()()
    finally:
        pool.shutdown(cancel_futures=True)


_KEY = struct.Struct(">ihiIhh")
_COUNTS = struct.Struct(">Hiiiix")
_NO_LISTS = np.empty(0, dtype=np.uint32)


class UnusualStorage(Exception):  # no error: uproot can read it
    """A basket or branch that is stored in another way than those of NanoAOD."""


def overlapping(edges: I64, start: int, stop: int) -> range:
    """Return which baskets, pages or clusters of a column hold some of a range of its rows.

    Args:
        edges: First row of each, and the number of all rows; shape (baskets + 1,).
        start: First row.
        stop: One past the last row.
    """
    if start >= stop:
        return range(0)
    first = np.searchsorted(edges, start, side="right") - 1
    return range(int(first), int(np.searchsorted(edges, stop, side="left")))


class BranchLayout(NamedTuple):
    """Where a branch lies in its file, and what it holds."""

    name: str
    stored: np.dtype[Any]
    """Of one number, as in the file."""
    is_list: bool
    edges: I64
    """First event of each basket, and the number of all; shape (baskets + 1,)."""
    starts: I64
    """First byte of each basket."""
    sizes: I64
    """Bytes of each basket."""

    def baskets(self, start: int, stop: int) -> range:
        """Number the baskets that hold some of these events."""
        return overlapping(self.edges, start, stop)


class Basket(NamedTuple):
    """Some events of a branch, in a buffer that the next basket may overwrite."""

    events: tuple[int, int]
    """The first, and one past the last."""
    content: U8
    lists: U32
    """Where each list begins, as stored, shape (events,); empty if there are no lists."""
    key_bytes: int
    """Size of the header of the basket, from whose begin `lists` count."""


def layout_of(branch: Any) -> BranchLayout | None:
    """Return where a branch lies; None if it is stored in a way that only uproot can read."""
    interpretation = branch.interpretation
    is_list = isinstance(interpretation, AsJagged)
    content = interpretation.content if is_list else interpretation
    if not isinstance(content, AsDtype) or type(content) is not AsDtype or branch.embedded_baskets:
        return None
    stored = content.from_dtype
    if stored.shape or stored.names or stored.itemsize not in (1, 2, 4, 8):
        return None
    if is_list and interpretation.header_bytes:
        return None
    edges = np.asarray(branch.entry_offsets, dtype=np.int64)
    n = len(edges) - 1
    starts, sizes = (branch.member(m)[:n].astype(np.int64) for m in ("fBasketSeek", "fBasketBytes"))
    return BranchLayout(branch.name, stored, is_list, edges, starts, sizes)


def is_slow(raw: U8) -> bool:
    """Return whether a basket is slow to decompress, so that a thread of its own pays."""
    if len(raw) < _KEY.size:
        return False
    *_, key_bytes, _ = _KEY.unpack_from(raw.data)
    return takes_long(raw[key_bytes:])


def unpack_basket(
    layout: BranchLayout, number: int, raw: U8, source: Any, get_buffer: Buffer
) -> Basket:
    """Decompress a basket and check it.

    Raises:
        InputError: It contradicts itself, or the tree.
        ValueError: It cannot be decompressed.
        UnusualStorage: It has lists, and does not say where they begin.
    """
    if len(raw) < _KEY.size:
        raise InputError(f"a basket of {layout.name} is cut off", "truncated")
    size, _, unpacked_bytes, _, key_bytes, _ = _KEY.unpack_from(raw.data)
    if size != len(raw) or unpacked_bytes < 0 or not _KEY.size + _COUNTS.size <= key_bytes <= size:
        raise InputError(f"a basket of {layout.name} does not begin as baskets do", "corrupt")
    *_, n_events, last = _COUNTS.unpack_from(raw.data, key_bytes - _COUNTS.size)
    begin, end = layout.edges[number : number + 2].tolist()
    content_bytes = last - key_bytes
    if n_events != end - begin or not 0 <= content_bytes <= unpacked_bytes:
        raise InputError(f"a basket of {layout.name} does not hold {end - begin} events", "corrupt")
    data = raw[key_bytes:]
    if len(data) != unpacked_bytes:
        # the lists' places, which stand behind the content, shall be aligned
        aligned = partial(get_buffer, lead=-content_bytes % 4)
        data = decompress_into(source, data, aligned, unpacked_bytes)
    if not layout.is_list or not n_events:
        return Basket((begin, end), data[:content_bytes], _NO_LISTS, key_bytes)
    if content_bytes == unpacked_bytes:
        raise UnusualStorage
    # the first number counts them, the one behind the last is not used
    stored = data[content_bytes + 4 : content_bytes + 4 * (n_events + 1)]
    if len(stored) != 4 * n_events:
        raise InputError(f"a basket of {layout.name} lacks lists", "corrupt")
    lists = stored.view(np.uint32)
    if not lists.flags.aligned:  # of a basket that is not compressed
        lists = lists.copy()
    return Basket((begin, end), data[:content_bytes], lists, key_bytes)
