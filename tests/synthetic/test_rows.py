from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtperf.synthetic.rows import EventRows, counts_to_offsets


def rows_of(counts: list[int]) -> EventRows:
    n = sum(counts)
    return EventRows(
        {"muon": counts_to_offsets(np.array(counts, dtype=np.int64))},
        {"event": np.arange(len(counts), dtype=np.uint64), "muon_pt": np.arange(n) * 1.5},
    )


def listed(rows: EventRows) -> list[tuple[int, list[float]]]:
    limits = rows.offsets["muon"]
    pts = [rows.values["muon_pt"][a:b].tolist() for a, b in pairwise(limits)]
    return list(zip(rows.values["event"].tolist(), pts, strict=True))


counts = st.lists(st.integers(0, 4), min_size=2, max_size=12)


@given(counts, st.data())
def test_cutting_and_joining_gives_the_events_again(counts: list[int], data: st.DataObject) -> None:
    rows = rows_of(counts)
    at = data.draw(st.integers(1, len(counts) - 1))
    parts = [rows.cut(0, at), rows.cut(at, len(counts))]
    assert [part.events for part in parts] == [at, len(counts) - at]
    assert listed(parts[0]) + listed(parts[1]) == listed(rows)
    assert listed(EventRows.join(parts)) == listed(rows)


def test_a_cut_begins_with_its_own_entries() -> None:
    cut = rows_of([2, 1, 0, 3]).cut(1, 3)
    assert cut.offsets["muon"].tolist() == [0, 1, 1]
    assert cut.values["muon_pt"].tolist() == [3.0]


def test_event_values_are_no_collection() -> None:
    rows = rows_of([1, 1])
    with_run = rows._replace(values={**rows.values, "run": np.array([7, 8])})
    assert with_run.cut(1, 2).values["run"].tolist() == [8]


@pytest.mark.parametrize(("counts", "offsets"), [([], [0]), ([2, 0, 1], [0, 2, 2, 3])])
def test_offsets_begin_at_zero(counts: list[int], offsets: list[int]) -> None:
    assert counts_to_offsets(np.array(counts, dtype=np.int64)).tolist() == offsets
