"""Read columns of an RNTuple in bulk: ``NTupleReader(ntuple, columns).read(start, stop)``.

uproot reads whole clusters, one page after the other, with much Python for each. Here the lists of
a collection are decoded once, and only the pages are read that hold some of the events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import awkward as ak
import numpy as np

from dtperf.errors import InputError
from dtperf.nanoaod.branches import collection_of, known_collections
from dtperf.nanoaod.list_checks import check_lengths
from dtperf.nanoaod.read_columns import Parts, ReadColumns
from dtperf.nanoaod.rntuple_pages import Field, layout_of
from dtperf.nanoaod.rntuple_reader import PageReader, Range
from dtperf.typing import I64, AnyArray

__all__ = ["NTupleReader"]

_NOTHING = -1, -1


class _Lists(NamedTuple):
    """The lists of a collection, of some events."""

    offsets: I64
    """Shape (events + 1,); the first is 0."""
    clusters: list[tuple[int, int, int, int]]
    """Of each cluster with such events: its number, the first and one past the last of its
    numbers that belong to them, and how many it has; -1 where it goes on behind the events."""


class NTupleReader:
    """Reads columns of an open RNTuple, as far as they are stored as NanoAOD stores them."""

    def __init__(self, ntuple: Any, columns: Callable[[Any], bool]) -> None:
        """Find where the columns lie; `columns` selects fields as in `BulkReader`."""
        self._ntuple, self._filter = ntuple, columns
        self._prefetched = _NOTHING
        first = [summary.num_first_entry for summary in ntuple.cluster_summaries]
        self._events = np.array([*first, ntuple.num_entries], dtype=np.int64)
        found = layout_of(ntuple, columns)
        self._is_usual = found is not None
        self._fields, stored = found or ([], [])
        self._columns = {column.number: column for column in stored}
        self._names = {n: each.name for each in self._fields for n in (each.content, each.lists)}
        self._reader = PageReader(ntuple.file.source, self._columns, self._names)
        self._refuse_contradictions()

    def read(self, start: int, stop: int, threads: int = 1) -> ReadColumns:
        """Read the columns of some events, as `BulkReader.read` does for a TTree."""
        if not self._is_usual:
            return ReadColumns({}, self._read_by_uproot(start, stop))
        if self._prefetched != (start, stop):
            self.prefetch(start, stop)
        try:
            lists = self._lists(start, stop, threads)
            self._refuse_unequal(lists)
            content = self._content(start, stop, lists, threads)
        finally:
            self._reader.forget()
            self._prefetched = _NOTHING
        return ReadColumns({each.name: _parts(each, content, lists) for each in self._fields})

    def prefetch(self, start: int, stop: int) -> None:
        """Request the bytes of the events that will be read next, without waiting for them.

        Where a cluster is needed in part, its lists must be read first to know which pages of
        other columns are needed: those are requested later.
        """
        if self._reader.is_local:
            return  # best read when they are used: then they are still in the core's cache
        self._reader.forget()
        self._prefetched = start, stop
        self._reader.prefetch(self._known_ranges(start, stop))

    def _known_ranges(self, start: int, stop: int) -> dict[int, list[Range]]:
        """Return what is needed whatever the lists hold; the lists come first."""
        if start >= stop:
            return {}
        found = {number: [self._list_range(start, stop)] for number in self._list_columns()}
        edges = {*self._events.tolist()}
        whole = [n for n, *ends in self._clusters(start, stop) if edges.issuperset(ends)]
        for each in self._fields:
            if each.kind == "one":
                found[each.content] = [(start, stop)]
            elif each.kind == "list" and whole:
                its = self._columns[each.content].clusters
                found[each.content] = [(int(its[whole[0]]), int(its[whole[-1] + 1]))]
        return found

    def _list_columns(self) -> list[int]:
        return [*dict.fromkeys(each.lists for each in self._fields if each.lists >= 0)]

    def _clusters(self, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
        """Yield each cluster with some of the events: its number, and which events of the file."""
        first = int(np.searchsorted(self._events, start, side="right")) - 1
        for number in range(first, len(self._events) - 1):
            begin, end = (int(edge) for edge in self._events[number : number + 2])
            if begin >= stop or start >= stop:
                break
            if begin < end:
                yield number, max(begin, start), min(end, stop)

    def _list_range(self, start: int, stop: int) -> tuple[int, int]:
        """Return the range of list ends to read: one more where the first list begins at one."""
        number = int(np.searchsorted(self._events, start, side="right")) - 1
        return (start - 1 if start > self._events[number] else start), stop

    def _lists(self, start: int, stop: int, threads: int) -> dict[int, _Lists]:
        numbers = self._list_columns()
        first, last = self._list_range(start, stop) if start < stop else (start, start)
        ends = self._reader.read({number: [(first, last)] for number in numbers}, threads)
        return {number: self._decode_lists(number, ends[number], start, stop) for number in numbers}

    def _decode_lists(self, number: int, stored: AnyArray, start: int, stop: int) -> _Lists:
        ends = stored.astype(np.int64, copy=False)
        offsets = np.zeros(stop - start + 1, dtype=np.int64)
        found, base, at = [], 0, 0
        for cluster, first, last in self._clusters(start, stop):
            begin, end = self._events[cluster : cluster + 2]
            before = 0
            if first > begin:  # only in the first cluster, where one more was read
                before, at = int(ends[0]), 1
            part = ends[at : at + last - first]
            at += last - first
            if part[0] < before or np.any(part[1:] < part[:-1]):
                raise InputError(f"{self._names[number]} has lists that are not in it", "corrupt")
            offsets[first - start + 1 : last - start + 1] = part - (before - base)
            after = int(part[-1])
            base += after - before
            found.append((cluster, before, after, after if last == end else -1))
        return _Lists(offsets, found)

    def _content(
        self, start: int, stop: int, lists: Mapping[int, _Lists], threads: int
    ) -> dict[int, AnyArray]:
        ranges: dict[int, list[Range]] = {}
        # of one collection, whose columns have as many numbers in each cluster
        in_lists: dict[int, list[Range]] = {}
        for each in self._fields:
            if each.kind == "one":
                ranges[each.content] = [(start, stop)]
            elif each.kind == "list":
                if each.lists not in in_lists:
                    in_lists[each.lists] = self._ranges(each, lists[each.lists])
                ranges[each.content] = in_lists[each.lists]
        return self._reader.read(ranges, threads)

    def _ranges(self, field: Field, lists: _Lists) -> list[Range]:
        """Return the ranges of a column's numbers that are in the lists, and check that they exist.

        Raises:
            InputError: A cluster has fewer numbers, or more, than its lists hold.
        """
        edges = self._columns[field.content].clusters
        found: list[Range] = []
        for cluster, first, last, size in lists.clusters:
            begin, end = (int(edge) for edge in edges[cluster : cluster + 2])
            if last > end - begin or size not in (-1, end - begin):
                raise InputError(f"{field.name} has lists that are not in it", "corrupt")
            if found and found[-1][1] == begin + first:
                found[-1] = found[-1][0], begin + last
            else:
                found.append((begin + first, begin + last))
        return found

    def _refuse_contradictions(self) -> None:
        """Check that every cluster has as many lists, and as many single numbers, as events."""
        for each in self._fields:
            for number in {each.lists, each.content if each.kind == "one" else -1} - {-1}:
                if not np.array_equal(self._columns[number].clusters, self._events):
                    message = f"the pages of {each.name} do not hold {self._events[-1]} events"
                    raise InputError(message, "corrupt")
        collections: dict[int, Field] = {}
        for each in self._fields:
            if each.kind == "list":
                first = collections.setdefault(each.lists, each)
                one, other = (self._columns[field.content].clusters for field in (first, each))
                if not np.array_equal(one, other):
                    raise _unequal(first, each)

    def _refuse_unequal(self, lists: Mapping[int, _Lists]) -> None:
        """Check that columns of one collection that have lists of their own have the same."""
        collections: dict[str, Field] = {}
        for each in self._fields:
            if each.kind == "one" and each.lists >= 0:
                if np.any(np.diff(lists[each.lists].offsets) != 1):
                    raise InputError(f"{each.name} has not one number an event", "corrupt")
            elif each.kind == "list":
                name = collection_of(each.name, known_collections()) or each.name
                first = collections.setdefault(name, each)
                one, other = (lists[field.lists].offsets for field in (first, each))
                if first.lists != each.lists and not np.array_equal(one, other):
                    raise _unequal(first, each)

    def _read_by_uproot(self, start: int, stop: int) -> dict[str, ak.Array]:
        read: dict[str, ak.Array] = self._ntuple.arrays(
            filter_branch=self._filter, entry_start=start, entry_stop=stop, how=dict
        )
        check_lengths(read, stop - start)
        # uproot gives lists with the content of the whole cluster
        return {name: ak.to_packed(array) for name, array in read.items()}


def _unequal(first: Field, other: Field) -> InputError:
    message = f"the lists of {first.name} and {other.name} differ in length"
    return InputError(message, "corrupt")


def _parts(field: Field, content: Mapping[int, AnyArray], lists: Mapping[int, _Lists]) -> Parts:
    if field.kind == "one":
        return Parts(None, content[field.content])
    offsets = lists[field.lists].offsets
    if field.kind == "count":
        return Parts(None, np.diff(offsets))
    return Parts(offsets, content[field.content])
