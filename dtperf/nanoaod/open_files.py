"""Keep files open between chunks, by thread: ``open_checked(FileRequest(...))``."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

import uproot

from dtperf.errors import InputError
from dtperf.nanoaod import ColumnFilter, require_columns
from dtperf.nanoaod.bulk import BulkReader
from dtperf.nanoaod.events import FileEvents
from dtperf.nanoaod.faults import classify
from dtperf.nanoaod.list_checks import check_counters
from dtperf.nanoaod.looking import take_looked_at
from dtperf.nanoaod.marks import mark_of
from dtperf.nanoaod.open import find_tree, open_file, unfinished
from dtperf.nanoaod.patches import install
from dtperf.nanoaod.read_columns import ReadColumns
from dtperf.nanoaod.rntuple import NTupleReader
from dtperf.nanoaod.storage_checks import check_storage

__all__ = [
    "FileRequest",
    "OpenFile",
    "close",
    "close_all",
    "open_checked",
    "open_here",
    "true_error",
]

MAX_OPEN_FILES = 4
"""Of each thread; a thread gets the chunks of a file one after the other."""


class FileRequest(NamedTuple):
    """A file to read, and what identified it when it was checked."""

    address: str
    tree: str
    uuid: bytes
    bytes: int | None
    """Size; None if it is not known."""
    columns: ColumnFilter
    """The branches that will be read."""
    required: tuple[str, ...]
    """The branches that must be there; empty if that has been checked."""
    timeout_s: int


class OpenFile:
    """A file that has been checked."""

    def __init__(self, request: FileRequest) -> None:
        """Open the file and check it.

        Raises:
            InputError: It cannot be opened, or is not what was requested.
        """
        self.request = request
        self.directory = take_looked_at(request.address) or open_file(
            request.address, request.timeout_s
        )
        try:
            self._source = self.directory.file.source
            self._check_identity()
            self.tree = find_tree(self.directory, request.address, request.tree)
            if request.required:
                optional = sorted(request.columns.columns.difference(request.required))
                require_columns(self.tree, request.address, request.required, optional)
            check_storage(self.tree, request.columns)
            is_tree = isinstance(self.tree, uproot.TTree)
            self._bulk = (BulkReader if is_tree else NTupleReader)(self.tree, request.columns)
            self.remark = unfinished(self.directory.file)
            self.mark = mark_of(self.directory, self.tree)
            self._factory = FileEvents(self.directory, request.tree, request.columns)
        except BaseException:
            self.close()
            raise

    @property
    def bytes_read(self) -> int:
        """Bytes asked of the file so far."""
        return int(self._source.num_requested_bytes)

    def prefetch(self, start: int, stop: int) -> None:
        """Request the bytes of the events that will be read next, without waiting for them."""
        self._bulk.prefetch(start, stop)

    def events(
        self, columns: ReadColumns, start: int, stop: int, metadata: Mapping[str, Any]
    ) -> Any:
        """Make NanoEvents of what `read` returned, as `FileEvents.events` does."""
        return self._factory.events(columns, start, stop, metadata)

    def read(self, start: int, stop: int, threads: int = 1) -> ReadColumns:
        """Read the columns of some events, as `BulkReader.read` does, and check the counters."""
        columns = self._bulk.read(start, stop, threads)
        check_counters(columns)
        return columns

    def check_unchanged(self) -> None:
        """Check that what was read since the file was opened is of one and the same file.

        Raises:
            InputError: The file was replaced or written to.
        """
        if not self._source.is_unchanged:
            raise InputError("was written to or replaced while it was read", "changed")

    def close(self) -> None:
        """Close the file, whatever state it is in."""
        with contextlib.suppress(Exception):
            self.directory.close()

    def _check_identity(self) -> None:
        request, file = self.request, self.directory.file
        if file.uuid.bytes != request.uuid:
            message = f"it now has UUID {file.uuid}, and had {UUID(bytes=request.uuid)}"
            raise InputError(f"was replaced after it was checked: {message}", "changed")
        size = self._source.num_bytes
        if request.bytes is not None and size != request.bytes:
            message = f"it now has {size} bytes, and had {request.bytes}"
            raise InputError(f"was changed after it was checked: {message}", "changed")


_Key = tuple[str, bytes, str, ColumnFilter]


class _Files(threading.local):
    def __init__(self) -> None:
        self.open: OrderedDict[_Key, OpenFile] = OrderedDict()


# each thread has its own: one must not close what another reads
_files = _Files()


def open_checked(request: FileRequest) -> OpenFile:
    """Open a file and check it, or return it if this thread has it open.

    Raises:
        InputError: It cannot be opened, or is not what was requested.
    """
    install()  # somebody may have undone it since the file was opened
    key = _key(request)
    if key not in _files.open:
        while len(_files.open) >= MAX_OPEN_FILES:
            _files.open.popitem(last=False)[1].close()
        _files.open[key] = OpenFile(request)
    _files.open.move_to_end(key)
    return _files.open[key]


def open_here() -> dict[str, Any]:
    """Return the directories of the files that this thread has open, by address."""
    return {file.request.address: file.directory for file in _files.open.values()}


def close(request: FileRequest) -> None:
    """Close a file if this thread has it open."""
    if file := _files.open.pop(_key(request), None):
        file.close()


def true_error(request: FileRequest, error: Exception) -> Exception:
    """Return why a file could not be read: content looks damaged also if the file was replaced.

    Args:
        request: The file.
        error: What was raised when it was read.

    Returns:
        The error, or an error that says that the file has changed or is gone.
    """
    file = _files.open.get(_key(request))
    if file is not None and classify(error) in ("corrupt", "truncated", "oversize"):
        try:
            file.check_unchanged()
        except Exception as changed:  # noqa: BLE001  # returned for the caller to raise
            return changed
    return error


def close_all() -> None:
    """Close all files that this thread has open."""
    while _files.open:
        _files.open.popitem()[1].close()


def _key(request: FileRequest) -> _Key:
    return request.address, request.uuid, request.tree, request.columns
