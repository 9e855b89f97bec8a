"""Blocks of ZSTD in whatever frames a writer may have made of them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pytest
import zstandard

from dtperf.nanoaod.decompress import decompress_into, zstd_block

CONTENT = np.random.default_rng(1).integers(0, 9, 300_000).astype(np.uint8)


def one(content: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(content)


def several(content: bytes) -> bytes:
    return b"".join(one(content[at : at + 70_000]) for at in range(0, len(content), 70_000))


def of_unknown_size(content: bytes) -> bytes:
    stream = zstandard.ZstdCompressor().compressobj()
    return stream.compress(content) + stream.flush()


def of_a_large_window(content: bytes) -> bytes:
    settings = zstandard.ZstdCompressionParameters(window_log=27)
    stream = zstandard.ZstdCompressor(compression_params=settings).compressobj()
    return stream.compress(content) + stream.flush()


def block(packed: bytes, size: int) -> npt.NDArray[np.uint8]:
    sizes = len(packed).to_bytes(3, "little") + size.to_bytes(3, "little")
    return np.frombuffer(b"ZS\1" + sizes + packed, np.uint8)


def unpacked(packed: bytes, size: int) -> bytes:
    content = np.zeros(size, np.uint8)
    decompress_into(block(packed, size).data, content.data)
    return content.tobytes()


@pytest.mark.parametrize("pack", [one, several, of_unknown_size, of_a_large_window])
def test_any_frames(pack: Callable[[bytes], bytes]) -> None:
    content = CONTENT.tobytes()
    packed = pack(content)
    assert unpacked(packed, len(content)) == content
    assert zstd_block(None, packed, len(content)).tobytes() == content
    for size in (0, 1, 69_999, 70_000, len(content) - 1, len(content) + 1):
        with pytest.raises(ValueError, match="block"):
            unpacked(packed, size)
    for wrong in (packed[:-5], packed + b"rest", b"rest" + packed, b""):
        with pytest.raises(ValueError, match="block"):
            unpacked(wrong, len(content))
    # what went wrong before is forgotten
    assert unpacked(packed, len(content)) == content


def test_threads_do_not_share_what_they_decompress_with() -> None:
    packed = [one(np.roll(CONTENT, n).tobytes()) for n in range(40)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda each: unpacked(each, len(CONTENT)), packed))
    assert found == [np.roll(CONTENT, n).tobytes() for n in range(40)]
