"""Files of which single bytes are wrong: an error, or the same, wherever ROOT has a checksum.

It has none of what is stored without compression in a TTree, and none of what is compressed with
ZSTD in one: there a wrong byte can be a wrong number that nobody can tell from a right one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import awkward as ak
import numpy as np
import pytest
import uproot
from coffea.processor.executor import WorkItem

from dtperf.errors import InputError
from dtperf.execution.chunk_meta import ChunkMeta
from dtperf.execution.chunks import read_events
from dtperf.memory import peak_memory_bytes
from dtperf.nanoaod import ColumnFilter, open_files, open_tree, require_columns
from dtperf.nanoaod.rntuple_pages import columns_of
from dtperf.validation import many_lists
from tests.helpers.golden import GOLDEN_CMSSW, GOLDEN_RNTUPLE
from tests.nanoaod.files import Format
from tests.nanoaod.hostile import COLUMNS, EVENTS, write_sound

# the long ones are of thousands of files
pytestmark = pytest.mark.timeout(1800)

MEMORY_BYTES = 250_000_000
FILTER = ColumnFilter.of(COLUMNS)
LISTS = [name.split("_", 1) for name in COLUMNS if "_" in name]


class Spot(NamedTuple):
    """A range of bytes of a file."""

    start: int
    stop: int


@pytest.fixture(autouse=True)
def bounded_memory() -> Iterator[None]:
    begin = peak_memory_bytes()
    yield
    open_files.close_all()
    assert peak_memory_bytes() - begin < MEMORY_BYTES


def read(path: Path, entries: int) -> dict[str, Any] | None:
    """Read what is in a file, None if it is refused."""
    open_files.close_all()
    # some files lead to the end of the stack, where what Python calls as it collects would fail
    with many_lists():
        return _read(path, entries)


def _read(path: Path, entries: int) -> dict[str, Any] | None:
    try:
        with open_tree(str(path)) as tree:
            require_columns(tree, str(path), COLUMNS)
            uuid = tree.file.uuid.bytes
        said = ChunkMeta(required=tuple(COLUMNS))
        place = (str(path), "Events", 0, entries, uuid)
        events = read_events(WorkItem("events", *place, usermeta=said, preload=FILTER)).events
    except InputError:
        return None
    # not by ==, for which NaN is another than itself
    columns = {"_".join(name): events[name[0]][name[1]] for name in LISTS} | {"run": events.run}
    return {
        name: (ak.to_numpy(ak.flatten(array, axis=None)).tobytes(), str(ak.num(array, axis=-1)))
        for name, array in columns.items()
    }


def flips(spots: list[Spot], number: int, seed: int) -> Iterator[tuple[int, int]]:
    """Choose bytes of the spots and a bit of each."""
    rng = np.random.default_rng(seed)
    sizes = np.array([spot.stop - spot.start for spot in spots])
    for _ in range(number):
        spot = spots[rng.choice(len(spots), p=sizes / sizes.sum())]
        yield int(rng.integers(spot.start, spot.stop)), int(rng.integers(8))


def unprotected(path: Path) -> list[Spot]:
    """List the bytes that nothing protects: what is wanted and not compressed by zlib."""
    with uproot.open({str(path): "Events"}) as tree:
        if not isinstance(tree, uproot.TTree):
            return _pages(tree)
        spots = []
        for branch in tree.branches:
            for number in range(branch.num_baskets if FILTER(branch) else 0):
                key = branch.basket_key(number)
                start = int(branch.member("fBasketSeek")[number])
                if key.fObjlen == key.fNbytes - key.fKeylen:
                    spots.append(Spot(start + key.fKeylen, start + key.fNbytes))
        return spots


def _pages(ntuple: Any) -> list[Spot]:
    columns = columns_of(ntuple, [field for field in ntuple.fields if FILTER(field)])
    places = [
        page.locator
        for links in ntuple.page_link_list
        for column in columns
        for page in links[column].pages
    ]
    return [Spot(place.offset, place.offset + place.num_bytes) for place in places]


def is_in(place: int, spots: list[Spot]) -> bool:
    return any(spot.start <= place < spot.stop for spot in spots)


@pytest.mark.parametrize(
    ("format", "number", "seed"),
    [
        ("ttree", 170, 1),
        ("rntuple", 130, 2),
        ("grouped", 130, 2),
        pytest.param("ttree", 1200, 3, marks=pytest.mark.slow),
        pytest.param("rntuple", 1200, 4, marks=pytest.mark.slow),
        pytest.param("grouped", 1200, 4, marks=pytest.mark.slow),
    ],
)
def test_a_wrong_bit_is_noticed_or_does_not_matter(
    tmp_path: Path, format: Format, number: int, seed: int
) -> None:
    sound, damaged = write_sound(tmp_path / "sound.root", format), tmp_path / "damaged.root"
    content, expected = sound.read_bytes(), read(sound, EVENTS)
    assert expected
    tolerated = unprotected(sound)
    outcomes = set()
    for place, bit in flips([Spot(0, len(content))], number, seed):
        changed = bytearray(content)
        changed[place] ^= 1 << bit
        damaged.write_bytes(changed)
        found = read(damaged, EVENTS)
        outcomes.add("error" if found is None else "same" if found == expected else "different")
        assert found in (None, expected) or is_in(place, tolerated), (place, bit)
    assert {"error", "same"} <= outcomes  # else nothing was tested


@pytest.mark.parametrize("path", [GOLDEN_RNTUPLE, GOLDEN_CMSSW])
def test_rntuples_of_root_have_a_checksum_for_each_page(path: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.root"
    content = path.read_bytes()
    with uproot.open({str(path): "Events"}) as tree:
        pages, entries = _pages(tree), tree.num_entries
    assert pages
    assert read(path, entries)
    for place, bit in flips(pages, 25, seed=5):
        changed = bytearray(content)
        changed[place] ^= 1 << bit
        damaged.write_bytes(changed)
        assert read(damaged, entries) is None, (place, bit)


COMPRESSIONS = [uproot.ZLIB(1), uproot.LZMA(1), uproot.LZ4(1), uproot.ZSTD(1), None]


@pytest.mark.parametrize("format", ["ttree", "rntuple", "grouped"])
@pytest.mark.parametrize(
    ("compression", "number"),
    [(each, 15) for each in COMPRESSIONS]
    + [pytest.param(each, 400, marks=pytest.mark.slow) for each in COMPRESSIONS],
)
def test_whatever_is_wrong_nothing_but_an_input_error_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: Format, compression: Any, number: int
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(uproot, "recreate", partial(uproot.recreate, compression=compression))
        sound = write_sound(tmp_path / "sound.root", format)
    damaged, content = tmp_path / "damaged.root", sound.read_bytes()
    assert read(sound, EVENTS)
    rng = np.random.default_rng(6)
    for _ in range(number):
        changed = bytearray(content)
        for place in rng.integers(0, len(content) - 8, rng.integers(1, 6)):
            size = int(rng.choice([1, 2, 4, 8]))
            extreme = [b"\xff" * size, b"\x7f" + b"\xff" * (size - 1), bytes(size)]
            extreme += [b"\x80" + bytes(size - 1), rng.bytes(size)]
            changed[place : place + size] = extreme[rng.integers(len(extreme))]
        damaged.write_bytes(changed)
        read(damaged, EVENTS)
