"""Check the sizes and positions that a tree states, before memory is allocated for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import uproot

from dtperf.errors import InputError
from dtperf.nanoaod.decompress import FREE_BYTES, LARGEST_RATIO
from dtperf.nanoaod.rntuple_checks import CHECKSUM_BYTES
from dtperf.nanoaod.rntuple_lists import Pages, pages_of
from dtperf.nanoaod.rntuple_pages import columns_of

__all__ = ["check_entries", "check_storage"]

ENTRIES_PER_BYTE = 1032
"""The best that zlib can do with one byte an event; muon DPG NANO has 1 to 5 kB an event."""


def check_entries(tree: Any) -> None:
    """Check that a file of this size can hold the number of events that its tree states.

    Raises:
        InputError: The number is negative or too large.
    """
    entries, size = tree.num_entries, tree.file.source.num_bytes
    if not 0 <= entries <= ENTRIES_PER_BYTE * size:
        what = f"{entries} events in a file of {size} bytes"
        raise InputError(f"claims {what}", "corrupt" if entries < 0 else "oversize")


def check_storage(tree: Any, columns: Callable[[Any], bool]) -> None:
    """Check that the baskets or pages of columns lie in the file and hold all events.

    Of a TTree, the baskets of each must cover all events and lie apart from each other in the
    file: uproot waits for ever if two baskets of different branches are in one place. Of an
    RNTuple, the pages must lie in the file and not claim absurdly many numbers.

    Args:
        tree: An uproot TTree or RNTuple.
        columns: Selects the branches or fields that will be read, such as a `ColumnFilter`.

    Raises:
        InputError: They do not; the message names the branch.
    """
    size = tree.file.source.num_bytes
    if isinstance(tree, uproot.TTree):
        _check_baskets([b for b in tree.branches if columns(b)], tree.num_entries, size)
    else:
        _check_pages(tree, [f for f in tree.fields if columns(f)], size)


def _check_baskets(branches: list[Any], entries: int, size: int) -> None:
    starts, stops = [], []
    for branch in branches:
        edges = np.asarray(branch.entry_offsets, dtype=np.int64)
        if edges[0] != 0 or edges[-1] != entries or np.any(np.diff(edges) < 0):
            raise InputError(
                f"the baskets of {branch.name} do not hold {entries} events", "corrupt"
            )
        baskets = len(edges) - 1 - len(branch.embedded_baskets)
        starts.append(branch.member("fBasketSeek")[:baskets].astype(np.int64))
        stops.append(starts[-1] + branch.member("fBasketBytes")[:baskets])
        _check_positions(branch.name, starts[-1], stops[-1], size)
    start, stop = (np.concatenate([np.empty(0, np.int64), *edges]) for edges in (starts, stops))
    order = np.argsort(start)
    if np.any(stop[order][:-1] > start[order][1:]):
        raise InputError("two baskets lie in one place", "corrupt")


def _check_positions(name: str, start: Any, stop: Any, size: int) -> None:
    if np.any(start < 0) or np.any(stop <= start):
        raise InputError(f"a basket of {name} lies nowhere", "corrupt")
    if np.any(stop > size):
        message = f"a basket of {name} ends at byte {stop.max()}, the file at {size}"
        raise InputError(message, "truncated")


def _check_pages(ntuple: Any, fields: list[Any], size: int) -> None:
    clusters = ntuple.cluster_summaries
    edges = [(c.num_first_entry, c.num_first_entry + c.num_entries) for c in clusters]
    expected = [0, *(stop for _, stop in edges)]
    if [*(start for start, _ in edges), ntuple.num_entries] != expected:
        raise InputError(f"the clusters do not hold {ntuple.num_entries} events", "corrupt")
    claimed = 0
    for number, column in columns_of(ntuple, fields).items():
        claimed += _claimed(column, pages_of(ntuple.page_link_list, number), size)
    limit = FREE_BYTES + LARGEST_RATIO * size
    if claimed > limit:
        message = f"its pages claim to hold {claimed} bytes"
        raise InputError(f"{message}, more than the {limit} that can be", "oversize")


def _claimed(column: Any, pages: Pages, size: int) -> int:
    """Return the bytes that pages claim to hold, and check that the pages are in the file."""
    sizes = pages.sizes + CHECKSUM_BYTES * pages.checked
    # without adding up what is written there, which may be more than 64 bits hold
    beyond = np.flatnonzero((pages.sizes < 0) | (sizes > size))
    if not len(beyond):
        beyond = np.flatnonzero(pages.starts > (size - sizes).astype(np.uint64))
    if len(beyond):
        last = max(int(pages.starts[each]) + int(sizes[each]) for each in beyond)
        raise InputError(f"a page ends at byte {last}, the file at {size}", "truncated")
    return int(pages.numbers.sum() * column.nbits // 8)
