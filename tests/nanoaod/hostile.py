"""Files made to do harm: sound ones in which single numbers have been changed."""

from __future__ import annotations

import lzma
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import cramjam
import numpy as np
import uproot

from tests.nanoaod.files import Format, linked_arrays, write_tree
from tests.nanoaod.layouts import grouped, write

__all__ = [
    "BOMB_BYTES",
    "COLUMNS",
    "EVENTS",
    "LARGEST",
    "TREES",
    "VICTIM",
    "Change",
    "block",
    "find",
    "in_header",
    "put",
    "write_hostile",
    "write_sound",
]

EVENTS = 60
COLUMNS = ("run", "muon_pt", "muon_charge", "muon_matches_begin", "dtSegment_station")
VICTIM = "muon_pt"
LARGEST = 2**31 - 1
BOMB_BYTES = 400_000_000
BLOCK_BYTES = 2**24 - 1

Change = Callable[[bytearray, Any], None]
"""Changes the bytes of a file, of which the uproot tree is given."""


def write_sound(path: Path, format: Format | Literal["grouped"] = "ttree") -> Path:
    """Write a file of `EVENTS` events in baskets or clusters of 25."""
    arrays = {name: array for name, array in linked_arrays(EVENTS).items() if name in COLUMNS}
    if format == "grouped":
        return write(path, grouped(arrays, lumi="record"), cluster=25)
    return write_tree(arrays, path, format, cluster=25)


def write_hostile(path: Path, sound: Path, change: Change) -> Path:
    """Write a changed copy of a sound file."""
    content = bytearray(sound.read_bytes())
    with uproot.open({str(sound): "Events"}) as tree:
        change(content, tree)
    path.write_bytes(content)
    return path


def put(content: bytearray, place: int, format: str, *numbers: int) -> None:
    """Write numbers at a place of a file."""
    struct.pack_into(format, content, place, *numbers)


def find(content: bytearray, pattern: bytes) -> int:
    """Find the one place of a file that has these bytes."""
    place = content.find(pattern)
    assert place >= 0
    assert content.find(pattern, place + 1) < 0
    return place


def in_header(place: int, number: int) -> Change:
    """Change a number of the file's header."""
    return lambda content, _: put(content, place, ">i", number)


def in_key(offset: int, format: str, number: int) -> Change:
    """Change the key before a basket: fNbytes at 0, fObjlen at 6, fKeylen at 14."""

    def change(content: bytearray, tree: Any) -> None:
        put(content, int(tree[VICTIM].member("fBasketSeek")[0]) + offset, format, number)

    return change


def in_end_of_key(offset: int, number: int) -> Change:
    """Change what TBasket has of its own, behind the key: fNevBuf at -9, fLast at -5."""

    def change(content: bytearray, tree: Any) -> None:
        key = tree[VICTIM].basket_key(0)
        seek = int(tree[VICTIM].member("fBasketSeek")[0])
        put(content, seek + key.fKeylen + offset, ">i", number)

    return change


def in_block(format: str, *numbers: int, offset: int = 0) -> Change:
    """Change the header of a compressed block: name, method, two sizes of three bytes."""

    def change(content: bytearray, tree: Any) -> None:
        seek = int(tree[VICTIM].member("fBasketSeek")[0])
        put(content, seek + tree[VICTIM].basket_key(0).fKeylen + offset, format, *numbers)

    return change


def _array(content: bytearray, tree: Any, name: str) -> int:
    """Find one of the arrays fBasketBytes, fBasketEntry and fBasketSeek, which are in a row."""
    first = find(content, _stored(tree, VICTIM, "fBasketBytes"))
    return content.index(_stored(tree, VICTIM, name), first)


def _stored(tree: Any, branch: str, name: str) -> bytes:
    values = tree[branch].member(name)[: tree[branch].num_baskets]
    stored: bytes = values.astype(values.dtype.newbyteorder(">")).tobytes()
    return stored


def in_array(name: str, number: int, index: int = 0) -> Change:
    def change(content: bytearray, tree: Any) -> None:
        size = tree[VICTIM].member(name).itemsize
        place = _array(content, tree, name) + index * size
        put(content, place, ">q" if size == 8 else ">i", number)

    return change


def entries(number: int) -> Change:
    """Change the number of events of the tree."""

    def change(content: bytearray, tree: Any) -> None:
        sizes = [tree.member(n) for n in ("fEntries", "fTotBytes", "fZipBytes")]
        put(content, find(content, struct.pack(">3q", *sizes)), ">q", number)

    return change


def one_place_for_two(content: bytearray, tree: Any) -> None:
    other = "muon_charge"
    for name in ("fBasketSeek", "fBasketBytes"):
        place, wanted = _array(content, tree, name), _stored(tree, other, name)
        content[place : place + len(wanted)] = wanted


def another_basket(make: Callable[[int], tuple[int, bytes]]) -> Change:
    """Put another basket behind the file's end, and let the branch point to it.

    Args:
        make: Takes the size of the true content, and gives the claimed one and the blocks.
    """

    def change(content: bytearray, tree: Any) -> None:
        branch = tree[VICTIM]
        start, key = int(branch.member("fBasketSeek")[0]), branch.basket_key(0)
        places = [_array(content, tree, name) for name in ("fBasketSeek", "fBasketBytes")]
        size, blocks = make(key.fObjlen)
        seek, total = len(content), key.fKeylen + len(blocks)
        content += content[start : start + key.fKeylen] + blocks
        put(content, seek, ">i", total)
        put(content, seek + 6, ">i", size)
        put(content, places[0], ">q", seek)
        put(content, places[1], ">i", total)
        in_header(12, len(content))(content, tree)

    return change


