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
    in_turn,
    is_slow,
    layout_of,
    unpack,
)
from dtperf.nanoaod.branches import collection_of, known_collections
from dtperf.nanoaod.list_checks import check_lengths
from dtperf.nanoaod.offsets import read_offsets, same_offsets
from dtperf.typing import I64, U32, AnyArray

__all__ = ["BulkReader"]

Wanted = list[tuple[BranchLayout, int]]
"""Baskets by number, in the order in which they are used."""


_NOTHING: tuple[tuple[int, int], list[Any]] = (-1, -1), []


class BulkReader:
    """Reads columns of an open TTree, as far as they are stored as NanoAOD stores them."""

    def __init__(self, tree: Any, columns: Callable[[Any], bool]) -> None:
        """Look where the columns lie.

        Args:
            tree: An uproot TTree.
            columns: Tells the branches that will be read, such as a `ColumnFilter`.
        """
        self._tree = tree
        self._source = tree.file.source
        self._asked = _NOTHING
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
            with closing(in_turn(self._jobs(start, stop), threads)) as baskets:
                for layouts in self._collections.values():
                    arrays |= _collection_of(layouts, baskets, start, stop)
        except UnusualStorage:  # rare, so that nothing is lost if uproot reads them all
            arrays = self._by_uproot(self._unusual | self._names, start, stop)
            check_lengths(arrays, stop - start)
        else:
            if self._unusual:
                arrays |= self._by_uproot(self._unusual, start, stop)
                check_lengths(arrays, stop - start)
        return arrays

    def ask(self, start: int, stop: int) -> None:
        """Ask for the bytes of some events that will be read next, and do not wait for them."""
        wanted = self._wanted(start, stop)
        ranges = [(int(at.starts[n]), int(at.starts[n] + at.sizes[n])) for at, n in wanted]
        self._asked = (start, stop), self._source.chunks(ranges, queue.Queue())

    def _wanted(self, start: int, stop: int) -> Wanted:
        return [
            (layout, number)
            for layouts in self._collections.values()
            for layout in layouts
            for number in layout.baskets(start, stop)
        ]

    def _jobs(self, start: int, stop: int) -> Iterator[Job[Basket]]:
        """Ask for the bytes of all baskets; each is waited for when its job is taken."""
        if self._asked[0] != (start, stop):
            self.ask(start, stop)
        # from the last to the first, so that each is forgotten when it has been used
        chunks = self._asked[1][::-1]
        self._asked = _NOTHING
        for layout, number in self._wanted(start, stop):
            raw = chunks.pop().raw_data
            yield Job(partial(unpack, layout, number, raw, self._source), is_slow(raw))

    def _by_uproot(self, names: set[str], start: int, stop: int) -> dict[str, ak.Array]:
        read: dict[str, ak.Array] = self._tree.arrays(
            filter_branch=lambda branch: branch.name in names,
            entry_start=start,
            entry_stop=stop,
            how=dict,
        )
        return read


def _collection_of(
    layouts: Sequence[BranchLayout], baskets: Iterator[Basket], start: int, stop: int
) -> dict[str, ak.Array]:
    """Read the branches of one collection, whose lists are equally long, or one of no list."""
    first, *others = layouts
    if not first.is_list:
        offsets = np.arange(stop - start + 1)
        return {
            each.name: ak.Array(_content(each, first, baskets, offsets, start)) for each in layouts
        }
    offsets, content = _first(first, baskets, start, stop)
    contents = {first.name: content}
    contents |= {each.name: _content(each, first, baskets, offsets, start) for each in others}
    index = ak.index.Index64(offsets)
    return {
        name: ak.Array(ak.contents.ListOffsetArray(index, ak.contents.NumpyArray(each)))
        for name, each in contents.items()
    }


def _first(
    layout: BranchLayout, baskets: Iterator[Basket], start: int, stop: int
) -> tuple[I64, AnyArray]:
    """Read the first branch of a collection, and where its lists begin."""
    offsets = np.zeros(stop - start + 1, dtype=np.int64)
    native = layout.stored.newbyteorder("=")
    parts = [np.empty(0, dtype=native)]
    for _ in layout.baskets(start, stop):
        basket = next(baskets)
        events, first = _overlap(basket, start, stop)
        here = offsets[events.start : events.stop + 1]
        if not read_offsets(*_stored(layout, basket), first, here):
            raise InputError(f"{layout.name} has lists that are not in it", "corrupt")
        numbers = _numbers(layout, basket, first, int(here[-1] - here[0]))
        parts.append(numbers.astype(native))  # the next basket takes its place
    return offsets, np.concatenate(parts)


def _content(
    layout: BranchLayout, like: BranchLayout, baskets: Iterator[Basket], offsets: I64, start: int
) -> AnyArray:
    """Read a branch whose lists are those of another one, or which has one number an event."""
    content = np.empty(offsets[-1], dtype=layout.stored.newbyteorder("="))
    for _ in layout.baskets(start, start + len(offsets) - 1):
        basket = next(baskets)
        events, first = _overlap(basket, start, start + len(offsets) - 1)
        here = offsets[events.start : events.stop + 1]
        if layout.is_list and not same_offsets(*_stored(layout, basket), first, here):
            told = f"the lists of {like.name} and {layout.name} differ in length"
            raise InputError(told, "corrupt")
        content[here[0] : here[-1]] = _numbers(layout, basket, first, int(here[-1] - here[0]))
    return content


def _overlap(basket: Basket, start: int, stop: int) -> tuple[range, int]:
    """Return which of the wanted events a basket has, and which of its own is the first of them."""
    first, last = max(basket.events.start, start), min(basket.events.stop, stop)
    return range(first - start, last - start), first - basket.events.start


def _stored(layout: BranchLayout, basket: Basket) -> tuple[U32, int, int, int]:
    shift = layout.stored.itemsize.bit_length() - 1
    return basket.lists, basket.key_bytes, len(basket.content), shift


def _numbers(layout: BranchLayout, basket: Basket, first: int, count: int) -> AnyArray:
    """View numbers of a basket, from those of an event on, as they are stored."""
    size = layout.stored.itemsize
    if not layout.is_list:
        if len(basket.content) != size * len(basket.events):
            raise InputError(f"a basket of {layout.name} lacks numbers", "corrupt")
        begin = first * size
    elif first < len(basket.lists):
        begin = int(basket.lists[first].byteswap()) - basket.key_bytes
    else:
        begin = len(basket.content)
    return np.asarray(basket.content[begin : begin + count * size].view(layout.stored))


def _collection(layout: BranchLayout) -> str:
    """Name what shares its lists; one number an event belongs to no collection."""
    return collection_of(layout.name, known_collections()) or layout.name if layout.is_list else ""
