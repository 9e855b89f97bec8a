"""Bins against ROOT's own `TAxis::FindFixBin`; left out where ROOT is not there."""

from __future__ import annotations

import warnings
from math import nextafter

import numpy as np
import pytest

from dtperf.measurements.declaration import OlderRegular, Regular
from dtperf.measurements.places import bin_numbers
from tests.helpers.edges import REGULAR, beside_edges

with warnings.catch_warnings():
    # the wheel announces that it is an alpha release
    warnings.simplefilter("ignore")
    ROOT = pytest.importorskip("ROOT")


def has_newer_rule() -> bool:
    return int(ROOT.TAxis(96, -1.2, 1.2).FindFixBin(-0.875)) == 14


@pytest.mark.parametrize("axis", REGULAR, ids=lambda axis: f"{axis.name}-{axis.bins}")
def test_every_standard_axis_on_its_edges(axis: Regular) -> None:
    theirs = ROOT.TAxis(axis.bins, axis.start, axis.stop)
    edges = [theirs.GetBinLowEdge(i + 1) for i in range(axis.bins + 1)]
    values = np.array([*beside_edges(edges), *np.float32(edges), nextafter(axis.stop, -1e9)])
    ours = axis if has_newer_rule() else OlderRegular.model_validate(axis.model_dump())
    expected = [theirs.FindFixBin(float(value)) for value in values]
    assert bin_numbers(ours, values).tolist() == expected
