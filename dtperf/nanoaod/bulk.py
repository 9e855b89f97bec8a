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
from typing import Any, NamedTuple

import awkward as ak
import numpy as np

from dtperf.errors import InputError
from dtperf.nanoaod.basket_kernels import copy_lists, read_offsets
from dtperf.nanoaod.baskets import (
    Baskets,
    BranchLayout,
    Job,
    UnusualStorage,
    is_slow,
    layout_of,
    unpack_baskets,
    unpack_in_order,
)
from dtperf.nanoaod.branches import collection_of, known_collections
from dtperf.nanoaod.list_checks import check_lengths
from dtperf.nanoaod.read_columns import Parts, ReadColumns
from dtperf.nanoaod.sources import LocalSource
from dtperf.typing import I64, AnyArray

__all__ = ["BulkReader"]

AT_ONCE_BYTES = 1 << 19
"""Of baskets that are read and unpacked together: what they hold fits into a core's cache."""
_NOTHING: tuple[tuple[int, int], list[Any]] = (-1, -1), []


class _Branch(NamedTuple):
    """A branch that is read."""

    layout: BranchLayout
    groups: list[range]
    """Numbers of the baskets that hold some of the events, those together that are unpacked so."""


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
        # narrow ones first: the numbers of a collection's first branch are moved once more
        for layout in sorted(filter(None, layouts.values()), key=lambda it: it.stored.itemsize):
            self._collections[_collection(layout)].append(layout)

    def read(self, start: int, stop: int, threads: int = 1) -> ReadColumns:
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
        columns: dict[str, Parts] = {}
        plan = self._plan(start, stop)
        try:
            with closing(unpack_in_order(self._jobs(plan, start, stop, threads), threads)) as done:
                for branches in plan:
                    columns |= _read_collection(branches, done, start, stop)
            by_uproot = self._unusual
        except UnusualStorage:  # rare, so that nothing is lost if uproot reads them all
            columns, by_uproot = {}, self._unusual | self._names
        arrays = self._read_by_uproot(by_uproot, start, stop) if by_uproot else {}
        read = ReadColumns(columns, arrays)
        if arrays:
            check_lengths(read, stop - start)
        return read

    def prefetch(self, start: int, stop: int) -> None:
        """Request the bytes of the events that will be read next, without waiting for them."""
        if isinstance(self._source, LocalSource):
            return  # best read when they are used: then they are still in the core's cache
        ranges = [
            (first, first + size)
            for branches in self._plan(start, stop)
            for branch in branches
            for numbers in branch.groups
            for first, size in zip(*_ranges(branch.layout, numbers), strict=True)
        ]
        self._prefetched = (start, stop), self._source.chunks(ranges, queue.SimpleQueue())

    def _plan(self, start: int, stop: int) -> list[list[_Branch]]:
        """Return for each collection which baskets hold some of the events, in groups."""
        return [
            [_Branch(each, [*each.baskets(start, stop, AT_ONCE_BYTES)]) for each in layouts]
            for layouts in self._collections.values()
        ]

    def _jobs(
        self, plan: list[list[_Branch]], start: int, stop: int, threads: int
    ) -> Iterator[Job[Baskets]]:
        """Yield the unpacking of baskets, when their bytes are there."""
        source = self._source
        is_local = isinstance(source, LocalSource)
        if self._prefetched[0] != (start, stop):
            self.prefetch(start, stop)
        # from the last to the first, so that each is forgotten when it has been used
        chunks = self._prefetched[1][::-1]
        self._prefetched = _NOTHING
        for branches in plan:
            for layout, groups in branches:
                for numbers in groups:
                    if is_local:
                        raw = source.joined(*_ranges(layout, numbers))
                    else:
                        raw = np.concatenate([chunks.pop().raw_data for _ in numbers])
                    unpack = partial(unpack_baskets, layout, numbers, raw, source)
                    yield Job(unpack, threads > 1 and is_slow(raw))

    def _read_by_uproot(self, names: set[str], start: int, stop: int) -> dict[str, ak.Array]:
        read: dict[str, ak.Array] = self._tree.arrays(
            filter_branch=lambda branch: branch.name in names,
            entry_start=start,
            entry_stop=stop,
            how=dict,
        )
        return read


