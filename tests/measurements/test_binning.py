"""Bins against ROOT's rule, written out in plain Python by the oracle."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dtperf.measurements import binning
from dtperf.measurements.declaration import Variable
from tests.helpers.edges import AXES, REGULAR, beside_edges
from tests.helpers.reference_books import bin_finder

WIDENING = next(axis.edges for axis in AXES if isinstance(axis, Variable) and len(axis.edges) > 3)


def bins_of(find: Callable[..., None], values: NDArray[Any], *axis: Any) -> NDArray[np.int16]:
    bins = np.full(len(values), -9, dtype=np.int16)
    find(values, *axis, bins)
    return bins


def rule(edges: list[float], values: list[float], older: bool = False) -> list[int]:
    find = bin_finder(edges, older)
    return [find(value) for value in values]


@pytest.mark.parametrize("older", [False, True])
def test_every_standard_axis_on_its_edges(older: bool) -> None:
    assert len(REGULAR) > 15
    for axis in REGULAR:
        edges = [
            axis.start + i * (axis.stop - axis.start) / axis.bins for i in range(axis.bins)
        ] + [axis.stop]
        values = [*beside_edges(edges), nan, inf, -inf]
        for dtype in (np.float64, np.float32):
            given_values = np.array(values, dtype=dtype)
            got = bins_of(
                binning.regular_bins, given_values, axis.bins, axis.start, axis.stop, not older
            ).tolist()
            assert got == rule(edges, [float(v) for v in given_values], older), axis.name


@settings(max_examples=200)
@given(
    st.lists(st.floats(width=32), min_size=1),
    st.integers(1, 500),
    st.floats(-1e4, 1e4),
    st.floats(1e-3, 1e4),
)
def test_any_regular_axis_by_the_older_rule(
    values: list[float], n: int, start: float, width: float
) -> None:
    stop = start + width
    got = bins_of(binning.regular_bins, np.array(values), n, start, stop, False).tolist()
    expected = []
    for x in values:
        if x < start:
            expected.append(0)
        elif not x < stop:
            expected.append(n + 1)
        else:
            expected.append(1 + int(n * (x - start) / (stop - start)))
    assert got == expected


@settings(max_examples=200)
@given(
    st.data(),
    st.integers(1, 500),
    st.floats(-1e4, 1e4),
    st.floats(1e-3, 1e4),
)
def test_any_regular_axis_by_the_newer_rule(
    data: st.DataObject, n: int, start: float, span: float
) -> None:
    """A value is between the edges of its bin, wherever rounding has put them."""
    stop = start + span
    width = (stop - start) / n
    numbers = data.draw(st.lists(st.integers(0, n), min_size=1, max_size=20))
    values = beside_edges([start + i * width for i in numbers])
    bins = bins_of(binning.regular_bins, np.array(values), n, start, stop, True)
    for x, found in zip(values, bins, strict=True):
        if x < start:
            assert found == 0
        elif x >= stop:
            assert found == n + 1
        else:
            assert start + (found - 1) * width <= x < start + found * width or found == n + 1
            assert found <= n or x >= start + n * width


@settings(max_examples=50)
@given(
    st.integers(1, 30_000),
    st.floats(-1e5, 1e5),
    st.floats(1e-3, 1e5),
    st.booleans(),
    st.integers(0, 1000),
    st.sampled_from([np.float32, np.int16, np.int8]),
)
def test_narrow_numbers_have_the_bins_of_wide_ones(
    n: int, start: float, span: float, by_edges: bool, seed: int, dtype: type[np.number[Any]]
) -> None:
    """Hundreds on an edge or beside it in a row, then few among many that are not."""
    rng = np.random.default_rng(seed)
    stop = start + span
    on_edges = rng.integers(0, n + 1, 3000) * (span / n) + start
    values = rng.uniform(start - span / 8, stop + span / 8, 3000)
    values[rng.random(3000) < np.linspace(1, 0, 3000) ** 4] = nan
    values = np.where(np.isnan(values), on_edges, values)
    limits = np.iinfo(dtype) if issubclass(dtype, np.integer) else np.finfo(dtype)
    narrow = np.clip(values, float(limits.min), float(limits.max)).astype(dtype)
    if dtype is np.float32:
        narrow[::97] = rng.choice(
            np.float32([nan, inf, -inf, 3e38, -3e38, 1e-42]), len(narrow[::97])
        )
        narrow[1::3] = np.nextafter(narrow[1::3], np.float32(inf))
    axis = n, start, stop, by_edges
    wide = bins_of(binning.regular_bins, narrow.astype(np.float64), *axis)
    assert bins_of(binning.regular_bins, narrow, *axis).tolist() == wide.tolist()


@pytest.mark.parametrize(("start", "span"), [(0.0, 1e-40), (-1e-42, 3e-42), (-1e34, 1e36)])
def test_narrow_numbers_on_axes_at_the_ends_of_single_precision(start: float, span: float) -> None:
    stop = start + span
    edges = [start + i * span / 5 for i in range(6)]
    values = np.array([*edges, 0, -0.0, 1e-45, -1e-45, 3e38, -3e38, nan], dtype=np.float32)
    axis = 5, start, stop, True
    wide = bins_of(binning.regular_bins, values.astype(np.float64), *axis)
    assert bins_of(binning.regular_bins, values, *axis).tolist() == wide.tolist()
    assert wide.tolist()[-3:] == [6, 0, 6]


def test_variable_axis() -> None:
    # single precision holds no edge but the ends, and some numbers right below and above
    largest = float(np.finfo(np.float32).max)
    beyond = [-1e300, -largest, -0.7, 0.1, 1 / 3, 1.1, largest, 1e300]
    for edges in (list(WIDENING), beyond):
        values = np.array([*beside_edges(edges), nan, inf, -inf, 7.5])
        with np.errstate(over="ignore"):
            narrow = values.astype(np.float32)
            around = [np.nextafter(narrow, np.float32(to)) for to in (-inf, inf)]
        for some in (values, narrow, *around):
            got = bins_of(binning.variable_bins, some, np.array(edges, dtype=np.float64))
            assert got.tolist() == rule(edges, [float(value) for value in some])


@pytest.mark.parametrize("n", [1, 22, 127, 128, 400])
def test_variable_axis_of_many_values(n: int) -> None:
    """More values than are searched side by side, and so many edges that they are bisected."""
    rng = np.random.default_rng(n)
    edges = np.unique(rng.integers(0, 5 * n, n + 1) / 4.0)
    values = rng.integers(-4, 5 * n + 4, 1500) / 4.0
    values[::50] = nan
    expected = np.searchsorted(edges, values, side="right")
    expected[np.isnan(values)] = len(edges)
    assert (
        bins_of(binning.variable_bins, values.astype(np.float32), edges).tolist()
        == expected.tolist()
    )


def test_what_is_no_category_has_no_bin() -> None:
    values = np.array([8, 5, 5, 4, 7, 7, 9, 5], dtype=np.uint32)
    categories = np.array([5, 8], dtype=np.uint32)
    found = bins_of(binning.category_bins, values, categories)
    assert found.tolist() == [1, 0, 0, -1, -1, -1, -1, 0]


def test_integers_off_the_axis_have_no_bin() -> None:
    values = np.array([0, 1, 4, 5, -99], dtype=np.int16)
    assert bins_of(binning.integer_bins, values, 1, 4).tolist() == [-1, 0, 3, -1, -1]


@pytest.mark.parametrize("dtype", np.typecodes["AllInteger"])
@pytest.mark.parametrize("first", [-2, 0, 2**31 - 2, -(2**31)])
def test_integers_of_any_width_at_their_ends(dtype: str, first: int) -> None:
    ends, n = np.iinfo(dtype), 4
    numbers = [int(ends.min), int(ends.max), 0, 1, *range(first - 1, first + n + 1)]
    numbers = [number for number in numbers if ends.min <= number <= ends.max]
    values = np.array(numbers, dtype=dtype)
    on = [number - first if first <= number < first + n else -1 for number in numbers]
    assert bins_of(binning.integer_bins, values, first, n).tolist() == on
    reached = [min(max(number - first + 1, 0), n) for number in numbers]
    assert bins_of(binning.threshold_bins, values, first, n).tolist() == reached


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16, np.int64, np.float32])
def test_thresholds_that_are_reached(dtype: type[np.number[Any]]) -> None:
    values = np.array([0, 1, 2, 3, 4, 5, 6, 7, 100], dtype=dtype)
    assert bins_of(binning.threshold_bins, values, 3, 4).tolist() == [0, 0, 0, 1, 2, 3, 4, 4, 4]


def test_a_number_that_is_none_reaches_no_threshold() -> None:
    values = np.array([nan, -inf, inf, 2.5, 3.5])
    assert bins_of(binning.threshold_bins, values, 3, 4).tolist() == [0, 0, 4, 0, 1]


@pytest.mark.parametrize("first", [-3, 0, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_right_below_a_threshold_does_not_reach_it(
    first: int, dtype: type[np.floating[Any]]
) -> None:
    on = np.arange(first, first + 5, dtype=dtype)
    below, above = (np.nextafter(on, dtype(to)) for to in (-inf, inf))
    assert bins_of(binning.threshold_bins, on, first, 4).tolist() == [1, 2, 3, 4, 4]
    assert bins_of(binning.threshold_bins, above, first, 4).tolist() == [1, 2, 3, 4, 4]
    assert bins_of(binning.threshold_bins, below, first, 4).tolist() == [0, 1, 2, 3, 4]
