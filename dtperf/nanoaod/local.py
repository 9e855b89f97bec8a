"""Local files for uproot: ``uproot.open(path, handler=LocalSource)``."""

from __future__ import annotations

import errno
import os
import queue
import weakref
from typing import Any, Self

import uproot.source.chunk

__all__ = ["LocalSource"]


class LocalSource(uproot.source.chunk.Source):  # type: ignore[misc]  # uproot is untyped
    """One open file.

    uproot's own opens the file by its name at each read, and so takes another's bytes if it was
    replaced. A memory map would end the process if the file became shorter.
    """

    def __init__(self, file_path: str, **_: Any) -> None:
        super().__init__()
        self._file_path = file_path
        self._descriptor = os.open(file_path, os.O_RDONLY | os.O_CLOEXEC)
        # also when a thread ends that has it open
        self._close = weakref.finalize(self, os.close, self._descriptor)
        self._begin = self._state()

    def _state(self) -> tuple[int, int]:
        now = os.fstat(self._descriptor)
        return now.st_size, now.st_mtime_ns

    @property
    def num_bytes(self) -> int:
        """Size of the file when it was opened."""
        return self._begin[0]

    @property
    def is_unchanged(self) -> bool:
        """Whether the file has not been written to since it was opened."""
        return self._state() == self._begin

    @property
    def closed(self) -> bool:
        """Whether the file is closed."""
        return not self._close.alive

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def chunk(self, start: int, stop: int) -> Any:
        """Read a range of bytes, as far as the file has them."""
        self._num_requests += 1
        return self._read(start, stop)

    def chunks(self, ranges: list[tuple[int, int]], notifications: queue.Queue[Any]) -> list[Any]:
        """Read ranges of bytes, and put each on the queue."""
        self._num_requests += 1
        chunks = [self._read(start, stop) for start, stop in ranges]
        for chunk in chunks:
            notifications.put(chunk)
        return chunks

    def _read(self, start: int, stop: int) -> Any:
        if start < 0:
            raise ValueError(f"something lies at byte {start}")
        # a size from a damaged file must not become a buffer
        size = max(0, min(stop, self.num_bytes) - start)
        if self.closed:
            raise OSError(errno.EBADF, "the file is closed", self._file_path)
        self._num_requested_chunks += 1
        self._num_requested_bytes += size
        return uproot.source.chunk.Chunk(self, start, stop, _Later(self, size, start))


class _Later:
    """Bytes that are read when they are used: then they are still in the cache of the core."""

    def __init__(self, source: LocalSource, size: int, start: int) -> None:
        self._source, self._size, self._start = source, size, start

    def result(self) -> bytes:
        """Read them; there is nothing to wait for."""
        return os.pread(self._source._descriptor, self._size, self._start)
