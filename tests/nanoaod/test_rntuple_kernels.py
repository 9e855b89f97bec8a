"""Numbers of pages, put together again: bytes, differences and bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtperf.nanoaod.rntuple_kernels import PLACES, join_bytes, join_differences, spread_bits

Numbers = npt.NDArray[Any]
Part = tuple[int, int]
"""The first number of a page that is wanted, and one past the last."""


def split(numbers: Numbers) -> bytes:
    """All first bytes, all second ones, and so on."""
    return numbers.view(np.uint8).reshape(len(numbers), numbers.itemsize).T.tobytes()


def some_pages(data: st.DataObject, number: st.SearchStrategy[int]) -> list[tuple[list[int], Part]]:
    """A few pages, and what is wanted of each."""
    pages = []
    for drawn in data.draw(st.lists(st.lists(number, max_size=40), min_size=1, max_size=4)):
        first = data.draw(st.integers(0, len(drawn)))
        pages.append((drawn, (first, data.draw(st.integers(first, len(drawn))))))
    return pages


def put_together(
    pages: Sequence[tuple[list[int], Part]], stored: Sequence[bytes]
) -> tuple[Numbers, Numbers, list[int]]:
    """Return the bytes of all pages, apart from each other, their places, and what is wanted."""
    places, content, wanted = list[list[int]](), b"", list[int]()
    for (numbers, (first, last)), its in zip(pages, stored, strict=True):
        content += b"\xaa" * 3
        places.append(
            [len(content), len(numbers), first, last - first, len(wanted), len(its), 0, 0]
        )
        content += its
        wanted += numbers[first:last]
    table = np.array(places, dtype=np.int64).reshape(-1, PLACES)
    return np.frombuffer(content, np.uint8), table, wanted


@pytest.mark.parametrize("bits", [16, 32, 64])
@given(data=st.data())
def test_any_numbers_of_any_pages(bits: int, data: st.DataObject) -> None:
    pages = some_pages(data, st.integers(0, 2**bits - 1))
    stored = [split(np.array(page, dtype=f"u{bits // 8}")) for page, _ in pages]
    content, places, wanted = put_together(pages, stored)
    found = np.empty(len(wanted), dtype=f"u{bits // 8}")
    join_bytes(content, places, False, found)
    assert found.tolist() == wanted


@pytest.mark.parametrize("bits", [16, 32, 64])
@given(data=st.data())
def test_signed_numbers(bits: int, data: st.DataObject) -> None:
    half = 2 ** (bits - 1)
    pages = some_pages(data, st.integers(-half, half - 1))
    # 0, -1, 1, -2, 2, … are stored as 0, 1, 2, 3, 4, …
    folded = [[2 * n if n >= 0 else -2 * n - 1 for n in page] for page, _ in pages]
    stored = [split(np.array(page, dtype=f"u{bits // 8}")) for page in folded]
    content, places, wanted = put_together(pages, stored)
    found = np.empty(len(wanted), dtype=f"i{bits // 8}")
    join_bytes(content, places, True, found.view(f"u{bits // 8}"))
    assert found.tolist() == wanted


@pytest.mark.parametrize("bits", [32, 64])
@given(data=st.data())
def test_each_page_counts_its_differences_from_zero(bits: int, data: st.DataObject) -> None:
    pages = some_pages(data, st.integers(0, 2**bits - 1))
    modulus = 2**bits
    differences = [
        [(n - before) % modulus for before, n in zip([0, *page], page, strict=False)]
        for page, _ in pages
    ]
    stored = [split(np.array(each, dtype=f"u{bits // 8}")) for each in differences]
    content, places, wanted = put_together(pages, stored)
    found = np.empty(len(wanted), dtype=f"u{bits // 8}")
    join_differences(content, places, found)
    assert found.tolist() == wanted


@given(data=st.data())
def test_bits_become_bytes(data: st.DataObject) -> None:
    pages = some_pages(data, st.integers(0, 1))
    stored = [
        bytes(
            sum(bit << n for n, bit in enumerate(page[at : at + 8]))
            for at in range(0, len(page), 8)
        )
        for page, _ in pages
    ]
    content, places, wanted = put_together(pages, stored)
    found = np.empty(len(wanted), dtype=np.uint8)
    spread_bits(content, places, found)
    assert found.tolist() == wanted
