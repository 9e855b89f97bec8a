"""Profiles of which 64 bits do not hold the sums: of a year's mean timers, or of run numbers."""

from __future__ import annotations

import json
from fractions import Fraction
from functools import partial
from typing import Any

import hist
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dtperf.measurements import Measurement
from dtperf.measurements.fill import fill
from dtperf.measurements.histograms import means, presented, profile_on
from dtperf.results.export.cells import HistogramCells
from dtperf.results.export.root_objects import to_object
from dtperf.results.histogram_json import from_uhi, to_json
from dtperf.selection.tables import Table

PLACES, ROWS, DOUBLINGS = 6, 1200, 15
VALUES = np.random.default_rng(3).normal(387, 15, ROWS).astype(np.float32)


@pytest.fixture(scope="module")
def many() -> Any:
    """6.5 million entries in each of 6 bins: 40,000,000 of 387 ns in all."""
    counts = filled(VALUES, np.arange(ROWS) % PLACES)
    for _ in range(DOUBLINGS):
        counts = counts + counts
    return counts


def filled(values: Any, places: Any) -> Any:
    """The profile of some rows."""
    columns = {"y": values, "place": places}
    make = {name: partial(lambda values, _: values, values) for name, values in columns.items()}
    axes = [{"type": "integer", "name": "place", "first": 0, "last": PLACES - 1}]
    declared = {"title": "", "table": "pairs", "axes": axes, "mean_of": "y"}
    measurement = Measurement.model_validate(declared)
    return fill({"it": measurement}, {"pairs": Table(len(values), make)})["it"]


def of_place(place: int) -> Any:
    return VALUES[place::PLACES].astype(np.float64)


def test_mean_and_spread_of_each_bin(many: Any) -> None:
    assert (many.view()[:, 2] < 0).any()  # a sum is beyond what it is kept in, or nothing is tested
    shown: Any = presented(many).view()
    for place in range(PLACES):
        its = of_place(place)
        n = len(its) << DOUBLINGS
        assert shown["count"][place] == n
        assert shown["value"][place] == pytest.approx(its.mean(), abs=1e-6)
        assert shown["_sum_of_deltas_squared"][place] == pytest.approx(n * its.var(), rel=1e-6)


def test_all_bins_together(many: Any) -> None:
    both = hist.Hist(
        hist.axis.Integer(0, 1, name="one", flow=False), *many.axes, storage=hist.storage.Int64()
    )
    both.view()[0] = many.view()
    mean, error = means(profile_on(both, "one"))
    values = VALUES.astype(np.float64)
    assert mean == pytest.approx([values.mean()], abs=1e-6)
    assert error == pytest.approx([values.std() / (ROWS << DOUBLINGS) ** 0.5], rel=1e-6)


@settings(max_examples=40)
@given(
    st.lists(st.floats(-524287.9, 524287.9) | st.integers(-524287, 524287), min_size=1),
    st.integers(0, 26),
)
def test_any_value_so_often_as_a_bin_can_have(values: list[float], doublings: int) -> None:
    counts = filled(np.array(values, dtype=np.float64), np.zeros(len(values), dtype=np.int16))
    for _ in range(doublings):
        counts = counts + counts
    # the same in rational numbers
    n, sums = len(values), [Fraction(round(Fraction(y) * 2**30), 2**30) for y in values]
    mean = sum(sums) / n
    squares = sum(Fraction(round(Fraction(y * y) * 2**24), 2**24) for y in values)
    spread = max((squares - n * mean * mean) * 2**doublings, 0)
    shown: Any = presented(counts).view()[0]
    assert shown["count"] == n << doublings
    assert shown["value"] == pytest.approx(float(mean), rel=1e-14, abs=1e-14)
    rounding = 1e-14 * float(squares) * 2**doublings
    assert shown["_sum_of_deltas_squared"] == pytest.approx(float(spread), rel=1e-9, abs=rounding)


def test_run_numbers() -> None:
    runs = (370_000 + np.arange(60_000) // 6).astype(np.uint32)
    counts = filled(runs, np.arange(60_000) % PLACES)
    for _ in range(5):
        counts = counts + counts
    mean, error = means(profile_on(counts, "place"))
    assert mean == pytest.approx([runs.mean()] * PLACES, abs=1e-6)
    assert error == pytest.approx([runs.std() / (10_000 << 5) ** 0.5] * PLACES, rel=1e-5)


def test_profiles_of_older_versions(many: Any) -> None:
    """They had no high parts: what their squares lost is found again by the mean."""
    axis = hist.axis.StrCategory(["entries", "sum", "sum_of_squares"], name="moment", flow=False)
    older: Any = hist.Hist(*many.axes[:-1], axis, storage=hist.storage.Int64())
    older.view()[...] = many.view()[..., :3]
    read: Any = from_uhi(json.loads(to_json({"it": older})), "counts")["it"]
    both: Any = read + many
    for counts, times in ((read, 1), (both, 2)):
        shown: Any = presented(counts).view()
        for place in range(PLACES):
            its, n = of_place(place), times * len(of_place(place)) << DOUBLINGS
            assert shown["value"][place] == pytest.approx(its.mean(), abs=1e-6)
            assert shown["_sum_of_deltas_squared"][place] == pytest.approx(n * its.var(), rel=1e-6)


def test_they_are_stored_and_exported(many: Any) -> None:
    assert from_uhi(json.loads(to_json({"it": many})), "counts") == {"it": many}
    exported: Any = to_object(HistogramCells.of(many), "", "")
    assert exported.squares[1:-1] == pytest.approx(
        [(of_place(place) ** 2).sum() * 2**DOUBLINGS for place in range(PLACES)], rel=1e-9
    )
