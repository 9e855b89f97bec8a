"""Histograms of every kind come back from JSON as they were."""

from __future__ import annotations

import json

import hist
import pytest
from hist import axis, storage
from uhi.io.json import default

from dtperf.results.histogram_json import real_from_uhi

HISTOGRAMS = {
    "regular": hist.Hist(axis.Regular(3, 0, 1, name="x", label="$x$ [cm]")).fill([0.1, 2.0]),
    "integer": hist.Hist(axis.Integer(-2, 3, name="wheel"), storage=storage.Int64()).fill([-2, 9]),
    "growing": hist.Hist(axis.Integer(0, 2, name="n", growth=True)).fill([7, -1]),
    "variable": hist.Hist(axis.Variable([0, 1, 5], overflow=False)).fill([3.0]),
    "runs": hist.Hist(axis.IntCategory([], growth=True, name="run")).fill([367_000, 367_001]),
    "kinds": hist.Hist(axis.StrCategory(["a", "b"], name="kind")).fill(["a", "c"]),
    "passed": hist.Hist(axis.Boolean(name="passed"), storage=storage.Int64()).fill([True, False]),
    "weights": hist.Hist(axis.Regular(2, 0, 1), storage=storage.Weight()).fill([0.1], weight=-0.3),
    "two axes": hist.Hist(axis.Regular(2, 0, 1, name="x"), axis.Boolean(name="y")).fill(0.9, True),
}


@pytest.mark.parametrize("name", HISTOGRAMS)
def test_round_trip(name: str) -> None:
    histogram = HISTOGRAMS[name]
    read = real_from_uhi(json.loads(json.dumps({name: histogram}, default=default)), "label")[name]
    assert read == histogram
    assert read.storage_type is histogram.storage_type
    assert [each.traits for each in read.axes] == [each.traits for each in histogram.axes]
    assert [(each.name, each.label) for each in read.axes] == [
        (each.name, each.label) for each in histogram.axes
    ]
