"""Profiles of so many entries that 64 bits do not hold their sums, as of mean timers of a year."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import hist
import numpy as np
import pytest

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
    columns = {"y": VALUES, "place": np.arange(ROWS) % PLACES}
    make = {name: partial(lambda values, _: values, values) for name, values in columns.items()}
    axes = [{"type": "integer", "name": "place", "first": 0, "last": PLACES - 1}]
    declared = {"title": "", "table": "pairs", "axes": axes, "mean_of": "y"}
    measurement = Measurement.model_validate(declared)
    counts = fill({"it": measurement}, {"pairs": Table(ROWS, make)})["it"]
    for _ in range(DOUBLINGS):
        counts = counts + counts
    return counts


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


def test_they_are_stored_and_exported(many: Any) -> None:
    assert from_uhi(json.loads(to_json({"it": many})), "counts") == {"it": many}
    exported: Any = to_object(HistogramCells.of(many), "", "")
    assert exported.squares[1:-1] == pytest.approx(
        [(of_place(place) ** 2).sum() * 2**DOUBLINGS for place in range(PLACES)], rel=1e-9
    )
