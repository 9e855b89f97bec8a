"""A sample of the numbers of events, which tells those that are there twice.

UUIDs cannot tell that a file was merged of others, or holds events twice. Of each event whose
hash lies below a threshold, its numbers and its file are kept. The threshold is halved while there
are too many, so that a sum of samples is the sample of the sum, in whatever order it was added up.
All are kept up to `LARGEST` events; of more between half of that and all of it, so that one event
of 10,000 that is there twice is missed with a probability of at most exp(-13).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from dtperf.typing import U32, U64

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
]

EVENT_BRANCHES = ("run", "luminosityBlock", "event")
LARGEST = 1 << 18
"""Entries of a sample at most."""
SIMULATION = 1
"""The run of simulated events: CMS numbers those of each dataset anew."""
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
        hashes = _hashed(run, block, event, _space(file.dataset))
        kept = np.flatnonzero(hashes < _limit(halvings)) if halvings else np.arange(len(hashes))
        # nearly put into order by their first 16 bits: the rest is soon done
        kept = kept[np.argsort((hashes[kept] >> np.uint64(48)).astype(np.uint16), kind="stable")]
        kept = kept[np.argsort(hashes[kept], kind="stable")]
        entries = np.empty(len(kept), dtype=ENTRY)
        columns = {"hash": hashes, "event": event, "run": run, "luminosityBlock": block}
        for name, values in columns.items():
            entries[name] = values[kept]
        entries["count"], entries["first"], entries["second"] = 1, 0, NO_FILE
        return cls.made(len(event), halvings, (file,), entries)

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
        named = np.zeros(len(files) + 1, dtype=np.bool_)
        for column in ("first", "second"):
            named[np.minimum(entries[column], len(files))] = True
        used = tuple(file for file, is_named in zip(files, named, strict=False) if is_named)
        return cls(events, halvings, used, _numbered(entries, files, used))

    def __add__(self, other: EventSample) -> EventSample:
        """Return the sample of the events of both."""
        if not isinstance(other, EventSample):
            return NotImplemented
        if not self.events or not other.events:
            return self if self.events else other
        halvings = max(self.halvings, other.halvings)
        files = tuple(sorted({*self.files, *other.files}))
        both = [_numbered(_below(s.entries, halvings), s.files, files) for s in (self, other)]
        return self.made(self.events + other.events, halvings, files, np.concatenate(both))

    def __eq__(self, other: object) -> bool:
        """Return whether both are the sample of the same events."""
        if not isinstance(other, EventSample):
            return NotImplemented
        mine, theirs = ((s.events, s.halvings, s.files) for s in (self, other))
        return mine == theirs and np.array_equal(self.entries, other.entries)

    __hash__ = None  # type: ignore[assignment]

    @property
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
    spaces = np.array([_space(file.dataset) for file in files], dtype=np.uint64)
    run, block, event = (entries[name] for name in EVENT_BRANCHES)
    entries["hash"] = _hashed(run, block, event, spaces[entries["first"]])


def _space(dataset: str) -> np.uint64:
    """Return what tells simulated events of a dataset from those of others."""
    return np.uint64(int.from_bytes(hashlib.sha256(dataset.encode()).digest()[:8], "little"))


def _hashed(run: U32, block: U32, event: U64, space: Any) -> U64:
    """Mix the numbers of events to 64 bits each, which all count; and the space of simulated ones.

    Args:
        run: Shape (events,).
        block: Shape (events,).
        event: Shape (events,).
        space: One, or one for each event.
    """
    hashes = event.astype(np.uint64)
    _mix(hashes)
    hashes ^= run.astype(np.uint64) << np.uint64(32) | block
    _mix(hashes)
    if (is_simulated := run == SIMULATION).any():
        some = hashes[is_simulated] ^ np.broadcast_to(space, hashes.shape)[is_simulated]
        _mix(some)
        hashes[is_simulated] = some
    return hashes


def _mix(state: U64) -> None:
    """Make random bits of numbers, in their place."""
    # SplitMix64 (Steele, Lea, Flood, OOPSLA 2014)
    state += np.uint64(0x9E3779B97F4A7C15)
    state ^= state >> np.uint64(30)
    state *= np.uint64(0xBF58476D1CE4E5B9)
    state ^= state >> np.uint64(27)
    state *= np.uint64(0x94D049BB133111EB)
    state ^= state >> np.uint64(31)


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
        # stable: in little more than no time where two samples, each in order, were put together
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
