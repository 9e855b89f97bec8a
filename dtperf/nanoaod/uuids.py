"""Make a UUID for a file that has none: ``identify(directory.file)``.

ROOT's own RNTuple writer leaves it at all zeros, so that every such file has the same one.
"""

from __future__ import annotations

import queue
from hashlib import sha256
from typing import Any
from uuid import UUID

__all__ = ["derived", "identify", "is_derived"]

SMALL_BYTES = 8 << 20
"""Of files up to this size every byte counts."""
PIECES, PIECE_BYTES = 16, 1 << 16
"""Of larger ones so many pieces, so long: 1 MiB in all, of files that have 100 MB and more."""
_VERSION = 8
"""Of a UUID that is made in a way of its own: RFC 9562, section 5.8; ROOT and uproot write 1."""


def identify(file: Any) -> None:
    """Set the UUID of an open file to that of `derived` if its own is all zeros.

    Everybody who asks uproot for the UUID of this file gets it from then on.

    Args:
        file: An uproot ReadOnlyFile.
    """
    if not file.uuid.int:
        file.source.derived_uuid = derived(file.source)
        file._fUUID = file.source.derived_uuid.bytes


def derived(source: Any) -> UUID:
    """Make a UUID of the size and the bytes of a file.

    Replicas have the same one. Two files have not if they differ in size, or in any byte; of files
    of more than 8 MiB, in a byte of 16 pieces of 64 KiB, spread evenly from the first byte to the
    last. Files of different events differ in all pieces.

    Args:
        source: An uproot Source; asked once for all pieces.

    Returns:
        A UUID of version 8.
    """
    size = source.num_bytes
    ranges = [(0, size)]
    if size > SMALL_BYTES:
        starts = ((size - PIECE_BYTES) * n // (PIECES - 1) for n in range(PIECES))
        ranges = [(start, start + PIECE_BYTES) for start in starts]
    state = sha256(f"dtperf {size}".encode())
    for chunk in source.chunks(ranges, queue.Queue()):
        state.update(chunk.raw_data)
    content = bytearray(state.digest()[:16])
    content[6] = content[6] & 0x0F | _VERSION << 4
    content[8] = content[8] & 0x3F | 0x80
    return UUID(bytes=bytes(content))


def is_derived(uuid: UUID) -> bool:
    """Return whether a UUID is one of `derived`."""
    return uuid.version == _VERSION
