"""Baskets of a TTree, several of a branch at a time, without what uproot does for each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from uproot.interpretation.jagged import AsJagged
from uproot.interpretation.numerical import AsDtype

from dtperf.errors import Cause, InputError
from dtperf.nanoaod.basket_kernels import PLACES, read_headers
from dtperf.nanoaod.decompress import claim, decompress_into, takes_long
from dtperf.typing import I64, U8

__all__ = [
    "Baskets",
    "BranchLayout",
    "Buffer",
    "Job",
    "UnusualStorage",
    "is_slow",
    "layout_of",
    "overlapping",
    "unpack_baskets",
    "unpack_in_order",
]

T = TypeVar("T")


class Buffer:
    """Memory that is used again for one basket or page after the other."""

    def __init__(self) -> None:
        self._buffer = np.empty(0, dtype=np.uint8)

    def __call__(self, size: int) -> U8:
        """Return an array of this size (bytes); the array returned before is overwritten."""
        if len(self._buffer) < size:
            self._buffer = np.empty(max(size, 2 * len(self._buffer)), dtype=np.uint8)
        return self._buffer[:size]


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

    def baskets(self, start: int, stop: int, most_bytes: int) -> Iterator[range]:
        """Number the baskets that hold some of these events, in groups up to a size, if possible.

        Args:
            start: First event.
            stop: One past the last event.
            most_bytes: Of the baskets of a group, if it is more than one.
        """
        found = overlapping(self.edges, start, stop)
        first, total = found.start, 0
        for number, size in zip(found, self.sizes[found.start : found.stop].tolist(), strict=True):
            if number > first and total + size > most_bytes:
                yield range(first, number)
                first, total = number, 0
            total += size
        if found:
            yield range(first, found.stop)


class Baskets(NamedTuple):
    """Some baskets of a branch, in a buffer that the next ones may overwrite."""

    content: U8
    """What they hold, unpacked."""
    places: I64
    """Where each of them has what, as `dtperf.nanoaod.basket_kernels.PLACES` describes it."""


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
    if stored != stored.newbyteorder(">"):
        return None
    if is_list and interpretation.header_bytes:
        return None
    edges = np.asarray(branch.entry_offsets, dtype=np.int64)
    n = len(edges) - 1
    starts, sizes = (branch.member(m)[:n].astype(np.int64) for m in ("fBasketSeek", "fBasketBytes"))
    return BranchLayout(branch.name, stored, is_list, edges, starts, sizes)


def is_slow(raw: U8) -> bool:
    """Return whether baskets are slow to decompress, so that a thread of their own pays."""
    key_bytes = int.from_bytes(raw[14:16].tobytes(), "big")
    return takes_long(raw[key_bytes:])


_WRONG: Mapping[int, tuple[str, Cause]] = {
    1: ("is cut off", "truncated"),
    2: ("does not begin as baskets do", "corrupt"),
    3: ("does not hold as many events as the tree says", "corrupt"),
    5: ("lacks lists", "corrupt"),
    6: ("lacks numbers", "corrupt"),
}
"""By what `read_headers` returns."""


def unpack_baskets(
    layout: BranchLayout, numbers: range, raw: U8, source: Any, get_buffer: Callable[[int], U8]
) -> Baskets:
    """Decompress baskets of a branch that follow each other, and check them.

    Args:
        layout: The branch.
        numbers: Which of its baskets.
        raw: Their bytes, one behind the other.
        source: Of uproot.
        get_buffer: Gives memory for what they hold.

    Raises:
        InputError: One contradicts itself, or the tree.
        ValueError: One cannot be decompressed.
        UnusualStorage: One has lists, and does not say where they begin.
    """
    places = np.empty((len(numbers), PLACES), dtype=np.int64)
    sizes = layout.sizes[numbers.start : numbers.stop]
    edges = layout.edges[numbers.start : numbers.stop + 1]
    item_bytes = layout.stored.itemsize
    _, wrong = read_headers(raw, sizes, edges, layout.is_list, item_bytes, places)
    if wrong in _WRONG:
        what, cause = _WRONG[wrong]
        raise InputError(f"a basket of {layout.name} {what}", cause)
    if wrong:
        raise UnusualStorage
    # a whole number of the largest numbers, so that it can be viewed as any
    size = -(-int(places[-1, 3]) // 8) * 8
    claim(source, len(raw), size)
    content = get_buffer(size)
    packed, target = raw.data, content.data
    for begin, end, first, last in places[:, :4].tolist():
        if end - begin == last - first:
            target[first:last] = packed[begin:end]
        else:
            decompress_into(packed[begin:end], target[first:last])
    return Baskets(content, places)
