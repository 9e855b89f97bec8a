"""Events as flat columns, as they go into a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import NamedTuple, Self, TypeVar
from zlib import crc32

import numpy as np
import numpy.typing as npt

from dtperf.nanoaod.branches import collection_of, known_collections
from dtperf.typing import F32, I64, AnyArray, Integers

__all__ = [
    "BLOCK_EVENTS",
    "EventRows",
    "collection",
    "concatenate",
    "counts_to_offsets",
    "numbers_within",
    "round_mantissa",
    "stream",
    "take",
]

Columns = TypeVar("Columns", bound=tuple[AnyArray, ...])

BLOCK_EVENTS = 5000
"""Events that are made together; event i is in block i // BLOCK_EVENTS, whatever the files."""


def stream(seed: int, block: int, stage: str) -> np.random.Generator:
    """Return the random number generator of one stage, such as 'segments', of one block of events.

    Each stage has its own, so that one may draw more without changing another.
    """
    return np.random.Generator(np.random.PCG64([seed, block, crc32(stage.encode())]))


STORED_BITS = 23


def round_mantissa(values: npt.ArrayLike, bits: int) -> F32:
    """Round to the nearest float32 with 1 to 22 bits of mantissa after the leading one.

    Ties go away from zero, as in CMSSW's ``MiniFloatConverter::reduceMantissaToNbitsRounding``,
    which differs in that it never rounds up into the next power of two. Rounded numbers are at
    most 2**-(bits + 1) away, relatively.
    """
    dropped = STORED_BITS - bits
    exact = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    half = np.uint32(1 << (dropped - 1))
    mask = np.uint32((0xFFFFFFFF >> dropped) << dropped)
    return ((exact + half) & mask).view(np.float32)


def counts_to_offsets(counts: Integers) -> I64:
    """Return the running sum of counts, shape (n,), as offsets of shape (n + 1,)."""
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def numbers_within(counts: Integers) -> I64:
    """Return the numbers of entries within their groups: counts [2, 3] give [0, 1, 0, 1, 2]."""
    offsets = counts_to_offsets(counts)
    return np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)


def take(columns: Columns, rows: AnyArray) -> Columns:
    """Return some rows, by indices or booleans, of a named tuple of arrays."""
    kind: Callable[..., Columns] = type(columns)
    return kind(*(column[rows] for column in columns))


def concatenate(parts: Sequence[Columns]) -> Columns:
    """Return the rows of named tuples of arrays, one behind the other."""
    kind: Callable[..., Columns] = type(parts[0])
    return kind(*map(np.concatenate, zip(*parts, strict=True)))


class EventRows(NamedTuple):
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
        """Return the events from start to before stop."""
        limits = {name: (o[start], o[stop]) for name, o in self.offsets.items()}
        limits[""] = (start, stop)
        return type(self)(
            {name: o[start : stop + 1] - o[start] for name, o in self.offsets.items()},
            {name: v[slice(*limits[collection(name)])] for name, v in self.values.items()},
        )

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Return the events of all parts, which have the same columns."""
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
    """Return the collection of a branch that is not a counter, '' for an event's own value."""
    return collection_of(name, known_collections())
