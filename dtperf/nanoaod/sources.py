"""Where the bytes of a file come from: this machine, or a server, within bounds of time."""

from __future__ import annotations

import contextlib
import errno
import os
import queue
import sys
import weakref
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import numpy as np
import uproot.source.chunk
from uproot.source.fsspec import FSSpecSource

from dtperf.errors import InputError
from dtperf.nanoaod.uuids import derived
from dtperf.typing import U8

__all__ = ["MAX_TIMEOUT_S", "LocalSource", "RemoteSource", "bound_waiting", "list_directory"]


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
    def is_current(self) -> bool:
        """Whether its name still stands for this file, and nobody has written to it."""
        if self.closed:  # its descriptor may be another file's
            return False
        try:
            named, mine = Path(self._file_path).stat(), os.fstat(self._descriptor)
        except OSError:
            return False
        return os.path.samestat(named, mine) and self.is_unchanged

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

    def joined(self, starts: list[int], sizes: list[int]) -> U8:
        """Read ranges of bytes, and return them one behind the other.

        Raises:
            InputError: The file does not have them.
            OSError: It is closed, or cannot be read.
        """
        if self.closed:
            raise OSError(errno.EBADF, "the file is closed", self._file_path)
        total = sum(sizes)
        self._num_requested_chunks += len(starts)
        self._num_requested_bytes += total
        content = np.empty(total, dtype=np.uint8)
        buffer, begin = content.data, 0
        for at, size in zip(starts, sizes, strict=True):
            end = begin + size
            while begin < end:  # as `_LazyBytes.result`
                if not (read := os.preadv(self._descriptor, [buffer[begin:end]], at)):
                    raise InputError(f"the file ends before byte {at + end - begin}", "truncated")
                begin, at = begin + read, at + read  # noqa: PLW2901
        return content

    def _read(self, start: int, stop: int) -> Any:
        if start < 0:
            raise ValueError(f"something lies at byte {start}")
        # a size from a damaged file must not become a buffer
        size = max(0, min(stop, self.num_bytes) - start)
        if self.closed:
            raise OSError(errno.EBADF, "the file is closed", self._file_path)
        self._num_requested_chunks += 1
        self._num_requested_bytes += size
        return uproot.source.chunk.Chunk(self, start, stop, _LazyBytes(self, size, start))


class _LazyBytes:
    """Bytes that are read when they are used: then they are still in the core's cache."""

    def __init__(self, source: LocalSource, size: int, start: int) -> None:
        self._source, self._size, self._start = source, size, start

    def result(self) -> bytes:
        """Read and return the bytes."""
        descriptor, content = self._source._descriptor, b""
        while more := os.pread(descriptor, self._size - len(content), self._start + len(content)):
            content += more  # some file systems give less than they are asked for
        return content


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
            self._forget()
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
            self._forget()

    def _begin(self) -> bytes:
        return bytes(super().chunk(0, _HEADER_BYTES).raw_data)

    def _forget(self) -> None:
        # when Python ends, fsspec's thread is gone, and would be waited for for ever
        if sys.is_finalizing():
            return
        with contextlib.suppress(Exception):
            self._fs.invalidate_cache(self._file_path)


MAX_TIMEOUT_S = 65_535
"""Seconds; the XRootD client counts them in 16 bits."""
_PARTIAL = 3
"""suPartial of XrdClStatus.hh: some of the servers behind a redirector have not answered."""


def bound_waiting(timeout_s: int) -> None:
    """Bound how long the XRootD client of this process waits for an answer.

    By itself it tries for ten minutes to connect, waits half an hour for an answer, looks at its
    watch every 15 s, and after a failure reports the same one for half an hour without trying.
    What the user has set as ``XRD_…`` in the environment is left as it is. A connection keeps the
    settings with which it was made.

    Args:
        timeout_s: Longest wait for a connection or an answer, in seconds.
    """
    client: Any = import_module("XRootD.client")
    timeout_s = min(timeout_s, MAX_TIMEOUT_S)
    settings = {
        "ConnectionWindow": timeout_s,
        "ConnectionRetry": 1,
        "RequestTimeout": timeout_s,
        "StreamTimeout": timeout_s,
        "StreamErrorWindow": 0,
        "TimeoutResolution": max(1, min(timeout_s // 4, 15)),
    }
    for name, value in settings.items():
        client.EnvPutInt(name, value)


def list_directory(url: str, timeout_s: int) -> Iterator[tuple[str, bool]]:
    """List a directory as xrdfs does: of a redirector, what all servers behind it hold.

    fsspec-xrootd asks one of these servers, does not tell when some have not answered, and keeps
    what it has listed as the sizes of the files for good.

    Args:
        url: The directory.
        timeout_s: Longest wait for an answer, in seconds.

    Yields:
        Name, and whether it is a directory; names are as the server gives them.

    Raises:
        OSError: The server does not list it.
        InputError: It does not list all of it.
    """
    client: Any = import_module("XRootD.client")
    flags: Any = import_module("XRootD.client.flags")
    how = flags.DirListFlags.STAT | flags.DirListFlags.LOCATE | flags.DirListFlags.MERGE
    path = "/" + client.URL(url).path_with_params.lstrip("/")
    status, found = client.FileSystem(url).dirlist(path, how, timeout_s)
    if not status.ok:
        raise OSError(str(status.message).strip())
    if status.code == _PARTIAL:
        raise InputError("some of its servers have not told what they hold", "unreachable")
    for entry in found or ():
        yield entry.name, bool(entry.statinfo.flags & flags.StatInfoFlags.IS_DIR)
