"""Which parts have the events that were read, each once, whatever lies beside them."""

from __future__ import annotations

from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dtperf
from dtperf.results.ledger import Ledger, LedgerRow
from dtperf.skim.stored import covering_parts

FILES = [str(UUID(int=number)) for number in range(3)]


def row(uuid: str, start: int, stop: int, status: str = "read") -> LedgerRow:
    place = (f"{uuid}.root", uuid, start, stop, status, "", "")
    return LedgerRow(*place, "", 1, 0, 0.0, "")


def cut(start: int, stop: int, cuts: list[int]) -> list[tuple[int, int]]:
    edges = sorted({start, stop, *(each for each in cuts if start < each < stop)})
    return [*pairwise(edges)]


def name(uuid: str, part: tuple[int, int]) -> str:
    return f"{uuid}-{part[0]}-{part[1]}"


CUTS = st.lists(st.integers(1, 59), max_size=6)
LEFT = st.lists(st.tuples(st.integers(0, 59), st.integers(1, 60)).filter(lambda p: p[0] < p[1]))


@given(st.lists(st.tuples(CUTS, CUTS, LEFT), min_size=1, max_size=3))
def test_each_event_is_in_one_part(
    files: list[tuple[list[int], list[int], list[tuple[int, int]]]],
) -> None:
    rows, names = [], set()
    for uuid, (chunks, parts, left) in zip(FILES, files, strict=False):
        for start, stop in cut(0, 60, chunks):
            rows.append(row(uuid, start, stop))
            names |= {name(uuid, part) for part in cut(start, stop, parts)}
        names |= {name(uuid, part) for part in left}
    found = covering_parts(Ledger(rows), sorted(names))
    assert names.issuperset(found)
    for uuid, _ in zip(FILES, files, strict=False):
        events = [
            event
            for each in found
            if each.startswith(uuid)
            for event in range(*map(int, each[len(uuid) + 1 :].split("-")))
        ]
        assert sorted(events) == [*range(60)]


@given(CUTS, CUTS, st.data())
def test_a_part_that_is_missing_is_told(
    chunks: list[int], parts: list[int], data: st.DataObject
) -> None:
    spans = cut(0, 60, chunks)
    names = [name(FILES[0], part) for span in spans for part in cut(*span, parts)]
    names.remove(data.draw(st.sampled_from(names)))
    rows = [row(FILES[0], *span) for span in spans]
    with pytest.raises(dtperf.InputError, match=rf"{FILES[0]}\.root: events \d+ to \d+ are in no"):
        covering_parts(Ledger(rows), names)


def test_what_was_skipped_needs_no_part() -> None:
    rows = [row(FILES[0], 0, 20), row(FILES[0], 20, 60, "skipped")]
    parts = [name(FILES[0], (0, 20)), name(FILES[0], (20, 60)), "notes.txt"]
    assert covering_parts(Ledger(rows), parts) == parts[:1]
