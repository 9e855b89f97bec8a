"""Files on servers for uproot: ``uproot.open(url, handler=RemoteSource)``."""

from __future__ import annotations

import contextlib
import sys
from typing import Any
from uuid import UUID

from uproot.source.fsspec import FSSpecSource

from dtperf.nanoaod.uuids import derived

__all__ = ["RemoteSource"]

_HEADER_BYTES = 75
"""Of a ROOT file above 2 GB; the UUID is at their end."""


class RemoteSource(FSSpecSource):  # type: ignore[misc]  # uproot is untyped
    """uproot's own, which closes the server's file when it is closed, or fails.

    Else fsspec-xrootd keeps it for the next who asks for the file: one that has lost its
    connection fails for ever, and one that was replaced is read on.
    """

    _header: bytes | None = None
    _size: int | None = None
    derived_uuid: UUID | None = None
    """Of a file that has none of its own; see `dtperf.nanoaod.uuids`."""

    @property
    def num_bytes(self) -> int:
        """Size of the file; the server is asked once."""
        if self._size is None:
            self._size = int(super().num_bytes)
        return self._size

    @property
    def is_unchanged(self) -> bool:
        """Whether the file still begins as it did when it was opened, and is the same all over.

        One small request; one more, of 8 MiB at most, if the file has no UUID. fsspec-xrootd opens
        a file anew that was not used for 30 s, and the XRootD client goes to another server when it
        loses one: this tells if it is another file.
        """
        if self._header is None:
            return True
        if self._begin() != self._header:
            return False
        return self.derived_uuid is None or self.derived_uuid == derived(self)

    def chunk(self, start: int, stop: int) -> Any:
        """Read a range of bytes."""
        try:
            chunk = super().chunk(start, stop)
        except BaseException:
            self._drop()
            raise
        if start == 0 and self._header is None:
            self._header = bytes(chunk.future.result()[:_HEADER_BYTES])
        return chunk

    def __exit__(self, *args: object) -> None:
        # uproot closes once more when it deletes what it has closed: somebody else may have the
        # server's file by then
        was_open = not self.closed
        super().__exit__(*args)
        if was_open:
            self._drop()

    def _begin(self) -> bytes:
        return bytes(super().chunk(0, _HEADER_BYTES).raw_data)

    def _drop(self) -> None:
        # when Python ends, fsspec's thread is gone, and would be waited for for ever
        if sys.is_finalizing():
            return
        with contextlib.suppress(Exception):
            self._fs.invalidate_cache(self._file_path)
