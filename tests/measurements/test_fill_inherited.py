"""Booking by columns of a table's parent, against sums over rows in plain Python."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dtperf.measurements import Measurement
from dtperf.measurements.fill import fill
from dtperf.measurements.moments import SUM_UNIT
from dtperf.selection.tables import Table

PARENTS = st.lists(
    st.tuples(st.integers(1, 4), st.integers(300, 303), st.booleans()), min_size=1, max_size=8
)
OWN = st.tuples(st.integers(0, 99), st.integers(1, 4), st.booleans(), st.booleans())
# values 1 and 4 have no bin on these axes
MINE = {"type": "integer", "name": "mine", "first": 2, "last": 3}
THEIRS = {"type": "integer", "name": "theirs", "first": 2, "last": 3}
RUN = {"type": "category", "name": "run"}


def made(values: Any, dtype: Any) -> Any:
    return partial(lambda column, _: column, np.array(values, dtype=dtype))


def tables(parents: list[Any], rows: list[Any]) -> tuple[Table, list[tuple[Any, ...]]]:
    """Return a table with a parent, and its rows: mine, enters, passed, theirs, run, is_good."""
    theirs, runs, good = zip(*parents, strict=True)
    parent = Table(
        len(parents),
        {
            "theirs": made(theirs, np.int8),
            "run": made(runs, np.uint32),
            "is_good": made(good, bool),
        },
    )
    link = [at % len(parents) for at, *_ in rows]
    mine, enters, passed = ([row[i] for row in rows] for i in (1, 2, 3))
    make = {
        "link": made(link, np.int64),
        "mine": made(mine, np.int16),
        "enters": made(enters, bool),
        "passed_own": made(passed, bool),
    }
    plain = [
        (m, e, p, *parents[at]) for m, e, p, at in zip(mine, enters, passed, link, strict=True)
    ]
    return Table(len(rows), make, parent=parent, link="link"), plain


def filled(table: Table, **declared: Any) -> Any:
    measurement = Measurement.model_validate({"title": "", "table": "crossings", **declared})
    return fill({"it": measurement}, {"crossings": table})["it"]


@settings(max_examples=60)
@given(PARENTS, st.lists(OWN, max_size=30))
def test_own_and_inherited_axes(parents: list[Any], rows: list[Any]) -> None:
    table, plain = tables(parents, rows)
    entering = [row for row in plain if row[1]]
    runs = sorted({row[4] for row in entering})
    for passed, at in (("passed_own", 2), ("is_good", 5)):
        axes = [THEIRS, MINE, RUN]
        counts = filled(table, axes=axes, rows=["enters"], passed=passed)
        assert list(counts.axes["run"]) == runs
        expected = Counter((row[3], row[0], row[4], row[at]) for row in entering)
        for i, theirs in enumerate((2, 3)):
            for j, mine in enumerate((2, 3)):
                for k, run in enumerate(runs):
                    found = counts.view()[i, j, k].tolist()
                    assert found == [expected[theirs, mine, run, ok] for ok in (False, True)]


@settings(max_examples=30)
@given(PARENTS, st.lists(OWN, max_size=30))
def test_means_by_own_and_inherited_axes(parents: list[Any], rows: list[Any]) -> None:
    table, plain = tables(parents, rows)
    counts = filled(table, axes=[THEIRS, MINE], mean_of="mine")
    for i, theirs in enumerate((2, 3)):
        for j, mine in enumerate((2, 3)):
            n = sum(row[3] == theirs and row[0] == mine for row in plain)
            assert counts.view()[i, j, :2].tolist() == [n, round(n * mine / SUM_UNIT)]


def test_an_inherited_axis_alone() -> None:
    table, _ = tables([(2, 300, True), (3, 300, True)], [(0, 1, True, True), (1, 1, True, True)])
    assert filled(table, axes=[THEIRS]).view().tolist() == [1, 1]
