"""Check what uproot does not check of RNTuples.

uproot looks at no checksum of a page or of a list of pages, and believes any number of items in a
list: four thousand million of them end when memory does.
https://github.com/root-project/root/blob/master/tree/ntuple/doc/BinaryFormatSpecification.md
Where pages are is read by `dtperf.nanoaod.rntuple_lists`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import uproot.compression
import xxhash
from uproot.source.chunk import Chunk
from uproot.source.cursor import Cursor

__all__ = [
    "CHECKSUM_BYTES",
    "PAGE_BYTES",
    "bounded_list",
    "bounded_record",
    "check_sum",
    "checked_page_list",
    "marked_locator",
    "marked_page",
    "read_locator",
]

Reader = Callable[[Any, Any, Any, Any], Any]

_FRAME = struct.Struct("<q")
_LIST = struct.Struct("<qI")
_CHECKSUM = struct.Struct("<Q")
CHECKSUM_BYTES = _CHECKSUM.size
PAGE_BYTES = 16
"""Of the shortest description of a page."""


def bounded_record(read: Reader) -> Reader:
    """Return uproot's reader of a record, which refuses one that ends beyond what is there."""

    def bounded(self: Any, chunk: Any, cursor: Any, context: Any) -> Any:
        (size,) = cursor.fields(chunk, _FRAME, context, move=False)
        if not _FRAME.size <= size <= chunk.stop - cursor.index:
            raise ValueError(f"a record claims {size} bytes")
        return read(self, chunk, cursor, context)

    return bounded


def bounded_list(read: Reader, item_bytes: int = _FRAME.size) -> Reader:
    """Return uproot's reader of a list, which refuses one of more items than its bytes can hold."""

    def bounded(self: Any, chunk: Any, cursor: Any, context: Any) -> Any:
        size, items = cursor.fields(chunk, _LIST, context, move=False)
        if not _LIST.size + items * item_bytes <= -size <= chunk.stop - cursor.index:
            raise ValueError(f"a list claims {items} items in {-size} bytes")
        return read(self, chunk, cursor, context)

    return bounded


def checked_page_list(read: Reader) -> Reader:
    """Return uproot's reader of a list of pages, which looks at its checksum."""

    def checked(self: Any, chunk: Any, cursor: Any, context: Any) -> Any:
        check_sum(chunk.raw_data, "list of pages")
        return read(self, chunk, cursor, context)

    return checked


def marked_locator(read: Reader) -> Reader:
    """Return uproot's reader of a place in a file, which `read_locator` takes."""

    def marked(self: Any, chunk: Any, cursor: Any, context: Any) -> Any:
        locator = read(self, chunk, cursor, context)
        locator.has_checksum = False
        return locator

    return marked


def marked_page(read: Reader) -> Reader:
    """Return uproot's reader of a page's place, which knows of the checksum behind the page."""

    def marked(self: Any, chunk: Any, cursor: Any, context: Any) -> Any:
        page = read(self, chunk, cursor, context)
        page.locator.has_checksum = page.has_checksum
        return page

    return marked


def read_locator(self: Any, locator: Any, uncompressed_bytes: int) -> tuple[Any, Any]:
    """Read a page or an envelope; as uproot's, and with the checksum behind the page."""
    start, stop = locator.offset, locator.offset + locator.num_bytes
    source = self.file.source
    if locator.has_checksum:
        content = source.chunk(start, stop + _CHECKSUM.size).raw_data
        check_sum(content, "page")
        chunk = Chunk.wrap(source, content[: -_CHECKSUM.size], start)
    else:
        chunk = source.chunk(start, stop)
    cursor = Cursor(start)
    if locator.num_bytes < uncompressed_bytes:
        size = locator.num_bytes
        chunk = uproot.compression.decompress(chunk, cursor, {}, size, uncompressed_bytes)
        cursor.move_to(0)
    return chunk, cursor


def check_sum(content: Any, what: str) -> None:
    """Check the bytes of a page, or of a list of pages, by the checksum at their end.

    Raises:
        ValueError: They are damaged.
    """
    (expected,) = _CHECKSUM.unpack_from(content, len(content) - _CHECKSUM.size)
    if xxhash.xxh3_64_intdigest(content[: -_CHECKSUM.size]) != expected:
        raise ValueError(f"a {what} has another checksum than is written behind it")
