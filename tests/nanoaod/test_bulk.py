"""Reading in bulk gives what uproot gives, whatever is asked for and however it is stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot
from hypothesis import given
from hypothesis import strategies as st

from dtperf.errors import InputError
from dtperf.nanoaod import ColumnFilter, bulk
from dtperf.nanoaod.baskets import UnusualStorage
from dtperf.nanoaod.bulk import BulkReader
from dtperf.nanoaod.columns import column_types
from dtperf.nanoaod.offsets import read_offsets, same_offsets
from tests.nanoaod.files import GOLDEN, read_arrays, write_like

EVENTS = 4000
CODECS = {
    "zstd": uproot.ZSTD(3),
    "lz4": uproot.LZ4(4),
    "zlib": uproot.ZLIB(3),
    "lzma": uproot.LZMA(3),
    "none": None,
}


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
    unpack = bulk.unpack_basket

    def unusual(layout: Any, *arguments: Any) -> Any:
        if layout.name == "dtSegment_wheel":
            raise UnusualStorage
        return unpack(layout, *arguments)

    monkeypatch.setattr(bulk, "unpack_basket", unusual)
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


@given(lengths=lengths, shift=st.integers(0, 3), key=st.integers(60, 90), data=st.data())
def test_offsets_by_numpy(lengths: list[int], shift: int, key: int, data: st.DataObject) -> None:
    edges = np.concatenate([[0], np.cumsum(lengths)])
    stored = ((edges[:-1] << shift) + key).astype(">i4").view(np.uint32)
    end = int(edges[-1] << shift)
    first = data.draw(st.integers(0, len(lengths) - 1))
    last = data.draw(st.integers(first, len(lengths)))
    found = np.full(last - first + 1, 7, dtype=np.int64)
    assert read_offsets(stored, key, end, shift, first, found)
    assert np.array_equal(found, edges[first : last + 1] - edges[first] + 7)
    assert same_offsets(stored, key, end, shift, first, found)
    if last > first:
        wrong = found.copy()
        wrong[data.draw(st.integers(1, last - first))] += 1
        assert not same_offsets(stored, key, end, shift, first, wrong)


@pytest.mark.parametrize("bad", [[0, 8, 4], [0, 4, 400], [-4, 4, 8], [0, 5, 8]])
def test_lists_that_cannot_be(bad: list[int]) -> None:
    stored = (np.array(bad) + 70).astype(">i4").view(np.uint32)
    assert not read_offsets(stored, 70, 100, 2, 0, np.zeros(4, dtype=np.int64))
