"""Check the lengths of lists, which uproot takes as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from uproot.interpretation.jagged import AsJagged

from dtperf.errors import InputError
from dtperf.nanoaod.branches import collection_of, known_collections
from dtperf.nanoaod.read_columns import ReadColumns

__all__ = ["after_basket", "check_counters", "check_lengths"]


def check_lengths(arrays: Mapping[str, Any], events: int) -> None:
    """Check that lists lie in their column, and are equally long in all columns of a collection.

    Args:
        arrays: Branch name to what was read of it.
        events: How many events were read.

    Raises:
        InputError: They are not; the message names the branches.
    """
    first: dict[str, tuple[str, Any]] = {}
    for name, array in arrays.items():
        if len(array) != events:
            raise InputError(f"{name} has {len(array)} of {events} events", "corrupt")
        if array.ndim < 2:
            continue
        lists = array.layout.to_ListOffsetArray64(True)
        offsets = np.asarray(lists.offsets)
        if not _are_in(offsets, len(lists.content)):
            raise InputError(f"{name} has lists that are not in it", "corrupt")
        collection = _collection(name) or name
        other, expected = first.setdefault(collection, (name, offsets))
        if not np.array_equal(offsets, expected):
            raise InputError(f"the lists of {other} and {name} differ in length", "corrupt")


def check_counters(columns: ReadColumns) -> None:
    """Check that counters count the lists of their collection; in a slimmed file they may not.

    Args:
        columns: What was read; lists of one collection are equally long.

    Raises:
        InputError: One does not; the message names it.
    """
    for counter in columns:
        if not counter.startswith("n"):
            continue
        its = (name for name in columns if counter == f"n{_collection(name)}")
        name = next((name for name in its if columns[name].ndim > 1), None)
        if name is None:
            continue
        counts = np.diff(columns[name].layout.to_ListOffsetArray64(True).offsets.data)
        if not np.array_equal(np.asarray(columns[counter]), counts):
            raise InputError(f"{counter} does not count what {name} has", "corrupt")


def _collection(name: str) -> str:
    return collection_of(name, known_collections())


def after_basket(_: AsJagged, *, branch: Any, output: Any, **__: Any) -> None:
    """Check the lists of a basket, when uproot has read it.

    Raises:
        ValueError: They are not in it.
    """
    # uproot would fill up lists that end beyond the content with whatever is in memory
    if not _are_in(output.offsets, len(output.content)):
        raise ValueError(f"a basket of {branch.name} has lists that are not in it")


def _are_in(offsets: Any, size: int) -> bool:
    """Return whether lists lie one behind the other in so many numbers."""
    ordered = offsets[0] == 0 and np.all(offsets[1:] >= offsets[:-1])
    return bool(ordered and offsets[-1] <= size)
