"""Read columns of a TTree in bulk: ``BulkReader(tree, columns).read(start, stop)``.

uproot makes an array of each basket, and then one of all; it decodes where lists begin for every
branch, and asks for new memory each time. Here a collection's lists are decoded once, those of its
other branches are only compared, and contents go from one buffer to where they stay.
"""

from __future__ import annotations

import queue
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import Any

import awkward as ak
import numpy as np

from dtperf.errors import InputError
from dtperf.nanoaod.baskets import (
    Basket,
    BranchLayout,
    Job,
    UnusualStorage,
    is_slow,
    layout_of,
    unpack_basket,
    unpack_in_order,
)
from dtperf.nanoaod.branches import collection_of, known_collections
from dtperf.nanoaod.list_checks import check_lengths
from dtperf.nanoaod.offsets import read_offsets, same_offsets
from dtperf.typing import I64, U32, AnyArray

__all__ = ["BulkReader"]

_NOTHING: tuple[tuple[int, int], list[Any]] = (-1, -1), []


class BulkReader:
    """Reads columns of an open TTree, as far as they are stored as NanoAOD stores them."""

    def __init__(self, tree: Any, columns: Callable[[Any], bool]) -> None:
        """Find where the columns of a TTree lie; `columns` selects them, as a `ColumnFilter`."""
        self._tree = tree
        self._source = tree.file.source
        self._prefetched = _NOTHING
        branches = [branch for branch in tree.branches if columns(branch)]
        layouts = {branch.name: layout_of(branch) for branch in branches}
        self._unusual = {name for name, layout in layouts.items() if layout is None}
        self._names = layouts.keys() - self._unusual
        self._collections: dict[str, list[BranchLayout]] = defaultdict(list)
        for layout in layouts.values():
            if layout is not None:
                self._collections[_collection(layout)].append(layout)

    def read(self, start: int, stop: int, threads: int = 1) -> dict[str, ak.Array]:
        """Read the columns of some events.

        Args:
            start: First event.
            stop: One past the last event.
            threads: How many may unpack baskets.

        Returns:
            Name to one number or one list of numbers an event.

        Raises:
            InputError: Baskets contradict themselves, each other or the tree; the message names
                the branch.
        """
        arrays: dict[str, ak.Array] = {}
        try:
            with closing(unpack_in_order(self._jobs(start, stop, threads), threads)) as baskets:
                for layouts in self._collections.values():
                    arrays |= _read_collection(layouts, baskets, start, stop)
            by_uproot = self._unusual
        except UnusualStorage:  # rare, so that nothing is lost if uproot reads them all
            by_uproot = self._unusual | self._names
        if by_uproot:
            arrays |= self._read_by_uproot(by_uproot, start, stop)
            check_lengths(arrays, stop - start)
        return arrays

    def prefetch(self, start: int, stop: int) -> None:
        """Request the bytes of the events that will be read next, without waiting for them."""
        baskets = self._baskets(start, stop)
        ranges = [(int(at.starts[n]), int(at.starts[n] + at.sizes[n])) for at, n in baskets]
        self._prefetched = (start, stop), self._source.chunks(ranges, queue.SimpleQueue())

    def _baskets(self, start: int, stop: int) -> list[tuple[BranchLayout, int]]:
        """Return the baskets that hold some of the events, in the order in which they are read."""
        return [
            (layout, number)
            for layouts in self._collections.values()
            for layout in layouts
            for number in layout.baskets(start, stop)
        ]

    def _jobs(self, start: int, stop: int, threads: int) -> Iterator[Job[Basket]]:
        """Yield the unpacking of each basket, when its bytes are there."""
        if self._prefetched[0] != (start, stop):
            self.prefetch(start, stop)
        # from the last to the first, so that each is forgotten when it has been used
        chunks = self._prefetched[1][::-1]
        self._prefetched = _NOTHING
        for layout, number in self._baskets(start, stop):
            raw = chunks.pop().raw_data
            unpack = partial(unpack_basket, layout, number, raw, self._source)
            yield Job(unpack, threads > 1 and is_slow(raw))

    def _read_by_uproot(self, names: set[str], start: int, stop: int) -> dict[str, ak.Array]:
        read: dict[str, ak.Array] = self._tree.arrays(
            filter_branch=lambda branch: branch.name in names,
            entry_start=start,
            entry_stop=stop,
            how=dict,
        )
        return read


