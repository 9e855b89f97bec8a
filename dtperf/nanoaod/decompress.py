"""Decompress ROOT's blocks within the bytes that they claim.

uproot hands the claimed size of a block to zlib, zstd and xz as a hint only: a block of 12 kB
that claims 1 kB and holds 400 MB takes 400 MB before it is refused. Also uproot does not notice
if the blocks of a basket together are shorter than it should be, and gives whatever was in memory.
"""

from __future__ import annotations

import struct
import threading
import zlib
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import cramjam
import numpy as np
import uproot.compression
import xxhash
import zstandard

from dtperf.errors import InputError
from dtperf.typing import U8

__all__ = [
    "after_block",
    "before_block",
    "claim",
    "decompress_into",
    "limit_decompression",
    "lzma_block",
    "takes_long",
    "zlib_block",
    "zstd_block",
]

FREE_BYTES = 1 << 26
"""So much a file may claim however short it is: some baskets of nothing but zeros."""
LARGEST_RATIO = 100
"""Beyond that, so often the compressed bytes that were read. Of muon DPG NANO it is 2 to 10."""


_SLOW = {b"ZL", b"XZ"}
"""ZSTD and LZ4 take hardly longer than to hand something to another thread and back."""
_HEADER = struct.Struct("<2sxHBHB")
"""Algorithm, version, compressed and uncompressed bytes; these in 24 bits, the lowest first."""

# Sources of dtperf to the bytes they have claimed, as a list of one number, which is added to;
# of others nothing is refused
_claims: WeakKeyDictionary[Any, list[int]] = WeakKeyDictionary()
_claiming = threading.Lock()


def limit_decompression(source: Any) -> None:
    """Refuse data of an uproot source that claim absurdly many bytes, from now on."""
    _claims[source] = [0]


def before_block(
    *, chunk: Any, compressed_bytes: int, uncompressed_bytes: int, num_blocks: int, **_: Any
) -> None:
    """Check the claim of a basket, when uproot begins with its first block.

    Raises:
        InputError: It is absurd.
    """
    if not num_blocks:
        claim(chunk.source, compressed_bytes, uncompressed_bytes)


def claim(source: Any, compressed_bytes: int, uncompressed_bytes: int) -> None:
    """Check what is claimed to be in some bytes, together with all that was claimed before.

    Raises:
        InputError: It is absurd, by the bytes read from the source so far.
    """
    if source not in _claims:
        return
    its = _claims[source]
    with _claiming:
        its[0] += uncompressed_bytes
        claimed = its[0]
    limit = FREE_BYTES + LARGEST_RATIO * source.num_requested_bytes
    if claimed > limit:
        message = (
            f"{compressed_bytes} bytes claim to hold {uncompressed_bytes}: {claimed} in all, "
            f"more than the {limit} that can be"
        )
        raise InputError(message, "oversize")


def takes_long(packed: U8) -> bool:
    """Return whether blocks are slow to decompress, so that a thread of its own pays."""
    return packed[:2].tobytes() in _SLOW


def decompress_into(packed: memoryview, content: memoryview) -> None:
    """Decompress the blocks of a basket or page; `content` is to be filled.

    Both are views of memory, of which parts are taken in a third of the time of an array's.

    Raises:
        ValueError: They have another size, or are damaged.
    """
    end, size = len(packed), len(content)
    filled = at = 0
    while at < end:
        begin = at + _HEADER.size
        if begin > end:
            raise ValueError("a block's header is cut off")
        algorithm, low, high, low_of_content, high_of_content = _HEADER.unpack_from(packed, at)
        compressed, uncompressed = low | high << 16, low_of_content | high_of_content << 16
        at = begin + compressed
        if at > end or filled + uncompressed > size:
            raise ValueError(
                f"a block of {compressed} bytes, {uncompressed} of content, is too big"
            )
        if (decompress := _ALGORITHMS.get(algorithm)) is None:
            raise ValueError(f"a block is compressed by {algorithm!r}, which nobody knows")
        target = content[filled : filled + uncompressed]
        if decompress(packed[begin:at], target) != uncompressed:
            raise ValueError(f"a block has not the {uncompressed} bytes that it claims")
        filled += uncompressed
    if filled != size:
        raise ValueError(f"{filled} bytes were decompressed where {size} should be")


class _Contexts(threading.local):
    """What zstandard decompresses with: made once for each thread, which takes its time."""

    def __init__(self) -> None:
        self.zstd = zstandard.ZstdDecompressor()


_contexts = _Contexts()


def _zstd_into(packed: memoryview, target: memoryview) -> int:
    """Decompress a block in a seventh less time than cramjam, which makes a context for each."""
    try:
        # ROOT writes a block as one frame, and reads one that has several
        stream = _contexts.zstd.stream_reader(
            packed, read_size=len(packed), read_across_frames=True
        )
        filled, has_more = stream.readinto(target), bool(stream.read(1))
    except zstandard.ZstdError as error:
        raise ValueError(f"a block cannot be decompressed: {error}") from error
    if has_more:
        raise ValueError(f"a block does not end after {len(target)} bytes")
    return filled


def _zlib_into(packed: memoryview, target: memoryview) -> int:
    return _put(zlib_block(None, packed, len(target)), target)


def _lz4_into(packed: memoryview, target: memoryview) -> int:
    checksum, data = packed[:8], packed[8:]
    if xxhash.xxh64_digest(data) != checksum:
        raise ValueError("the checksum of a block is wrong")
    return _put(uproot.compression._DecompressLZ4().decompress(data, len(target)), target)


def _put(content: bytes, target: memoryview) -> int:
    if len(content) == len(target):
        target[:] = content
    return len(content)


def after_block(
    *,
    cursor: Any,
    start: Any,
    compressed_bytes: int,
    uncompressed_bytes: int,
    filled: int,
    **_: Any,
) -> None:
    """Check that a basket is as long as it should be, when uproot has ended its last block.

    Raises:
        ValueError: It is not.
    """
    done = cursor.displacement(start) >= compressed_bytes
    if done and filled != uncompressed_bytes:
        raise ValueError(f"{filled} bytes were decompressed where {uncompressed_bytes} should be")


def zlib_block(_: Any, data: Any, uncompressed_bytes: int) -> bytes:
    """Decompress a block, as uproot's class for ZLIB, up to the bytes that it claims.

    Raises:
        ValueError: It has more.
    """
    stream = zlib.decompressobj()
    content = stream.decompress(data, uncompressed_bytes + 1)  # the one is to see the end
    if not stream.eof:
        raise ValueError(f"a block does not end after {uncompressed_bytes} bytes")
    return content


def zstd_block(_: Any, data: Any, uncompressed_bytes: int) -> U8:
    """Decompress a block, as uproot's class for ZSTD, into the bytes that it claims."""
    return _fill(_zstd_into, memoryview(data), uncompressed_bytes)


def lzma_block(_: Any, data: Any, uncompressed_bytes: int) -> U8:
    """Decompress a block, as uproot's class for LZMA, into the bytes that it claims."""
    return _fill(cramjam.xz.decompress_into, data, uncompressed_bytes)


def _fill(decompress_into: Callable[[Any, Any], int], data: Any, size: int) -> U8:
    content = np.empty(size, dtype=np.uint8)
    return content[: decompress_into(data, content)]


_ALGORITHMS: dict[bytes, Callable[[Any, Any], int]] = {
    b"ZL": _zlib_into,
    b"ZS": _zstd_into,
    b"XZ": cramjam.xz.decompress_into,
    b"L4": _lz4_into,
}
