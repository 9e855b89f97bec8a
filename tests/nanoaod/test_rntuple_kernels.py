"""Bytes of numbers, put together again."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtperf.nanoaod.rntuple_kernels import join_bytes


def split(numbers: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """All first bytes, all second ones, and so on."""
    return np.ascontiguousarray(
        numbers.view(np.uint8).reshape(len(numbers), numbers.itemsize).T
    ).reshape(-1)


@pytest.mark.parametrize("bits", [16, 32, 64])
@given(data=st.data())
def test_any_numbers_from_any_on(bits: int, data: st.DataObject) -> None:
    top = 2**bits
    drawn = data.draw(st.lists(st.integers(0, top - 1), max_size=40))
    numbers = np.array(drawn, dtype=f"u{bits // 8}")
    first = data.draw(st.integers(0, len(drawn)))
    last = data.draw(st.integers(first, len(drawn)))
    found = np.empty(last - first, dtype=numbers.dtype)
    join_bytes(split(numbers), first, False, found)
    assert found.tolist() == drawn[first:last]


@pytest.mark.parametrize("bits", [16, 32, 64])
@given(data=st.data())
def test_signed_numbers(bits: int, data: st.DataObject) -> None:
    half = 2 ** (bits - 1)
    drawn = data.draw(st.lists(st.integers(-half, half - 1), max_size=40))
    # 0, -1, 1, -2, 2, … are stored as 0, 1, 2, 3, 4, …
    stored = np.array([2 * n if n >= 0 else -2 * n - 1 for n in drawn], dtype=f"u{bits // 8}")
    found = np.empty(len(drawn), dtype=f"i{bits // 8}")
    join_bytes(split(stored), 0, True, found.view(stored.dtype))
    assert found.tolist() == drawn
