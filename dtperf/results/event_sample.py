"""A sample of the numbers of events, which tells those that are there twice.

UUIDs cannot tell that a file was merged of others, or holds events twice. Of each event whose
hash lies below a threshold, its numbers and its file are kept. The threshold is halved while there
are too many, so that a sum of samples is the sample of the sum, in whatever order it was added up.
All are kept up to `LARGEST` events; of more between half of that and all of it, so that one event
of 10,000 that is there twice is missed with a probability of at most exp(-13).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from dtperf.results.event_hashes import (
    SIMULATION,
    WORDS,
    hashed,
    hashed_without_numba,
    merged,
    sampled,
    space_of,
)
from dtperf.typing import U64

__all__ = [
    "ENTRY",
    "EVENT_BRANCHES",
    "LARGEST",
    "NO_FILE",
    "SIMULATION",
    "Doubled",
    "EventSample",
    "SourceFile",
    "halvings_for",
    "hash_entries",
    "words_of",
]

EVENT_BRANCHES = ("run", "luminosityBlock", "event")
LARGEST = 1 << 18
"""Entries of a sample at most."""
MOST_HALVINGS = 48
"""Of the threshold before entries are put into order: fewer than one in 10^14 are left."""
NO_FILE = np.iinfo(np.int32).max
ENTRY = np.dtype(
    [
        ("hash", np.uint64),
        ("event", np.uint64),
        ("run", np.uint32),
        ("luminosityBlock", np.uint32),
        ("count", np.int64),  # how often it is there
        ("first", np.int32),  # number of its file; of several the lowest
        ("second", np.int32),  # that of the next one, perhaps the same file; else NO_FILE
    ]
)
Entries = npt.NDArray[np.void]


class SourceFile(NamedTuple):
    """A file that events were read from."""

    uuid: str
    dataset: str


class Doubled(NamedTuple):
    """What is there twice."""

    events: int
    """How many are too many: an event that is there three times counts as two."""
    is_exact: bool
    """Whether they were counted; else they are inferred from the sample."""
    run: int
    """Of one such event, as the rest."""
    luminosity_block: int
    event: int
    files: tuple[SourceFile, SourceFile]
    """That it is in; the same one, if it is there twice."""


@dataclass(frozen=True, eq=False)
class EventSample:
    """Numbers of events: all of few, a part of many, chosen by their hash."""

    events: int = 0
    """How many events it is a sample of."""
    halvings: int = 0
    """One event of 2^halvings is in it."""
    files: tuple[SourceFile, ...] = ()
    """In order, those that `entries` number."""
    entries: Entries = field(default_factory=lambda: np.empty(0, dtype=ENTRY))
    """Of dtype `ENTRY`, one for each event, in order of the hash."""

    @classmethod
    def of(cls, numbers: Any, file: SourceFile, halvings: int = 0) -> Self:
        """Return the sample of events of one file.

        Args:
            numbers: Integers of shape (events,) by the name of each of `EVENT_BRANCHES`.
            file: Where they are from.
            halvings: One event of 2^halvings is kept, or fewer.
        """
        run, block, event = (np.asarray(numbers[name]) for name in EVENT_BRANCHES)
        run, block = (each.astype(np.uint32, copy=False) for each in (run, block))
        event = event.astype(np.uint64, copy=False)
        space = np.full(event.shape, space_of(file.dataset))
        hashes = hashed(run, block, event, space)
        entries = sampled(hashes, run, block, event, min(halvings, MOST_HALVINGS), NO_FILE << 32)
        return cls.made(len(event), halvings, (file,), _as_entries(entries))

    @classmethod
    def made(
        cls, events: int, halvings: int, files: tuple[SourceFile, ...], entries: Entries
    ) -> Self:
        """Return the sample of entries in any order, several of an event perhaps.

        Args:
            events: How many it is a sample of.
            halvings: As often as the threshold was halved before.
            files: In order.
            entries: Of dtype `ENTRY`.
        """
        entries = _unique(entries, files)
        entries = _below(entries, halvings)
        while len(entries) > LARGEST:
            halvings += 1
            entries = _below(entries, halvings)
        used = files if len(files) == 1 and len(entries) else _named(entries, files)
        return cls(events, halvings, used, _numbered(entries, files, used))

    def __add__(self, other: EventSample) -> EventSample:
        """Return the sample of the events of both."""
        if not isinstance(other, EventSample):
            return NotImplemented
        if not self.events or not other.events:
            return self if self.events else other
        halvings = max(self.halvings, other.halvings)
        files = tuple(sorted({*self.files, *other.files}))
        both = (_numbered(_below(s.entries, halvings), s.files, files) for s in (self, other))
        entries = _as_entries(merged(*(words_of(each) for each in both)))
        return self.made(self.events + other.events, halvings, files, entries)

    def __eq__(self, other: object) -> bool:
        """Return whether both are the sample of the same events."""
        if not isinstance(other, EventSample):
            return NotImplemented
        mine, theirs = ((s.events, s.halvings, s.files) for s in (self, other))
        return mine == theirs and np.array_equal(self.entries, other.entries)

    __hash__ = None  # type: ignore[assignment]

    @cached_property
    def doubled(self) -> Doubled | None:
        """What is there twice, as far as the sample tells; None: nothing."""
        several = self.entries[self.entries["count"] > 1]
        if not len(several):
            return None
        surplus = int(several["count"].sum()) - len(several)
        shown = several[0]
        run, block, event = (int(shown[name]) for name in EVENT_BRANCHES)
        return Doubled(
            surplus << self.halvings,
            not self.halvings,
            run,
            block,
            event,
            (self.files[shown["first"]], self.files[shown["second"]]),
        )


def halvings_for(events: int) -> int:
    """Return how often to halve the threshold, so that a sample of so many events fits."""
    return max(0, (max(events, 1) - 1).bit_length() - LARGEST.bit_length() + 1)


def hash_entries(entries: Entries, files: Sequence[SourceFile]) -> None:
    """Fill in the hashes of entries whose other columns are there."""
    spaces = np.array([space_of(file.dataset) for file in files], dtype=np.uint64)
    run, block, event = (entries[name] for name in EVENT_BRANCHES)
    entries["hash"] = hashed_without_numba(run, block, event, spaces[entries["first"]])


def words_of(entries: Entries) -> U64:
    """Return entries as `dtperf.results.event_hashes` takes them, without a copy if possible."""
    return np.ascontiguousarray(entries).view(np.uint64).reshape(-1, WORDS)


def _as_entries(words: U64) -> Entries:
    return words.reshape(-1).view(ENTRY)


def _named(entries: Entries, files: tuple[SourceFile, ...]) -> tuple[SourceFile, ...]:
    """Return those of the files that entries name, in order."""
    named = np.zeros(len(files) + 1, dtype=np.bool_)
    for column in ("first", "second"):
        named[np.minimum(entries[column], len(files))] = True
    return tuple(file for file, is_named in zip(files, named, strict=False) if is_named)


def _limit(halvings: int) -> np.uint64:
    """Return what hashes must be less than, of at least one halving."""
    return np.uint64(1 << (64 - halvings) if halvings <= 64 else 0)


def _below(entries: Entries, halvings: int) -> Entries:
    """Return those below the threshold, of entries in order."""
    if not halvings:
        return entries
    return entries[: np.searchsorted(entries["hash"], _limit(halvings))]


def _numbered(
    entries: Entries, files: tuple[SourceFile, ...], anew: tuple[SourceFile, ...]
) -> Entries:
    """Return entries with the numbers that their files have among others."""
    if files == anew:
        return entries
    place = {file: number for number, file in enumerate(anew)}
    numbers = np.array([*(place.get(f, NO_FILE) for f in files), NO_FILE], dtype=np.int32)
    renumbered = entries.copy()
    for column in ("first", "second"):
        renumbered[column] = numbers[np.minimum(entries[column], len(files))]
    return renumbered


def _unique(entries: Entries, files: Iterable[SourceFile]) -> Entries:
    """Return entries in order of the hash, those of one event as one."""
    hashes = entries["hash"]
    if (hashes[1:] < hashes[:-1]).any():
        entries = entries.take(np.argsort(hashes, kind="stable"))  # an index takes 70 times as long
        hashes = entries["hash"]
    equal = hashes[1:] == hashes[:-1]
    if not equal.any():
        return entries
    datasets = [file.dataset for file in files]
    ranks = np.array([sorted({*datasets}).index(name) for name in datasets])
    tied = np.flatnonzero(np.append(equal, False) | np.insert(equal, 0, False))
    some = entries[tied]
    space = np.where(some["run"] == SIMULATION, ranks[some["first"]], 0)
    columns = (space, *(some[name] for name in (*EVENT_BRANCHES, "hash")))
    order = np.lexsort((some["first"], *columns))
    some = some[order]
    is_new = np.ones(len(some), dtype=np.bool_)
    is_new[1:] = np.any([c[order][1:] != c[order][:-1] for c in columns], axis=0)
    begins = np.flatnonzero(is_new)
    merged = some[begins]
    merged["count"] = np.add.reduceat(some["count"], begins)
    has_next = np.diff(begins, append=len(some)) > 1
    following = some["first"][begins[has_next] + 1]
    merged["second"][has_next] = np.minimum(merged["second"][has_next], following)
    rest = np.ones(len(entries), dtype=np.bool_)
    rest[tied] = False
    whole = np.concatenate([entries[rest], merged])
    return whole.take(np.argsort(whole["hash"], kind="stable"))
