"""Pages in every encoding and compression, sound ones and others; each is made here."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import cramjam
import numpy as np
import numpy.typing as npt
import pytest
import uproot
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from dtperf.nanoaod import rntuple_unpack
from dtperf.nanoaod.rntuple_pages import Column
from dtperf.nanoaod.rntuple_reader import PageReader
from dtperf.nanoaod.rntuple_unpack import groups_of, unpack_pages
from dtperf.nanoaod.sources import LocalSource
from tests.nanoaod.files import CODECS

Numbers = npt.NDArray[Any]
GUARD = 64
"""Bytes before and behind what may be written to."""
UNTOUCHED = 0xA5


class Encoding(NamedTuple):
    """How a column is stored."""

    kind: str
    is_split: bool = False
    is_zigzag: bool = False
    is_delta: bool = False


ENCODINGS = {
    "plain bytes": Encoding("u1"),
    "plain": Encoding("f4"),
    "bits": Encoding("?"),
    "split": Encoding("f4", is_split=True),
    "split, 8 bytes": Encoding("f8", is_split=True),
    "signed": Encoding("i2", is_split=True, is_zigzag=True),
    "lists": Encoding("u8", is_split=True, is_delta=True),
}


def stored(numbers: Numbers, how: Encoding) -> bytes:
    """Encode a page, by the specification of the format."""
    if how.kind == "?":
        return np.packbits(numbers, bitorder="little").tobytes()
    if how.is_zigzag:
        wide = numbers.astype(np.int64)
        numbers = np.where(wide < 0, -2 * wide - 1, 2 * wide).astype(f"u{numbers.itemsize}")
    if how.is_delta:
        numbers = np.diff(numbers, prepend=numbers.dtype.type(0))
    if how.is_split:
        return numbers.view(np.uint8).reshape(len(numbers), numbers.itemsize).T.tobytes()
    return numbers.tobytes()


def some_numbers(how: Encoding, size: int, rng: np.random.Generator) -> Numbers:
    """Draw a few numbers, and repeat them, so that many can be compressed."""
    low = -9 if how.is_zigzag else 0
    drawn = rng.integers(low, 2 if how.kind == "?" else 50, 48).astype(how.kind)
    return np.sort(np.resize(drawn, size)) if how.is_delta else np.resize(drawn, size)


def column_of(
    pages: Sequence[Numbers], how: Encoding, codec: Any, *, checked: bool
) -> tuple[Column, bytes]:
    """Write pages one behind the other: the column, and the bytes of the file."""
    content, starts, sizes = b"some header", list[int](), list[int]()
    for numbers in pages:
        page = stored(numbers, how)
        packed = uproot.compression.compress(page, codec) if codec else page
        packed = packed if len(packed) < len(page) else page  # as all who write them do
        starts.append(len(content))
        sizes.append(len(packed))
        content += packed
        content += xxhash.xxh3_64_digest(packed)[::-1] if checked else b""
    edges = np.array([0, *accumulate(map(len, pages))], dtype=np.int64)
    column = Column(
        *(3, np.dtype(how.kind), how.kind == "?", how.is_split, how.is_zigzag, how.is_delta),
        *(edges[[0, -1]], edges, np.array(starts, dtype=np.int64)),
        *(np.array(sizes, dtype=np.int64), np.full(len(pages), checked)),
    )
    return column, content


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("name", ENCODINGS)
@given(
    sizes=st.lists(st.integers(0, 200), min_size=1, max_size=6),
    checked=st.booleans(),
    at_once=st.sampled_from([1, 300, 1 << 20]),
    threads=st.integers(1, 2),
    data=st.data(),
)
def test_any_range_of_any_pages(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    codec: str,
    sizes: list[int],
    checked: bool,
    at_once: int,
    threads: int,
    data: st.DataObject,
) -> None:
    how, rng = ENCODINGS[name], np.random.default_rng(sum(sizes))
    pages = [some_numbers(how, size, rng) for size in sizes]
    column, content = column_of(pages, how, CODECS[codec], checked=checked)
    path = tmp_path_factory.mktemp("pages") / "pages"
    path.write_bytes(content)
    expected = np.concatenate(pages)
    start = data.draw(st.integers(0, len(expected)))
    stop = data.draw(st.integers(start, len(expected)))
    with (
        pytest.MonkeyPatch.context() as patch,
        LocalSource(str(path)) as source,
    ):
        patch.setattr(rntuple_unpack, "AT_ONCE_BYTES", at_once)
        reader = PageReader(source, {3: column}, {3: "muon_x"})
        ranges = [(start, stop), (0, start), (start, start)]
        (found,) = reader.read({3: ranges}, threads).values()
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, [*expected[start:stop], *expected[:start]])


def unpacked(column: Column, content: bytes, start: int, stop: int) -> Numbers:
    """Unpack a range, and check that nothing was written beyond the memory for it."""
    (group,) = groups_of(column, "muon_x", start, stop, np.empty(stop - start, column.stored))
    memory = [np.empty(0, np.uint8)] * 2

    def guarded(which: int, size: int) -> npt.NDArray[np.uint8]:
        memory[which] = np.full(size + 2 * GUARD, UNTOUCHED, np.uint8)
        return memory[which][GUARD : GUARD + size]

    numbers = guarded(0, (stop - start) * column.stored.itemsize).view(column.stored)
    try:
        raw = np.frombuffer(content, np.uint8)[column.starts[group.first] :]
        raw = raw[: sum(group.stored)]
        unpack_pages(group._replace(numbers=numbers), raw, None, lambda size: guarded(1, size))
    finally:
        for each in memory:
            assert {*each[:GUARD].tolist(), *each[len(each) - GUARD :].tolist()} <= {UNTOUCHED}
    return numbers


def test_what_is_made_here_is_read() -> None:
    how = ENCODINGS["split"]
    pages = [some_numbers(how, size, np.random.default_rng(1)) for size in (100, 0, 90)]
    column, content = column_of(pages, how, uproot.ZSTD(1), checked=True)
    np.testing.assert_array_equal(unpacked(column, content, 7, 150), np.concatenate(pages)[7:150])


@pytest.mark.parametrize("codec", ["zstd", "none"])
def test_each_byte_of_a_page_is_under_its_checksum(codec: str) -> None:
    how, rng = ENCODINGS["signed"], np.random.default_rng(2)
    pages = [some_numbers(how, size, rng) for size in (60, 60)]
    column, content = column_of(pages, how, CODECS[codec], checked=True)
    for place in range(int(column.starts[0]), len(content)):
        wrong = bytearray(content)
        wrong[place] ^= 1 << place % 8
        with pytest.raises(ValueError, match="a page of muon_x has another checksum"):
            unpacked(column, bytes(wrong), 0, 120)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("name", ENCODINGS)
def test_whatever_stands_in_pages_memory_is_kept(name: str, codec: str) -> None:
    how, rng = ENCODINGS[name], np.random.default_rng(3)
    pages = [some_numbers(how, size, rng) for size in (2000, 1, 2000)]
    column, content = column_of(pages, how, CODECS[codec], checked=False)
    begin, refused = int(column.starts[0]), 0
    for number in range(300):
        wrong = bytearray(content)
        # the first ones in what a block says of itself: its name and two sizes
        last = begin + 9 if number < 100 else len(content)
        for place in rng.integers(begin, last, rng.integers(1, 4)):
            wrong[place] = rng.integers(256)
        try:
            unpacked(column, bytes(wrong), 5, 3990)
        except (ValueError, zlib.error, cramjam.DecompressionError):
            refused += 1
    assert (refused > 0) == (codec != "none")


Wrong = Callable[[Column], Column]
WRONG: dict[str, tuple[Wrong, str]] = {
    "wider numbers": (lambda c: c._replace(stored=np.dtype("f8")), "a page of muon_x: 40. bytes"),
    "narrower numbers": (lambda c: c._replace(stored=np.dtype("i2")), "a page of muon_x: a block"),
    "bits": (lambda c: c._replace(is_bit=True, stored=np.dtype("?")), "a page of muon_x: a block"),
    "more numbers": (lambda c: c._replace(edges=c.edges * 2), "a page of muon_x: 40. bytes"),
    "fewer numbers": (lambda c: c._replace(edges=c.edges // 2), "a page of muon_x: a block"),
    "more bytes": (lambda c: c._replace(sizes=c.sizes + 1), "a page of muon_x is cut off"),
    "fewer bytes": (lambda c: c._replace(sizes=c.sizes - 1), "a page of muon_x: a block"),
    "a checksum": (lambda c: c._replace(checked=~c.checked), "a page of muon_x is cut off"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_said_of_pages_is_not_believed(name: str) -> None:
    change, told = WRONG[name]
    how, rng = ENCODINGS["split"], np.random.default_rng(4)
    column, content = column_of([some_numbers(how, 101, rng)], how, uproot.ZSTD(1), checked=False)
    wrong = change(column)
    with pytest.raises(Exception, match=told) as error:
        unpacked(wrong, content, 0, int(wrong.edges[-1]))
    assert type(error.value).__name__ in ("ValueError", "InputError")


@given(
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    part=st.tuples(st.integers(0, 150), st.integers(0, 150)).map(sorted),
)
def test_another_encoding_stays_in_its_memory(
    flags: tuple[bool, bool, bool], part: list[int]
) -> None:
    pages = [np.arange(size, dtype="u8") for size in (50, 100)]
    column, content = column_of(pages, Encoding("u8"), uproot.ZSTD(1), checked=False)
    is_split, is_zigzag, is_delta = flags
    said = column._replace(is_split=is_split, is_zigzag=is_zigzag, is_delta=is_delta)
    if part[0] < part[1]:
        unpacked(said, content, *part)