def block(name: bytes, method: int, compressed: bytes, size: int) -> bytes:
    """Return a compressed block, which claims to hold `size` bytes."""
    sizes = len(compressed).to_bytes(3, "little") + size.to_bytes(3, "little")
    return name + bytes([method]) + sizes + compressed


def _bomb(name: bytes, method: int, compress: Callable[[bytes], Any]) -> Change:
    """Make a block that says it holds what it should, and holds 400 MB."""
    return another_basket(
        lambda size: (size, block(name, method, bytes(compress(bytes(BOMB_BYTES))), size))
    )


def _true_bomb(size: int) -> tuple[int, bytes]:
    """Make blocks that hold what they say: all that a basket may claim."""
    del size
    compressed = bytes(cramjam.zstd.compress(bytes(BLOCK_BYTES)))
    return 120 * BLOCK_BYTES, 120 * block(b"ZS", 1, compressed, BLOCK_BYTES)


def offsets(change: Callable[[Any], Any]) -> Change:
    """Put an uncompressed basket in which the lists end elsewhere."""

    def change_file(content: bytearray, tree: Any) -> None:
        basket = tree[VICTIM].basket(0)
        stored = np.array(basket._raw_data)
        ends = stored[basket.border :].view(">i4")
        ends[1:] = change(ends[1:].astype(np.int64))
        another_basket(lambda size: (size, stored.tobytes()))(content, tree)

    return change_file


TREES: dict[str, tuple[Change, set[str]]] = {
    "basket of 2 GB": (in_key(6, ">i", LARGEST), {"oversize"}),
    "basket of -1 bytes": (in_key(6, ">i", -1), {"corrupt"}),
    "basket longer than its blocks": (in_key(6, ">i", 100_000), {"corrupt"}),
    "basket shorter than its blocks": (in_key(6, ">i", 10), {"corrupt"}),
    "compressed basket of 2 GB": (in_key(0, ">i", LARGEST), {"corrupt"}),
    "compressed basket of -5 bytes": (in_key(0, ">i", -5), {"corrupt"}),
    "key of 32 kB": (in_key(14, ">h", 32767), {"corrupt"}),
    "key of -1 bytes": (in_key(14, ">h", -1), {"corrupt"}),
    "2**31 events in a basket": (in_end_of_key(-9, LARGEST), {"corrupt"}),
    "-1 events in a basket": (in_end_of_key(-9, -1), {"corrupt"}),
    "offsets at 2 GB": (in_end_of_key(-5, LARGEST), {"corrupt"}),
    "offsets at -1": (in_end_of_key(-5, -1), {"corrupt"}),
    "block of 16 MB": (in_block("3B", 255, 255, 255, offset=6), {"corrupt"}),
    "compressed block of 16 MB": (in_block("3B", 255, 255, 255, offset=3), {"corrupt"}),
    "compression of old": (in_block("2s", b"CS"), {"corrupt"}),  # type: ignore[arg-type]
    "basket beyond the end": (in_array("fBasketSeek", 10**9), {"truncated"}),
    "basket at 2**62": (in_array("fBasketSeek", 2**62), {"truncated"}),
    "basket at -1": (in_array("fBasketSeek", -1), {"corrupt"}),
    "basket of 2 GB in the file": (in_array("fBasketBytes", LARGEST), {"truncated"}),
    "basket of -1 bytes in the file": (in_array("fBasketBytes", -1), {"corrupt"}),
    "basket that begins at event 2**62": (in_array("fBasketEntry", 2**62, 1), {"corrupt"}),
    "basket that begins at event -1": (in_array("fBasketEntry", -1, 1), {"corrupt"}),
    "two baskets in one place": (one_place_for_two, {"corrupt"}),
    "2**62 events": (entries(2**62), {"oversize"}),
    "-1 events": (entries(-1), {"corrupt"}),
    "one event more": (entries(EVENTS + 1), {"corrupt"}),
    "end at -1": (in_header(12, -1), {"corrupt"}),
    "end at 2 GB": (in_header(12, LARGEST), {"truncated"}),
    "name of 2 GB": (in_header(28, LARGEST), {"corrupt", "truncated"}),
    "name of -1 bytes": (in_header(28, -1), {"corrupt", "truncated"}),
    "begin at 2 GB": (in_header(8, LARGEST), {"corrupt", "truncated"}),
    "begin at -1": (in_header(8, -1), {"corrupt", "no-tree", "truncated"}),
    "zlib bomb": (_bomb(b"ZL", 8, lambda data: zlib.compress(data, 9)), {"corrupt"}),
    "zstd bomb": (_bomb(b"ZS", 1, cramjam.zstd.compress), {"corrupt"}),
    "lzma bomb": (_bomb(b"XZ", 0, lambda data: lzma.compress(data, preset=0)), {"corrupt"}),
    "bomb that says so": (another_basket(_true_bomb), {"oversize"}),
    "list that ends before it begins": (offsets(lambda e: e - 400 * (e > 200)), {"corrupt"}),
    "list of 2 GB": (offsets(lambda e: np.where(np.arange(len(e)) == 9, LARGEST, e)), {"corrupt"}),
}
