"""Mix the numbers of events to hashes, and put those that are kept into order.

Entries are rows of five words of 64 bits here, as `dtperf.results.event_sample.ENTRY` has them in
memory: the hash; the event; run and luminosity block; how often it is there; its files.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from dtperf.compiled import compiled, inlined
from dtperf.kernel_arrays import empty
from dtperf.selection.brilcalc import block_keys
from dtperf.typing import U32, U64

__all__ = [
    "SIMULATION",
    "WORDS",
    "hashed",
    "hashed_without_numba",
    "have_common",
    "merged",
    "sampled",
    "space_of",
]

SIMULATION = 1
"""The run of simulated events: CMS numbers those of each dataset anew."""
WORDS = 5
"""Of an entry."""
BUCKET_BITS = 16
MOST_IN_BUCKET = 64
"""Entries that are put into order one by one; more are there only if somebody has made them so."""


def space_of(dataset: str) -> np.uint64:
    """Return what tells simulated events of a dataset from those of others."""
    return np.uint64(int.from_bytes(hashlib.sha256(dataset.encode()).digest()[:8], "little"))


@inlined
def _mix(number: Any) -> Any:
    """Return random bits of a number, or of each of an array."""
    # SplitMix64 (Steele, Lea, Flood, OOPSLA 2014)
    state = number + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


@inlined
def _hashes(event: Any, key: Any, space: Any) -> Any:
    """Return the hash of an event of data, and that of a simulated one; of numbers or arrays.

    Args:
        event: Its number, in 64 bits as the others.
        key: Of its run and block, as `dtperf.selection.brilcalc.block_keys` gives it.
        space: As `space_of` gives it.
    """
    of_data = _mix(_mix(event) ^ key)
    return of_data, _mix(of_data ^ space)


@compiled
def hashed(run: U32, block: U32, event: U64, space: U64) -> U64:
    """Mix the numbers of events to 64 bits each, which all count; and the space of simulated ones.

    Args:
        run: Shape (events,), as the others.
        block: Luminosity blocks.
        event: Numbers of events.
        space: Of their datasets, as `space_of` gives it.
    """
    hashes = empty(len(run), np.uint64)
    for i in range(len(run)):
        key = np.uint64(run[i]) << np.uint64(32) | np.uint64(block[i])
        of_data, of_simulation = _hashes(event[i], key, space[i])
        hashes[i] = of_simulation if run[i] == SIMULATION else of_data
    return hashes


def hashed_without_numba(run: U32, block: U32, event: U64, space: U64) -> U64:
    """Return what `hashed` does, in 25 times its time: importing numba takes longer than a sample.

    Args:
        run: As of `hashed`.
        block: As of `hashed`.
        event: As of `hashed`.
        space: As of `hashed`.
    """
    of_data, of_simulation = _hashes(event, block_keys(run, block), space)
    hashes: U64 = np.where(run == SIMULATION, of_simulation, of_data)
    return hashes


@compiled
def sampled(hashes: U64, run: U32, block: U32, event: U64, halvings: int, files: int) -> U64:
    """Return the entries of events whose hash is below 2^64 halved so often.

    Args:
        hashes: As `hashed` returns them.
        run: As of `hashed`.
        block: As of `hashed`.
        event: As of `hashed`.
        halvings: How often, up to 48.
        files: The word of their file.

    Returns:
        Shape (kept, WORDS), in order of the hash, unless more have nearly the same than can be by
        chance.
    """
    most = np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(halvings)
    shift = np.uint64(64 - BUCKET_BITS - halvings)
    found, n = empty(len(hashes), np.uint32), np.uint64(0)
    for i in range(len(hashes)):  # without a branch, which would be taken at random
        found[n] = i
        n += np.uint64(hashes[i] <= most)
    found = found[:n]
    ends = empty((1 << BUCKET_BITS) + 1, np.int32)
    ends[:] = 0
    for one in found:
        ends[(hashes[np.uint64(one)] >> shift) + np.uint64(1)] += np.int32(1)
    for bucket in range(1, len(ends)):
        ends[bucket] += ends[bucket - 1]
    kept = empty(len(found), np.uint32)
    for one in found:  # what was the end of the bucket before becomes that of its own
        its = hashes[np.uint64(one)] >> shift
        kept[np.uint64(ends[its])] = one
        ends[its] += np.int32(1)
    begin = np.int64(0)
    for bucket in range(len(ends) - 1):
        end = np.int64(ends[bucket])
        if 2 <= end - begin <= MOST_IN_BUCKET:
            _put_in_order(kept[begin:end], hashes)
        begin = end
    entries = empty((len(kept), WORDS), np.uint64)
    for at in range(len(kept)):
        its, entry = np.uint64(kept[at]), entries[at]
        entry[0], entry[1] = hashes[its], event[its]
        entry[2] = np.uint64(run[its]) | np.uint64(block[its]) << np.uint64(32)
        entry[3], entry[4] = np.uint64(1), np.uint64(files)
    return entries


@inlined
def _put_in_order(numbers: Any, hashes: U64) -> None:
    """Put a few numbers of events into the order of their hashes."""
    for at in range(1, len(numbers)):
        one = numbers[at]
        place = np.uint64(at)
        while place and hashes[np.uint64(numbers[place - np.uint64(1)])] > hashes[np.uint64(one)]:
            numbers[place] = numbers[place - np.uint64(1)]
            place -= np.uint64(1)
        numbers[place] = one


@compiled
def merged(some: U64, others: U64) -> U64:
    """Return the entries of both, each in order of the hash, in that order; those of `some` first.

    Args:
        some: Shape (entries, WORDS), as `others`.
        others: Of equal hashes they come second.
    """
    entries = empty((len(some) + len(others), WORDS), np.uint64)
    i = j = 0
    for at in range(len(entries)):
        takes = i < len(some) and (j == len(others) or some[i, 0] <= others[j, 0])
        source = some[i] if takes else others[j]
        for word in range(WORDS):
            entries[at, word] = source[word]
        i += takes
        j += not takes
    return entries


@compiled
def have_common(some: U64, others: U64) -> bool:
    """Return whether two samples, each in order of the hash, have a hash in common.

    Args:
        some: Shape (entries, WORDS), as `others`.
        others: The other sample.
    """
    i = j = 0
    while i < len(some) and j < len(others):
        one, other = some[i, 0], others[j, 0]
        if one == other:
            return True
        i += one < other
        j += other < one
    return False
