"""Events as flat columns, as they go into a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple, Self

import numpy as np

from dtperf.nanoaod.branches import collection_of, known_collections
from dtperf.typing import I64, AnyArray, Integers

__all__ = ["Rows", "collection", "counts_to_offsets"]


def counts_to_offsets(counts: Integers) -> I64:
    """Sum up counts of shape (n,) to offsets of shape (n + 1,)."""
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


class Rows(NamedTuple):
    """Some events; collections that none of them has may be left out."""

    offsets: Mapping[str, I64]
    """By collection: which of its entries belong to which event, shape (events + 1,)."""
    values: Mapping[str, AnyArray]
    """By branch, without counters: one value an event, or one an entry of its collection."""

    @property
    def events(self) -> int:
        """Number of events."""
        return len(self.values["event"])

    def cut(self, start: int, stop: int) -> Self:
        """Take the events from start to before stop."""
        limits = {name: (o[start], o[stop]) for name, o in self.offsets.items()}
        limits[""] = (start, stop)
        return type(self)(
            {name: o[start : stop + 1] - o[start] for name, o in self.offsets.items()},
            {name: v[slice(*limits[collection(name)])] for name, v in self.values.items()},
        )

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Put events that have the same columns behind each other."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            {
                name: counts_to_offsets(np.concatenate([np.diff(p.offsets[name]) for p in parts]))
                for name in parts[0].offsets
            },
            {
                name: np.concatenate([part.values[name] for part in parts])
                for name in parts[0].values
            },
        )


@cache
def collection(name: str) -> str:
    """Give the collection of a branch that is not a counter, '' for an event's own value."""
    return collection_of(name, known_collections())
