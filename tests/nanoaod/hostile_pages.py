"""RNTuples made to do harm: sound ones in which pages, or what is said of them, were changed."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Any

import cramjam
import xxhash

from tests.nanoaod.hostile import (
    BOMB_BYTES,
    LARGEST,
    VICTIM,
    Change,
    block,
    find,
    in_header,
    put,
)

__all__ = ["NTUPLES"]


def _page_list(tree: Any) -> tuple[int, int]:
    """Find the list of pages of the first clusters: its first byte, and one past its last."""
    place = tree.footer.cluster_group_records[0].page_list_link.locator
    return int(place.offset), int(place.offset + place.num_bytes)


def in_pages(change: Callable[[bytearray, int, Any], None]) -> Change:
    """Change the list of pages, and give it its checksum again."""

    def change_file(content: bytearray, tree: Any) -> None:
        start, stop = _page_list(tree)
        envelope = content[start:stop]
        page = tree.page_link_list[0][_column(tree)].pages[0]
        described = struct.pack(
            "<i", -page.num_elements if page.has_checksum else page.num_elements
        )
        described += struct.pack("<iQ", page.locator.num_bytes, page.locator.offset)
        change(envelope, find(envelope, described), page)
        envelope[-8:] = struct.pack("<Q", xxhash.xxh3_64_intdigest(bytes(envelope[:-8])))
        content[start:stop] = envelope

    return change_file


def _column(tree: Any) -> int:
    """Find the column of a field's numbers, not that of the lengths of its lists."""
    parent = tree[VICTIM].field_id
    records = enumerate(tree.field_records)
    fields = [n for n, r in records if r.parent_field_id == parent and n != parent]
    return int(next(c.idx for c in tree.column_records if c.field_id in fields))


def page(offset: int, format: str, number: int) -> Change:
    """Change the description of a page: its numbers at 0, its bytes at 4, its place at 8."""
    return in_pages(lambda envelope, at, _: put(envelope, at + offset, format, number))


def items(number: int) -> Change:
    """Change how many pages the column's list has, 12 bytes before the end of its head."""
    return in_pages(lambda envelope, at, _: put(envelope, at - 4, "<I", number))


def cluster(offset: int, number: int) -> Change:
    """Change what is said of the first cluster: its first event at 0, its events at 8."""

    def change(envelope: bytearray, _: int, __: Any) -> None:
        put(envelope, find(envelope, struct.pack("<QQ", 0, 25)) + offset, "<Q", number)

    return in_pages(change)


def another_page(make: Callable[[bytes], bytes]) -> Change:
    """Put another page behind the file's end, and let the column point to it.

    Args:
        make: Takes what the page holds, and gives what is to stand in the file.
    """

    def change(content: bytearray, tree: Any) -> None:
        true = tree.page_link_list[0][_column(tree)].pages[0]
        assert not true.has_checksum
        size = true.num_elements * 4
        chunk, cursor = tree.read_locator(true.locator, size)
        blocks, seek = make(cursor.bytes(chunk, size, {}).tobytes()), len(content)
        content += blocks

        def point(envelope: bytearray, at: int, _: Any) -> None:
            put(envelope, at + 4, "<iQ", len(blocks), seek)

        in_pages(point)(content, tree)
        in_header(12, len(content))(content, tree)

    return change


def _packed(held: bytes) -> bytes:
    """Return a block of the size that a page is to have, which takes fewer bytes than that."""
    return bytes(cramjam.zstd.compress(bytes(len(held))))


def lying(claimed: Callable[[int], int], name: bytes = b"ZS") -> Change:
    """Put a block that claims another size, or to be compressed in another way."""
    return another_page(lambda held: block(name, 1, _packed(held), claimed(len(held))))


def cut(bytes_left: Callable[[int], int]) -> Change:
    """Put a block without its end."""

    def cut_off(held: bytes) -> bytes:
        whole = block(b"ZS", 1, _packed(held), len(held))
        return whole[: bytes_left(len(whole))]

    return another_page(cut_off)


def _bomb(name: bytes, method: int, compress: Callable[[bytes], Any]) -> Change:
    """Put a block that says it holds what it should, and holds 400 MB."""
    return another_page(
        lambda held: block(name, method, bytes(compress(bytes(BOMB_BYTES))), len(held))
    )


NTUPLES: dict[str, tuple[Change, set[str]]] = {
    "page of 2**31 numbers": (page(0, "<i", LARGEST), {"oversize"}),
    "page of -2**31 numbers": (page(0, "<i", -LARGEST - 1), {"oversize"}),
    "page of one number more": (page(0, "<i", 10_000), {"corrupt"}),
    "page of 2 GB": (page(4, "<i", LARGEST), {"truncated"}),
    "page beyond the end": (page(8, "<Q", 2**62), {"truncated"}),
    "page at 2**64": (page(8, "<Q", 2**64 - 1), {"truncated"}),
    "2**32 pages": (items(2**32 - 1), {"corrupt"}),
    "cluster of 2**55 events": (cluster(8, 2**55), {"corrupt", "oversize"}),
    "cluster at event 2**62": (cluster(0, 2**62), {"corrupt"}),
    "block longer than its page": (lying(lambda size: size + 1), {"corrupt"}),
    "block shorter than its page": (lying(lambda size: size - 1), {"corrupt"}),
    "block of nothing": (lying(lambda _: 0), {"corrupt"}),
    "block of 16 MB": (lying(lambda _: 2**24 - 1), {"corrupt"}),
    "block of LZ4 that is one of ZSTD": (lying(lambda size: size, b"L4"), {"corrupt"}),
    "block that is compressed in no way": (lying(lambda size: size, b"??"), {"corrupt"}),
    "half of a block": (cut(lambda size: size // 2 + 5), {"corrupt"}),
    "half of a block's header": (cut(lambda _: 5), {"corrupt"}),
    "page of no bytes": (another_page(lambda _: b""), {"corrupt"}),
    "page with something behind its block": (
        another_page(lambda held: block(b"ZS", 1, _packed(held), len(held)) + b"rest"),
        {"corrupt"},
    ),
    "page as it is, one byte too long": (another_page(lambda held: held + b"x"), {"corrupt"}),
    "page as it is, one byte too short": (another_page(lambda held: held[:-1]), {"corrupt"}),
    "zlib bomb": (_bomb(b"ZL", 8, lambda data: zlib.compress(data, 9)), {"corrupt"}),
    "zstd bomb": (_bomb(b"ZS", 1, cramjam.zstd.compress), {"corrupt"}),
}
