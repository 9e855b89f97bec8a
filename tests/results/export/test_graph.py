from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import beta

from dtperf.results.export.cells import Bins
from dtperf.results.export.root import root_file
from dtperf.results.export.root_objects import RootEfficiency
from tests.helpers.root_files import read

X = Bins("x", "x [cm]", 4, 0.0, 8.0)
ONE_SIDE = (1 - 0.682689492137086) / 2


def graph_of(axis: Bins, passed: list[float], total: list[float]) -> Any:
    item = RootEfficiency("found", "efficiency", (axis,), np.asarray(passed), np.asarray(total))
    with read(root_file({"e": item})) as file:
        return file["e"]


def test_points_are_the_bins_with_entries() -> None:
    graph = graph_of(X, [50.0, 0, 3, 0, 7, 50], [99.0, 0, 4, 5, 7, 99])
    np.testing.assert_array_equal(graph.values("x"), [3, 5, 7])
    np.testing.assert_array_equal(graph.values("y"), [0.75, 0, 1])
    for which in ("low", "high"):
        np.testing.assert_array_equal(graph.errors(which, "x"), [1, 1, 1])


def test_errors_are_those_of_clopper_and_pearson() -> None:
    graph = graph_of(X, [0.0, 0, 3, 0, 7, 0], [0.0, 0, 4, 5, 7, 0])
    low = [0.75 - beta.ppf(ONE_SIDE, 3, 2), 0, 1 - ONE_SIDE ** (1 / 7)]
    high = [beta.ppf(1 - ONE_SIDE, 4, 1) - 0.75, 1 - ONE_SIDE ** (1 / 5), 0]
    np.testing.assert_allclose(graph.errors("low", "y"), low, rtol=0, atol=1e-12)
    np.testing.assert_allclose(graph.errors("high", "y"), high, rtol=0, atol=1e-12)


def test_bins_of_different_width() -> None:
    axis = Bins("x", "x", 2, 0.0, 10.0, given_edges=(0.0, 2.0, 10.0))
    graph = graph_of(axis, [0.0, 1, 1, 0], [0.0, 1, 1, 0])
    np.testing.assert_array_equal(graph.values("x"), [1, 6])
    np.testing.assert_array_equal(graph.errors("low", "x"), [1, 4])


def test_labelled_bins_stand_at_their_value() -> None:
    axis = Bins("run", "run", 2, 0, 2, values=(380001, 380005), labelled=True)
    graph = graph_of(axis, [0.0, 1, 1, 0], [0.0, 1, 2, 0])
    np.testing.assert_array_equal(graph.values("x"), [380001, 380005])
    np.testing.assert_array_equal(graph.errors("high", "x"), [0.5, 0.5])


def test_titles_and_automatic_range() -> None:
    graph = graph_of(X, [0.0, 0, 3, 0, 7, 0], [0.0, 0, 4, 5, 7, 0])
    assert graph.classname == "TGraphAsymmErrors"
    assert graph.instance_version == 3
    assert graph.member("fTitle") == "found;x [cm];efficiency"
    assert (graph.member("fMinimum"), graph.member("fMaximum")) == (-1111, -1111)


def test_no_points() -> None:
    graph = graph_of(X, [0.0] * 6, [0.0] * 6)
    assert graph.member("fNpoints") == 0
    assert len(graph.values("y")) == 0


def test_more_passed_than_there_are_is_refused() -> None:
    with pytest.raises(ValueError, match="passed"):
        graph_of(X, [0.0, 2, 0, 0, 0, 0], [0.0, 1, 0, 0, 0, 0])
