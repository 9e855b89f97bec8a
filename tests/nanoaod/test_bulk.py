"""Reading in bulk gives what uproot gives, whatever is asked for and however it is stored."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import numpy.typing as npt
import pytest
import uproot
from hypothesis import given, settings
from hypothesis import strategies as st

from dtperf.errors import InputError
from dtperf.nanoaod import ColumnFilter, bulk
from dtperf.nanoaod.basket_kernels import copy_lists, read_headers, read_offsets
from dtperf.nanoaod.baskets import UnusualStorage
from dtperf.nanoaod.bulk import BulkReader
from dtperf.nanoaod.columns import column_types
from tests.nanoaod.files import CODECS, GOLDEN, read_arrays, write_like

EVENTS = 4000


@contextmanager
def opened(path: Path) -> Iterator[tuple[BulkReader, Any, ColumnFilter]]:
    with uproot.open(path) as file:
        tree = file["Events"]
        columns = ColumnFilter.of(column_types(tree))
        yield BulkReader(tree, columns), tree, columns


def different(
    reader: BulkReader, tree: Any, columns: Any, start: int, stop: int, threads: int = 1
) -> list[str]:
    """Name what the reader and uproot read differently."""
    mine = reader.read(start, stop, threads)
    theirs = tree.arrays(filter_branch=columns, entry_start=start, entry_stop=stop, how=dict)
    assert mine.keys() == theirs.keys()
    return [name for name in mine if not ak.array_equal(mine[name], theirs[name])]


@given(edges=st.tuples(st.integers(0, EVENTS), st.integers(0, EVENTS)).map(sorted))
def test_any_events_of_a_file_that_root_wrote(edges: list[int]) -> None:
    with opened(GOLDEN["ttree"]) as parts:
        assert different(*parts, *edges) == []


@pytest.mark.parametrize("codec", CODECS)
def test_any_compression(codec: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    lengths = rng.integers(0, 4, 900)
    muon = {
        name: ak.unflatten(rng.integers(0, 100, lengths.sum()).astype(kind), lengths)
        for name, kind in {"a": "f4", "b": "f8", "c": "i2", "d": "i1", "e": "?", "f": "u8"}.items()
    }
    with uproot.recreate(tmp_path / "x.root", compression=CODECS[codec]) as file:
        tree = file.mktree("Events", {"run": "u4", "x": ak.type(ak.zip(muon)).content})
        for part in (slice(0, 400), slice(400, 401), slice(401, 900)):
            tree.extend({"run": np.arange(900)[part], "x": ak.zip(muon)[part]})
    with opened(tmp_path / "x.root") as parts:
        for edges in ((0, 900), (17, 18), (399, 402), (500, 500), (400, 401)):
            assert different(*parts, *edges) == []
            assert different(*parts, *edges, threads=3) == []


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("place", [30, 150, 250])
def test_damage_is_told_as_by_one_thread(codec: str, place: int, tmp_path: Path) -> None:
    numbers = np.random.default_rng(1).integers(0, 9, (3, 2000)).astype("f4")
    columns = {f"x{n}": each for n, each in enumerate(numbers)}
    with uproot.recreate(tmp_path / "x.root", compression=CODECS[codec]) as file:
        file.mktree("Events", dict.fromkeys(columns, "f4")).extend(columns)
    with uproot.open(tmp_path / "x.root") as file:
        starts = [int(branch.member("fBasketSeek")[0]) for branch in file["Events"].branches]
    content = bytearray((tmp_path / "x.root").read_bytes())
    for start in starts[1:]:
        content[start + place : start + place + 9] = b"123456789"
    (tmp_path / "x.root").write_bytes(content)
    told = []
    for threads in (1, 3):
        with opened(tmp_path / "x.root") as (reader, _, _):
            try:
                told.append(str(reader.read(0, 2000, threads)))
            except Exception as error:  # noqa: BLE001  # whatever it is, it is the same
                told.append(repr(error))
    assert told[0] == told[1]


@pytest.mark.parametrize("generation", ["A", "B"])
def test_both_generations(generation: Any, tmp_path: Path) -> None:
    arrays = read_arrays(GOLDEN["ttree"], 1000)
    with opened(write_like(arrays, tmp_path / "x.root", generation, cluster=300)) as parts:
        assert different(*parts, 250, 950) == []


def test_what_is_stored_otherwise_is_left_to_uproot(tmp_path: Path) -> None:
    with uproot.recreate(tmp_path / "x.root") as file:
        file.mktree("Events", {"run": "u4", "matrix": ("f4", (2, 3))}).extend(
            {"run": np.arange(5), "matrix": np.arange(30.0).reshape(5, 2, 3)}
        )
    with opened(tmp_path / "x.root") as parts:
        assert different(*parts, 1, 4) == []


def test_lists_without_their_places_are_left_to_uproot(monkeypatch: pytest.MonkeyPatch) -> None:
    unpack = bulk.unpack_baskets

    def unusual(layout: Any, *arguments: Any) -> Any:
        if layout.name == "dtSegment_wheel":
            raise UnusualStorage
        return unpack(layout, *arguments)

    monkeypatch.setattr(bulk, "unpack_baskets", unusual)
    with opened(GOLDEN["ttree"]) as parts:
        assert different(*parts, 100, 3000) == []


def test_lists_of_different_lengths(tmp_path: Path) -> None:
    one, two = ak.Array([[1.0], [2.0, 3.0]]), ak.Array([[1.0, 2.0], [3.0]])
    with uproot.recreate(tmp_path / "x.root") as file:
        kinds = {"muon_pt": "var * float64", "muon_eta": "var * float64"}
        file.mktree("Events", kinds).extend({"muon_pt": one, "muon_eta": two})
    with (
        opened(tmp_path / "x.root") as (reader, _, _),
        pytest.raises(InputError, match=r"the lists of muon_pt and muon_eta differ in length"),
    ):
        reader.read(0, 2)


lengths = st.lists(st.integers(0, 5), min_size=1, max_size=30)


def unpacked(
    edges: Any, cuts: list[int], numbers: Any, key: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """What baskets that are cut at some events hold, as ROOT stores it, and where."""
    content, places, size = b"", [], numbers.itemsize
    for first, last in pairwise(cuts):
        part = numbers[edges[first] : edges[last]]
        starts = (edges[first:last] - edges[first]) * size + key
        lists = np.array([last - first + 1, *starts, 0], dtype=">i4")
        content += b"\7" * (-len(content) % 8 + -part.nbytes % 4)
        end = len(content) + part.nbytes + lists.nbytes
        places.append([0, 0, len(content), end, part.nbytes, key, first, last])
        content += part.astype(part.dtype.newbyteorder(">")).tobytes() + lists.tobytes()
    content += b"\7" * (-len(content) % 8)
    return np.frombuffer(content, np.uint8), np.array(places, np.int64).reshape(-1, 8)


@settings(deadline=None)
@given(
    lengths=lengths,
    kind=st.sampled_from(["u1", "u2", "u4", "u8"]),
    key=st.integers(60, 90),
    data=st.data(),
)
def test_lists_and_numbers_by_numpy(
    lengths: list[int], kind: str, key: int, data: st.DataObject
) -> None:
    events = len(lengths)
    edges = np.concatenate([[0], np.cumsum(lengths)])
    numbers = np.random.default_rng(1).integers(0, 1 << 62, edges[-1]).astype(kind)
    cuts = sorted({0, events, *data.draw(st.lists(st.integers(1, events), max_size=3))})
    content, places = unpacked(edges, cuts, numbers, key)
    first = data.draw(st.integers(0, events - 1))
    last = data.draw(st.integers(first + 1, events))
    words, offsets = content.view(np.uint32), np.zeros(last - first + 1, dtype=np.int64)
    assert read_offsets(words, places, numbers.itemsize, first, offsets) == -1
    assert np.array_equal(offsets, edges[first : last + 1] - edges[first])
    found = np.zeros(offsets[-1], dtype=kind)
    arguments = (words, content.view(kind), places, first)
    assert copy_lists(*arguments, offsets, 0, found) == -1
    assert np.array_equal(found, numbers[edges[first] : edges[last]])
    # one list is longer, and the one behind it shorter
    wrong = offsets.copy()
    wrong[data.draw(st.integers(1, last - first))] += 1
    assert copy_lists(*arguments, wrong, 0, np.zeros(wrong[-1] + 1, dtype=kind)) >= 0


@pytest.mark.parametrize("bad", [[0, 8, 4], [0, 4, 400], [-4, 4, 8], [0, 5, 8]])
def test_lists_that_cannot_be(bad: list[int]) -> None:
    stored = np.array([0] * 5 + [4, *(np.array(bad) + 70), 0]).astype(">i4").view(np.uint32)
    places = np.array([[0, 0, 0, 4 * len(stored), 20, 70, 0, 3]])
    assert read_offsets(stored, places, 4, 0, np.zeros(4, dtype=np.int64)) == 0


HEADER = struct.Struct(">ihiIhhHiiiix")
GOOD = {"size": 57, "unpacked": 32, "key": 37, "events": 2, "last": 45}


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({}, 0),
        ({"size": 58}, 2),
        ({"unpacked": -1}, 2),
        ({"key": 36}, 2),
        ({"key": 58}, 2),
        ({"events": 3}, 3),
        ({"last": 36}, 3),
        ({"last": 37 + 33}, 3),
        ({"last": 37 + 32}, 4),
        ({"last": 37 + 21}, 5),
        ({"last": 37 + 7}, 6),  # numbers would be taken from some bytes before them
    ],
)
def test_headers_that_cannot_be(change: dict[str, int], wrong: int) -> None:
    its = GOOD | change
    key = (its["size"], 4, its["unpacked"], 0, its["key"], 1)
    header = HEADER.pack(*key, 2, 0, 0, its["events"], its["last"])
    raw = np.frombuffer(header + bytes(20), np.uint8)
    arguments = (np.array([len(raw)]), np.array([0, 2]))
    places = np.empty((1, 8), np.int64)
    assert read_headers(raw, *arguments, True, 4, places)[1] == wrong
    if not change:
        assert places.tolist() == [[37, 57, 0, 32, 8, 37, 0, 2]]
        assert read_headers(raw[:30], *arguments, True, 4, places) == (0, 1)
        assert read_headers(raw, *arguments, False, 4, places) == (-1, 0)
        assert read_headers(raw, *arguments, False, 8, places) == (0, 6)
