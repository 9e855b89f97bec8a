"""Edge distances as CMS gives them."""

from __future__ import annotations

import numpy as np

from dtperf.detector import Chamber, edge_distances, lengths_cm, sensitive_edge_distances, widths_cm


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


def test_what_is_sensitive_ends_before_the_chamber() -> None:
    places = [Chamber(-2, 1, 1), Chamber(1, 4, 2), Chamber(1, 8, 4), Chamber(0, 1, 4)]
    codes = np.array([*(place.code for place in places), -1], dtype=np.int16)
    x, y = np.array([100.0, -100.0, 100.0, 100.0, 3.0]), np.full(5, 100.0)
    edge_x, edge_y = sensitive_edge_distances(codes, x, y)
    # of phi superlayers at -1.6 and 0.5 cm; at -3.4 and 0.8; at -4.2 and 4.2, twice
    ends = (0.5 + 212.64 / 2, 3.4 + 256.74 / 2, 4.2 + 391.14 / 2, 4.2 + 407.94 / 2)
    np.testing.assert_allclose(edge_x, [*(100 - end for end in ends), 3.0])
    # of theta superlayers, and of the wires of MB4
    widths = (246.24, 206.34, 251.1, 251.1)
    np.testing.assert_allclose(edge_y, [*(100 - width / 2 for width in widths), 100.0])