def _ranges(layout: BranchLayout, numbers: range) -> tuple[list[int], list[int]]:
    """Return first byte and size of each of these baskets."""
    its = slice(numbers.start, numbers.stop)
    return layout.starts[its].tolist(), layout.sizes[its].tolist()


def _read_collection(
    branches: Sequence[_Branch], baskets: Iterator[Baskets], start: int, stop: int
) -> dict[str, Parts]:
    """Read the branches of one collection, whose lists are equally long, or all without lists."""
    first, *others = branches
    if not first.layout.is_list:
        return {
            each.layout.name: Parts(None, _read_numbers(each, baskets, start, stop))
            for each in branches
        }
    offsets, content = _read_first(first, baskets, start, stop)
    columns = {first.layout.name: Parts(offsets, content)}
    for each in others:
        content = _read_content(each, first, baskets, offsets, start)
        columns[each.layout.name] = Parts(offsets, content)
    return columns


def _read_numbers(branch: _Branch, baskets: Iterator[Baskets], start: int, stop: int) -> AnyArray:
    """Read a branch that has one number an event."""
    layout = branch.layout
    content = np.empty(stop - start, dtype=layout.stored.newbyteorder("="))
    for _ in branch.groups:
        unpacked, places = next(baskets)
        for at, size, _, first, last in places[:, [2, 4, 5, 6, 7]].tolist():
            stored = unpacked[at : at + size].view(layout.stored)
            begin, end = max(first, start), min(last, stop)
            content[begin - start : end - start] = stored[begin - first : end - first]
    return content


def _read_first(
    branch: _Branch, baskets: Iterator[Baskets], start: int, stop: int
) -> tuple[I64, AnyArray]:
    """Read the first branch of a collection, and where its lists begin."""
    layout = branch.layout
    offsets = np.zeros(stop - start + 1, dtype=np.int64)
    parts = [np.empty(0, dtype=layout.stored.newbyteorder("="))]
    for numbers in branch.groups:
        unpacked, places = next(baskets)
        words = unpacked.view(np.uint32)
        if read_offsets(words, places, layout.stored.itemsize, start, offsets) >= 0:
            raise InputError(f"{layout.name} has lists that are not in it", "corrupt")
        edges = layout.edges[[numbers.start, numbers.stop]].clip(start, stop) - start
        begin, end = offsets[edges].tolist()
        parts.append(np.empty(end - begin, dtype=parts[0].dtype))
        copy_lists(
            words,
            unpacked.view(f"u{layout.stored.itemsize}"),
            places,
            start,
            offsets,
            begin,
            parts[-1].view(f"u{layout.stored.itemsize}"),
        )
    return offsets, np.concatenate(parts)


def _read_content(
    branch: _Branch, first: _Branch, baskets: Iterator[Baskets], offsets: I64, start: int
) -> AnyArray:
    """Read a branch whose lists are those of the first one."""
    layout = branch.layout
    content = np.empty(offsets[-1], dtype=layout.stored.newbyteorder("="))
    unsigned = np.dtype(f"u{layout.stored.itemsize}")
    target = content.view(unsigned)
    for _ in branch.groups:
        unpacked, places = next(baskets)
        words, numbers = unpacked.view(np.uint32), unpacked.view(unsigned)
        if copy_lists(words, numbers, places, start, offsets, 0, target) >= 0:
            names = f"{first.layout.name} and {layout.name}"
            raise InputError(f"the lists of {names} differ in length", "corrupt")
    return content


def _collection(layout: BranchLayout) -> str:
    """Return the collection whose lists a branch shares, "" if it has one number an event."""
    return collection_of(layout.name, known_collections()) or layout.name if layout.is_list else ""
