"""Join several filesets into one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any

from dtperf.errors import InputError
from dtperf.filesets.model import Files, InputFile, union
from dtperf.wording import counted

__all__ = ["join"]


def join(*filesets: Iterable[InputFile]) -> Files:
    """Return one fileset of several, in which each event is once.

    Entries with the same UUID, or an address in common, are one file: it has the events of all,
    the path and dataset of the first, and the other addresses as replicas.

    Args:
        filesets: Files of each.

    Returns:
        The files, in the order in which they first appear.

    Raises:
        InputError: What is known of one file differs.
    """
    files = [file for fileset in filesets for file in fileset]
    groups: dict[int, list[InputFile]] = defaultdict(list)
    for number, first in enumerate(_first_of_each(files)):
        groups[first].append(files[number])
    return Files(_merged(same) if len(same) > 1 else same[0] for same in groups.values())


def _first_of_each(files: Sequence[InputFile]) -> Iterator[int]:
    """Yield for each file the number of the first that is the same, if by way of others."""
    firsts = [*range(len(files))]

    def first_of(number: int) -> int:
        while firsts[number] != number:
            firsts[number] = firsts[firsts[number]]
            number = firsts[number]
        return number

    owners: dict[Hashable, int] = {}
    for number, file in enumerate(files):
        for name in (file.uuid, file.path, *file.replicas):
            if name is not None:
                one, other = first_of(owners.setdefault(name, number)), first_of(number)
                firsts[max(one, other)] = min(one, other)
    return (first_of(number) for number in range(len(files)))


def _merged(same: Sequence[InputFile]) -> InputFile:
    first = same[0]
    names = ("tree", "uuid", "entries", "bytes", "generation", "cluster")
    agreed = {name: _agreed(same, name) for name in names}
    addresses = dict.fromkeys(name for file in same for name in (file.path, *file.replicas))
    replicas = tuple(name for name in addresses if name != first.path)
    file = first._replace(replicas=replicas, ranges=None, **agreed)
    ranges_of_each = [each.ranges for each in same]
    if any(ranges is None for ranges in ranges_of_each):
        return file
    events = union(each for ranges in ranges_of_each if ranges for each in ranges)
    if file.entries is not None and events and events[-1][1] > file.entries:
        raise InputError(
            f"{first.path}: has {counted(file.entries, 'event')}, fewer than another fileset wants",
            "changed",
        )
    return file.only(events)


def _agreed(same: Sequence[InputFile], name: str) -> Any:
    """Return the value of a key that all entries of one file agree on; None if none has it."""
    first: InputFile | None = None
    for file in same:
        value = getattr(file, name)
        if value is None:
            continue
        if first is None:
            first = file
        elif getattr(first, name) != value:
            raise InputError(
                f"{first.path} and {file.path}: are one file by path or UUID, but differ in {name} "
                f"({getattr(first, name)} and {value}): build the filesets anew",
                "changed",
            )
    return None if first is None else getattr(first, name)
