"""Split filesets into parts of equal size, or draw a sample of their files."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from heapq import heapify, heapreplace

from dtperf.errors import ConfigError
from dtperf.filesets.model import Files, InputFile, Range
from dtperf.wording import counted

__all__ = ["sample", "split"]

MAX_PARTS = 10_000


def split(
    files: Iterable[InputFile], parts: int | None = None, max_events: int | None = None
) -> list[Files]:
    """Return parts of a fileset that together have each event once.

    Args:
        files: The files.
        parts: How many parts; files stay whole, and events are spread evenly. A file whose events
            are not known counts as much as the others do on average.
        max_events: How many events a part may have; files are cut where they must be.

    Returns:
        Fileset after fileset, files in the order given.

    Raises:
        ConfigError: Neither or both are given, or it cannot be done.
    """
    given = [*files]
    if (parts is None) == (max_events is None):
        raise ConfigError("split: give a number of parts, or the most events a part may have")
    if parts is not None:
        _check_number(parts)
        if parts > len(given):
            raise ConfigError(
                f"split: {counted(len(given), 'file')} cannot be {parts} parts: "
                "say how many events a part may have, then files are cut"
            )
        return [*map(Files, _balanced(given, parts))]
    assert max_events is not None
    return [*map(Files, _cut(given, max_events))]


def _check_number(parts: int) -> None:
    if not 1 <= parts <= MAX_PARTS:
        raise ConfigError(f"split: {counted(parts, 'part')}: give 1 to {MAX_PARTS:,}")


def _balanced(files: Sequence[InputFile], parts: int) -> list[list[InputFile]]:
    counted = [file.events for file in files if file.is_counted]
    average = sum(counted) // len(counted) if counted else 1
    weights = [file.events if file.is_counted else average for file in files]
    # the largest file first, each to the part with the fewest events
    order = sorted(range(len(files)), key=lambda number: -weights[number])
    loads = [(0, 0, part) for part in range(parts)]
    heapify(loads)
    part_of = [0] * len(files)
    for number in order:
        events, n_files, part = loads[0]
        part_of[number] = part
        heapreplace(loads, (events + weights[number], n_files + 1, part))
    shares: list[list[InputFile]] = [[] for _ in range(parts)]
    for file, part in zip(files, part_of, strict=True):
        shares[part].append(file)
    return shares


def _cut(files: Sequence[InputFile], max_events: int) -> list[list[InputFile]]:
    unknown = next((file for file in files if not file.is_counted), None)
    if unknown is not None:
        raise ConfigError(
            f"split: {unknown.path}: its number of events is not known: "
            "build the fileset first, or split into whole files by a number of parts"
        )
    if max_events < 1:
        raise ConfigError(f"split: {counted(max_events, 'event')} in a part: give 1 or more")
    total = sum(file.events for file in files)
    parts = max(1, -(-total // max_events))
    _check_number(parts)
    ends = [total * (part + 1) // parts for part in range(parts)]
    shares: list[list[InputFile]] = [[] for _ in range(parts)]
    at = part = 0
    for file in files:
        pieces: dict[int, list[Range]] = defaultdict(list)
        for first, last in file.to_read:
            start = first
            while start < last:
                if at == ends[part]:
                    part += 1
                stop = min(last, start + ends[part] - at)
                pieces[part].append((start, stop))
                at += stop - start
                start = stop
        if not pieces:
            shares[part].append(file)
        for part_number, ranges in pieces.items():
            shares[part_number].append(file.only(ranges))
    return shares


def sample(
    files: Iterable[InputFile],
    n_files: int | None = None,
    n_events: int | None = None,
    seed: int = 1,
) -> Files:
    """Draw whole files at random, from each dataset by its number of files.

    Args:
        files: The files.
        n_files: How many to draw; from each dataset at least one, if there are as many.
        n_events: Draw files until they have so many events.
        seed: Another one gives other files; the same gives the same, whatever their order.

    Returns:
        What was drawn, in the order given.

    Raises:
        ConfigError: Neither or both numbers are given, or there is less than is asked for.
    """
    given = [*files]
    if (n_files is None) == (n_events is None):
        raise ConfigError("sample: give a number of files, or one of events")
    order = _spread(given, seed)
    if n_files is not None:
        if not 1 <= n_files <= len(given):
            raise ConfigError(
                f"sample: {n_files} of {counted(len(given), 'file')}: give 1 to {len(given)}"
            )
        drawn = order[:n_files]
    else:
        assert n_events is not None
        drawn = _until(given, order, n_events)
    return Files(given[number] for number in sorted(drawn))


def _spread(files: Sequence[InputFile], seed: int) -> list[int]:
    """Return files in random order, in which any first part has each dataset in proportion."""
    ranks = [_rank(file, seed) for file in files]
    datasets: dict[str, list[int]] = defaultdict(list)
    for number in sorted(range(len(files)), key=ranks.__getitem__):
        datasets[files[number].dataset].append(number)
    share = {
        number: rank / len(numbers)
        for numbers in datasets.values()
        for rank, number in enumerate(numbers)
    }
    return sorted(share, key=lambda number: (share[number], ranks[number]))


def _rank(file: InputFile, seed: int) -> bytes:
    return hashlib.sha256(f"{seed} {file.uuid or file.path}".encode()).digest()


def _until(files: Sequence[InputFile], order: Iterable[int], n_events: int) -> list[int]:
    total = sum(file.events for file in files)
    if not 1 <= n_events <= total:
        raise ConfigError(f"sample: {n_events:,} of {total:,} events that are known of: give less")
    drawn = []
    for number in order:
        if n_events <= 0:
            break
        drawn.append(number)
        n_events -= files[number].events
    return drawn
