"""Booking: what enters a histogram, against sums over rows in plain Python."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dtperf.measurements import STANDARD, Measurement
from dtperf.measurements.fill import fill
from dtperf.measurements.histograms import presented, sort_categories
from dtperf.selection.details.described import COLUMNS
from dtperf.selection.tables import Table


def column(values: Any, _: Table) -> Any:
    return np.asarray(values)


def table(**columns: Any) -> Table:
    make = {name: partial(column, values) for name, values in columns.items()}
    return Table(len(next(iter(columns.values()))), make)


def filled(measurement: dict[str, Any], **columns: Any) -> Any:
    declared = Measurement.model_validate({"title": "", "table": "pairs", **measurement})
    return fill({"it": declared}, {"pairs": table(**columns)})["it"]


RUN = {"type": "category", "name": "run"}
FAIR = {"type": "regular", "name": "x", "bins": 4, "start": 0, "stop": 4}


def test_rows_are_those_where_all_columns_hold() -> None:
    counts = filled(
        {"axes": [FAIR], "rows": ["a", "b"]},
        x=[0.5, 1.5, 2.5, 3.5],
        a=[True, True, False, False],
        b=[True, False, True, False],
    )
    assert counts.view(flow=True).tolist() == [0, 1, 0, 0, 0, 0]


def test_flow() -> None:
    counts = filled({"axes": [FAIR]}, x=[-1.0, 4.0, np.nan, np.inf, 3.99])
    assert counts.view(flow=True).tolist() == [1, 0, 0, 0, 1, 3]


@given(st.lists(st.tuples(st.integers(0, 2**31 - 1), st.booleans()), max_size=30))
def test_categories(rows: list[tuple[int, bool]]) -> None:
    counts = filled(
        {"axes": [RUN], "passed": "ok"},
        run=np.array([r for r, _ in rows], dtype=np.uint32),
        ok=np.array([ok for _, ok in rows], dtype=bool),
    )
    assert list(counts.axes["run"]) == sorted({r for r, _ in rows})
    for number, run in enumerate(counts.axes["run"]):
        outcomes = [ok for r, ok in rows if r == run]
        assert counts.view()[number].tolist() == [outcomes.count(False), outcomes.count(True)]


def test_sorted_categories_do_not_tell_the_order_of_adding() -> None:
    a, b, c = (
        filled({"axes": [RUN, FAIR]}, run=runs, x=[0.5] * 2) for runs in ([7, 3], [5, 7], [1, 1])
    )
    sums = [sort_categories(x) for x in (a + b + c, c + b + a, b + c + a)]
    assert sums[0] == sums[1] == sums[2]
    assert list(sums[0].axes["run"]) == [1, 3, 5, 7]
    assert sums[0].view()[:, 0].tolist() == [2, 1, 1, 2]


@given(
    st.lists(st.tuples(st.integers(-3, 12), st.booleans(), st.sampled_from([0.5, 1.5, 9.0]))),
)
def test_thresholds(rows: list[tuple[int, bool, float]]) -> None:
    counts = filled(
        {
            "axes": [FAIR, {"type": "at_least", "name": "hits", "first": 1, "last": 8}],
            "passed": "ok",
        },
        x=np.array([x for *_, x in rows], dtype=float),
        hits=np.array([h for h, *_ in rows], dtype=np.int16),
        ok=np.array([ok for _, ok, _ in rows], dtype=bool),
    )
    view = counts.view(flow=True)
    for x, at in ((0.5, 1), (1.5, 2), (9.0, 5)):
        mine = [(h, ok) for h, ok, value in rows if value == x]
        for threshold in range(1, 9):
            passed = sum(ok and h >= threshold for h, ok in mine)
            assert view[at, threshold - 1].tolist() == [len(mine) - passed, passed]


@pytest.mark.parametrize("kind", ["u1", "i1", "u4", "i8", "f4"])
def test_thresholds_far_from_zero(kind: str) -> None:
    values = [0, 98, 99, 100, 101, 127]
    axis = {"type": "at_least", "name": "hits", "first": 99, "last": 101}
    always = np.ones(len(values), dtype=bool)
    counts = filled({"axes": [axis], "passed": "ok"}, hits=np.array(values, kind), ok=always)
    assert counts.view()[:, 1].tolist() == [4, 3, 2]


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.floats(-12.5, 12.5, width=32), st.integers(1, 3)), min_size=1),
    st.randoms(),
)
def test_profiles(rows: list[tuple[float, int]], random: Any) -> None:
    def profile(some: list[tuple[float, int]]) -> Any:
        return filled(
            {"axes": [{"type": "integer", "name": "s", "first": 1, "last": 3}], "mean_of": "y"},
            s=np.array([s for _, s in some], dtype=np.int64),
            y=np.array([y for y, _ in some], dtype=np.float32),
        )

    whole = profile(rows)
    shuffled = random.sample(rows, len(rows))
    cut = random.randint(0, len(rows))
    # the same bits, in whatever order and pieces it was added up
    assert profile(shuffled[:cut]) + profile(shuffled[cut:]) == whole
    shown = presented(whole).view()
    for s in (1, 2, 3):
        ys = [Fraction(y) for y, station in rows if station == s]
        assert shown[s - 1]["count"] == len(ys)
        if ys:
            mean = sum(ys) / len(ys)
            assert abs(shown[s - 1]["value"] - float(mean)) < 1e-9
            spread = float(sum((y - mean) ** 2 for y in ys))
            assert abs(shown[s - 1]["_sum_of_deltas_squared"] - spread) < 1e-6 * max(1, len(ys))


def test_a_measurement_without_its_column_is_left_out() -> None:
    declared = Measurement.model_validate({"title": "", "table": "pairs", "axes": [FAIR]})
    assert fill({"it": declared}, {"pairs": table(y=[1.0])}) == {}


def test_standard_measurements_use_described_columns_only() -> None:
    for name, measurement in STANDARD.items():
        assert measurement.columns <= COLUMNS[measurement.table].keys(), name
        assert measurement.title
        assert all(axis.label for axis in measurement.axes), name


@pytest.mark.parametrize(
    "wrong",
    [
        {"axes": []},
        {"axes": [FAIR, FAIR]},
        {"axes": [{**FAIR, "name": "passed"}]},
        {"axes": [FAIR], "passed": "a", "mean_of": "b"},
        {"axes": [{"type": "at_least", "name": "h", "first": 1, "last": 8}]},
        {"axes": [{**FAIR, "bins": 0}]},
        {"axes": [{**FAIR, "stop": 0}]},
        {"axes": [{"type": "variable", "name": "x", "edges": [1, 1]}]},
        {"axes": [FAIR], "table": "muons"},
    ],
)
def test_wrong_declarations(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Measurement.model_validate({"title": "", "table": "pairs", **wrong})


def test_a_table_is_shown_as_records() -> None:
    records = table(x=[0.5, 1.5], ok=[True, False]).to_awkward()
    assert records.to_list() == [{"x": 0.5, "ok": True}, {"x": 1.5, "ok": False}]
