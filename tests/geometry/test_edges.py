"""Edge distances as CMS gives them."""

from __future__ import annotations

import numpy as np

from dtperf.geometry import Chamber, edge_distances, lengths_cm, widths_cm


def test_they_are_negative_inside() -> None:
    codes = np.array([Chamber(-2, 1, 1).code] * 2 + [Chamber(1, 4, 4).code], dtype=np.int16)
    x, y = np.array([-100.0, 120.0, 0.0]), np.array([0.0, -130.0, 106.05])
    edge_x, edge_y = edge_distances(codes, x, y)
    np.testing.assert_allclose(edge_x, [-9.0, 11.0, -157.96])
    np.testing.assert_allclose(edge_y, [-125.55, 4.45, 0.0], atol=1e-12)


def test_single_precision_is_rounded_once() -> None:
    rng = np.random.default_rng(3)
    codes = rng.integers(210, 280, 1000).astype(np.int16)
    x, y = rng.uniform(-250, 250, (2, 1000)).astype(np.float32)
    edge_x, edge_y = edge_distances(codes, x, y)
    expected_x = np.abs(x.astype(np.float64)) - widths_cm()[codes] / 2
    expected_y = np.abs(y.astype(np.float64)) - lengths_cm()[codes] / 2
    assert edge_x.dtype == edge_y.dtype == np.float32
    np.testing.assert_array_equal(edge_x, expected_x.astype(np.float32))
    np.testing.assert_array_equal(edge_y, expected_y.astype(np.float32))


def test_unknown_chambers_have_no_size() -> None:
    edge_x, edge_y = edge_distances(np.array([-1]), np.array([-3.0]), np.array([4.0]))
    assert (edge_x[0], edge_y[0]) == (3.0, 4.0)
