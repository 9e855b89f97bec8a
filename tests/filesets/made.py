"""Filesets made up for tests, and what they hold as plain sets of events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from hypothesis import strategies as st

from dtperf.filesets import InputFile

__all__ = ["Event", "events", "file", "filesets", "known", "many", "ranges"]

Event = tuple[UUID | str, int]


def file(number: int, entries: int = 10, **known: object) -> InputFile:
    """A file of which all is known."""
    made = InputFile(
        f"/data/{number}.root",
        "Events",
        f"dataset {number % 3}",
        UUID(int=number + 1),
        entries,
        1000 + number,
        generation="B",
    )
    return made._replace(**known)


def many(n_files: int, entries: int = 10) -> list[InputFile]:
    return [file(number, entries) for number in range(n_files)]


def events(files: Iterable[InputFile]) -> Counter[Event]:
    """How often each event is to be read."""
    return Counter(
        (each.uuid or each.path, event)
        for each in files
        for a, b in each.to_read
        for event in range(a, b)
    )


def known(files: Iterable[InputFile]) -> set[object]:
    """What is said of each file, whatever its events and addresses."""
    return {(each.uuid, each.tree, each.entries, each.bytes, each.generation) for each in files}


def ranges(entries: int) -> st.SearchStrategy[list[tuple[int, int]]]:
    """Draw ranges that may touch, overlap and be without events."""
    edge = st.integers(0, entries)
    return st.lists(st.tuples(edge, edge).map(lambda pair: (min(pair), max(pair))), max_size=4)


@st.composite
def filesets(draw: st.DrawFn, most: int = 6, is_whole: bool = False) -> list[InputFile]:
    """Draw some of a few files, known in all, each with some of its events."""
    numbers = draw(st.lists(st.integers(0, most - 1), unique=True, max_size=most))
    files = []
    for number in numbers:
        # a file has the same events whenever it is drawn
        made = file(number, entries=(0, 1, 5, 12, 30, 7)[number % 6])
        if not is_whole and draw(st.booleans()):
            made = made.only(draw(ranges(made.entries or 0)))
        files.append(made)
    return files