def _read_collection(
    layouts: Sequence[BranchLayout], baskets: Iterator[Basket], start: int, stop: int
) -> dict[str, ak.Array]:
    """Read the branches of one collection, whose lists are equally long, or all without lists."""
    first, *others = layouts
    contents: dict[str, AnyArray] = {}
    if first.is_list:
        offsets, contents[first.name] = _read_first(first, baskets, start, stop)
    else:
        offsets, others = np.arange(stop - start + 1), [*layouts]
    for each in others:
        contents[each.name] = _read_content(each, first, baskets, offsets, start)
    if not first.is_list:
        return {name: ak.Array(content) for name, content in contents.items()}
    index = ak.index.Index64(offsets)
    return {
        name: ak.Array(ak.contents.ListOffsetArray(index, ak.contents.NumpyArray(content)))
        for name, content in contents.items()
    }


def _read_first(
    layout: BranchLayout, baskets: Iterator[Basket], start: int, stop: int
) -> tuple[I64, AnyArray]:
    """Read the first branch of a collection, and where its lists begin."""
    offsets = np.zeros(stop - start + 1, dtype=np.int64)
    native = layout.stored.newbyteorder("=")
    parts = [np.empty(0, dtype=native)]
    for _ in layout.baskets(start, stop):
        basket = next(baskets)
        its, skipped = _overlap(basket, offsets, start)
        if not read_offsets(*_stored_lists(layout, basket), skipped, its):
            raise InputError(f"{layout.name} has lists that are not in it", "corrupt")
        numbers = _numbers(layout, basket, skipped, int(its[-1] - its[0]))
        parts.append(numbers.astype(native))  # the next basket overwrites it
    return offsets, np.concatenate(parts)


def _read_content(
    layout: BranchLayout, first: BranchLayout, baskets: Iterator[Basket], offsets: I64, start: int
) -> AnyArray:
    """Read a branch whose lists are those of the first one, or which has one number an event."""
    content = np.empty(offsets[-1], dtype=layout.stored.newbyteorder("="))
    is_list = layout.is_list
    for _ in layout.baskets(start, start + len(offsets) - 1):
        basket = next(baskets)
        its, skipped = _overlap(basket, offsets, start)
        if is_list and not same_offsets(*_stored_lists(layout, basket), skipped, its):
            message = f"the lists of {first.name} and {layout.name} differ in length"
            raise InputError(message, "corrupt")
        begin, end = its.item(0), its.item(-1)
        content[begin:end] = _numbers(layout, basket, skipped, end - begin)
    return content


def _overlap(basket: Basket, offsets: I64, start: int) -> tuple[I64, int]:
    """Return the offsets of what a basket has of the events, and how many come before them in it.

    Args:
        basket: It has some of them.
        offsets: Of the events, shape (events + 1,).
        start: Number of the first event.
    """
    begin, end = basket.events
    # a slice ends where the array does
    return offsets[max(begin - start, 0) : end - start + 1], max(start - begin, 0)


def _stored_lists(layout: BranchLayout, basket: Basket) -> tuple[U32, int, int, int]:
    shift = layout.stored.itemsize.bit_length() - 1
    return basket.lists, basket.key_bytes, len(basket.content), shift


def _numbers(layout: BranchLayout, basket: Basket, first: int, count: int) -> AnyArray:
    """View numbers of a basket, from those of an event on, as they are stored."""
    size = layout.stored.itemsize
    if not layout.is_list:
        if len(basket.content) != size * (basket.events[1] - basket.events[0]):
            raise InputError(f"a basket of {layout.name} lacks numbers", "corrupt")
        begin = first * size
    elif first < len(basket.lists):
        begin = int(basket.lists[first].byteswap()) - basket.key_bytes
    else:
        begin = len(basket.content)
    return basket.content[begin : begin + count * size].view(layout.stored)


def _collection(layout: BranchLayout) -> str:
    """Return the collection whose lists a branch shares, "" if it has one number an event."""
    return collection_of(layout.name, known_collections()) or layout.name if layout.is_list else ""
