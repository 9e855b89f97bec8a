from __future__ import annotations

import hist
import numpy as np

from dtperf.results.export.cells import Bins


def test_regular() -> None:
    bins = Bins.of(hist.axis.Regular(4, -1, 1, name="dz", label=r"$\Delta z$ [cm]"))
    assert bins == Bins("dz", "#Delta z [cm]", 4, -1.0, 1.0)
    np.testing.assert_array_equal(bins.edges, [-1, -0.5, 0, 0.5, 1])
    np.testing.assert_array_equal(bins.centres, [-0.75, -0.25, 0.25, 0.75])


def test_variable_keeps_its_edges() -> None:
    bins = Bins.of(hist.axis.Variable([0, 1, 5.5], name="pt"))
    assert bins == Bins("pt", "pt", 2, 0.0, 5.5, given_edges=(0.0, 1.0, 5.5))
    np.testing.assert_array_equal(bins.edges, [0, 1, 5.5])


def test_integers_lie_in_the_middle() -> None:
    bins = Bins.of(hist.axis.Integer(-2, 3, name="wheel"))
    np.testing.assert_array_equal(bins.centres, [-2, -1, 0, 1, 2])
    assert bins.values == (-2, -1, 0, 1, 2)
    assert not bins.labelled


def test_categories_are_labels() -> None:
    bins = Bins.of(hist.axis.IntCategory([380001, 380007], name="run", label="run"))
    assert bins.labelled
    assert bins.values == (380001, 380007)
    np.testing.assert_array_equal(bins.edges, [0, 1, 2])


def test_no_categories_are_no_bins() -> None:
    bins = Bins.of(hist.axis.IntCategory([], growth=True, name="run"))
    assert bins.number == 0
    assert len(bins.centres) == 0
