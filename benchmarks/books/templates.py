"""Files that many are made of: bytes in which the events' numbers can be replaced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import awkward as ak
import numpy as np
import uproot

from benchmarks.sample import COLLECTIONS, TREE, columns, new_tree
from dtperf.nanoaod import ColumnFilter

__all__ = ["BASKET", "LARGEST", "Basket", "Template", "oddities", "templates", "uuid_of"]

GOLDEN = Path(__file__).parents[2] / "tests/data/golden_input.root"
BASKET = 25
"""Events in a basket."""
SMALLEST, LARGEST = 30, 80
"""Events in a file; at least two baskets, so that one of them may be damaged alone."""
FIRST_RUN, RUNS = 367_000, 5
NUMBERS = {"luminosityBlock": ">u4", "event": ">u8"}
"""Replaced in each file, so that no event is there twice; stored as they are, big-endian."""
COMPRESSIONS = (uproot.ZLIB(1), uproot.LZ4(1), uproot.ZSTD(5), uproot.LZMA(1))
COUNTERS = {f"n{name}" for name in COLLECTIONS}
"""Not read by a run, as the lists that they count say the same."""
CHECKED = (b"ZL", b"L4", b"XZ")
"""Compressed with a checksum, so that no damage can pass: ROOT's ZSTD has none."""


class Basket(NamedTuple):
    """Where the compressed content of one is in the file."""

    branch: str
    start: int
    """First event."""
    key: int
    """First byte of its key."""
    place: int
    """First byte behind the key."""
    size: int
    """Bytes."""


class Template:
    """The content of a file."""

    def __init__(self, path: Path) -> None:
        """Read a file that `templates` has written."""
        self.content = path.read_bytes()
        with uproot.open(path) as file:
            tree, key = file[TREE], file.key(TREE)
            self.events = int(tree.num_entries)
            self.uuid: UUID = file.file.uuid
            baskets = [*_baskets(tree)]
            self.tree_place = int(key.fSeekKey + key.fKeylen)
            """First byte of what the file says of the tree."""
        self._uuid_place = self.content.index(self.uuid.bytes)
        self.baskets = [
            basket
            for basket in baskets
            if basket.branch not in COUNTERS and self.content[basket.place :][:2] in CHECKED
        ]
        """Those whose damage shows."""
        self._numbers = [basket for basket in baskets if basket.branch in NUMBERS]

    def file(self, number: int) -> bytes:
        """Make a file of its own: UUID, luminosity block and events like no other's.

        Args:
            number: Of the file.
        """
        content = bytearray(self.with_uuid(self.content, uuid_of(1 + number)))
        values = {
            "luminosityBlock": np.full(self.events, 1 + number // 100),
            "event": 1 + number * LARGEST + np.arange(self.events),
        }
        for name, start, _, place, size in self._numbers:
            stored = values[name][start : start + BASKET].astype(NUMBERS[name]).tobytes()
            assert len(stored) == size
            content[place : place + size] = stored
        return bytes(content)

    def with_uuid(self, content: bytes, uuid: UUID) -> bytes:
        """Return the content of a file that was made of this one, with another UUID."""
        place = self._uuid_place
        return content[:place] + uuid.bytes + content[place + len(uuid.bytes) :]


def uuid_of(number: int) -> UUID:
    """Return the UUID of a file."""
    return UUID(int=number, version=4)


def oddities(needed: ColumnFilter, folder: Path) -> dict[str, bytes]:
    """Write files that differ from others in more than some bytes.

    Returns:
        Their bytes, whose UUID is `uuid_of` 0, by what is odd.
    """
    content = {n: v[:BASKET] for n, v in _needed(columns(GOLDEN), needed)}
    segments = content["dtSegment"]
    floats = ak.with_field(segments, ak.values_astype(segments.station, np.float32), "station")
    typed = {**content, "dtSegment": floats}
    write(folder / "typed.root", typed, COMPRESSIONS[0])
    write(folder / "none.root", {n: v[:0] for n, v in content.items()}, COMPRESSIONS[0])
    with uproot.recreate(folder / "text.root") as file:
        file["note"] = "no tree"
    found = {}
    for name in ("typed", "none", "text"):
        path = folder / f"{name}.root"
        with uproot.open(path) as file:
            uuid = file.file.uuid
        found[name] = path.read_bytes().replace(uuid.bytes, uuid_of(0).bytes)
    return found


def templates(number: int, needed: ColumnFilter, folder: Path, rng: Random) -> list[Template]:
    """Cut the golden events into files, each compressed in one of four ways.

    In each eighth some muons have NaN for pT and no segment a t0, which is no fault of a file.

    Args:
        number: How many files.
        needed: Columns that the analysis reads; others are left out.
        folder: Where to write them.
        rng: How many events each has.
    """
    events = dict(_needed(columns(GOLDEN), needed))
    total = len(events["run"])
    made = []
    for each in range(number):
        size = rng.randint(SMALLEST, LARGEST)
        start = rng.randrange(total - size)
        part = {name: values[start : start + size] for name, values in events.items()}
        part["run"] = np.full(size, FIRST_RUN + each % RUNS, dtype=np.uint32)
        if each % 8 == 7:
            part = _with_nan(part)
        path = folder / f"{each}.root"
        write(path, part, COMPRESSIONS[each % len(COMPRESSIONS)])
        made.append(Template(path))
    return made


def write(path: Path, content: Mapping[str, Any], compression: Any) -> None:
    """Write a file, its numbers of events not compressed."""
    with uproot.recreate(path, compression=compression) as file:
        tree = new_tree(file, content)
        for name in NUMBERS:
            tree[name].compression = None
        for start in range(0, len(content["run"]), BASKET):
            tree.extend({n: values[start : start + BASKET] for n, values in content.items()})


def _needed(
    content: Mapping[str, ak.Array], needed: ColumnFilter
) -> Iterator[tuple[str, ak.Array]]:
    for name, values in content.items():
        fields = [field for field in ak.fields(values) if f"{name}_{field}" in needed.columns]
        if fields:
            yield name, values[fields]
        elif name in needed.columns or name in NUMBERS:
            yield name, values


def _with_nan(content: Mapping[str, Any]) -> dict[str, Any]:
    muons, segments = content["muon"], content["dtSegment"]
    is_third = ak.local_index(muons.pt, axis=1) == 2
    pt = ak.values_astype(ak.where(is_third, np.nan, muons.pt), np.float32)
    t0 = ak.full_like(segments.seg2D_phi_t0, np.nan)
    return {
        **content,
        "muon": ak.with_field(muons, pt, "pt"),
        "dtSegment": ak.with_field(segments, t0, "seg2D_phi_t0"),
    }


def _baskets(tree: Any) -> Iterator[Basket]:
    for branch in tree.branches:
        for number in range(branch.num_baskets):
            key = branch.basket_key(number)
            seek, first = int(branch.member("fBasketSeek")[number]), branch.entry_offsets[number]
            size = key.fNbytes - key.fKeylen
            yield Basket(branch.name, int(first), seek, seek + key.fKeylen, size)
