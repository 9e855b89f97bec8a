"""The files that a thread keeps open: ``opened(Wanted(...))``."""

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
from dtperf.nanoaod.open import find_tree, open_file, unfinished
from dtperf.nanoaod.patches import install
from dtperf.nanoaod.rntuple import NTupleReader
from dtperf.nanoaod.storage_checks import check_storage

__all__ = ["FileRequest", "OpenFile", "close", "close_all", "opened", "reason"]

AT_MOST = 4
"""Of each thread; chunks of one file come one after the other."""


class FileRequest(NamedTuple):
    """Which file, and what it must be."""

    address: str
    tree: str
    uuid: bytes
    bytes: int | None
    """Size; None if it is not known."""
    columns: ColumnFilter
    """The branches that will be read."""
    required: tuple[str, ...]
    """The branches that must be there; empty if somebody has looked."""
    timeout_s: int


class OpenFile:
    """A file that has been checked."""

    def __init__(self, wanted: FileRequest) -> None:
        """Open the file and check it.

        Raises:
            InputError: It cannot be opened, or is not what is wanted.
        """
        self.wanted = wanted
        self.directory = open_file(wanted.address, wanted.timeout_s)
        try:
            self._source = self.directory.file.source
            self._refuse_another()
            self.tree = find_tree(self.directory, wanted.address, wanted.tree)
            if wanted.required:
                optional = sorted(wanted.columns.columns.difference(wanted.required))
                require_columns(self.tree, wanted.address, wanted.required, optional)
            check_storage(self.tree, wanted.columns)
            is_tree = isinstance(self.tree, uproot.TTree)
            self._bulk = (BulkReader if is_tree else NTupleReader)(self.tree, wanted.columns)
            self.remark = unfinished(self.directory.file)
            self._factory = FileEvents(self.directory, wanted.tree, wanted.columns)
        except BaseException:
            self.close()
            raise

    @property
    def bytes_read(self) -> int:
        """Bytes asked of the file so far."""
        return int(self._source.num_requested_bytes)

    def ask(self, start: int, stop: int) -> None:
        """Ask for the bytes of some events that will be read next, and do not wait for them."""
        self._bulk.ask(start, stop)

    def events(
        self, columns: Mapping[str, Any], start: int, stop: int, metadata: Mapping[str, Any]
    ) -> Any:
        """Make NanoEvents of columns that were read.

        Args:
            columns: Of `read`.
            start: First event.
            stop: One past the last event.
            metadata: What ``events.metadata`` shall hold.
        """
        return self._factory.events(columns, start, stop, metadata)

    def read(self, start: int, stop: int, threads: int = 1) -> dict[str, Any]:
        """Read the columns of some events.

        Args:
            start: First event.
            stop: One past the last event.
            threads: How many unpack baskets or pages.

        Returns:
            Awkward arrays by the name of the branch.

        Raises:
            InputError: The columns contradict themselves or each other.
        """
        columns = self._bulk.read(start, stop, threads)
        check_counters(columns)
        return columns

    def refuse_changed(self) -> None:
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

    def _refuse_another(self) -> None:
        wanted, file = self.wanted, self.directory.file
        if file.uuid.bytes != wanted.uuid:
            told = f"it now has UUID {file.uuid}, and had {UUID(bytes=wanted.uuid)}"
            raise InputError(f"was replaced after it was checked: {told}", "changed")
        size = self._source.num_bytes
        if wanted.bytes is not None and size != wanted.bytes:
            told = f"it now has {size} bytes, and had {wanted.bytes}"
            raise InputError(f"was changed after it was checked: {told}", "changed")


_Key = tuple[str, bytes, str, ColumnFilter]


class _Files(threading.local):
    def __init__(self) -> None:
        self.open: OrderedDict[_Key, OpenFile] = OrderedDict()


# each thread has its own: one must not close what another reads
_files = _Files()


def opened(wanted: FileRequest) -> OpenFile:
    """Open a file and check it, or take it if this thread has it open.

    Raises:
        InputError: It cannot be opened, or is not what is wanted.
    """
    install()  # somebody may have undone it since the file was opened
    key = _key(wanted)
    if key not in _files.open:
        while len(_files.open) >= AT_MOST:
            _files.open.popitem(last=False)[1].close()
        _files.open[key] = OpenFile(wanted)
    _files.open.move_to_end(key)
    return _files.open[key]


def close(wanted: FileRequest) -> None:
    """Close a file if this thread has it open."""
    if file := _files.open.pop(_key(wanted), None):
        file.close()


def reason(wanted: FileRequest, error: Exception) -> Exception:
    """Return why a file could not be read: contents make no sense also if they are another's.

    Args:
        wanted: The file.
        error: What was raised when it was read.

    Returns:
        The error, or that the file has changed or is gone.
    """
    file = _files.open.get(_key(wanted))
    if file is not None and classify(error) in ("corrupt", "truncated", "oversize"):
        try:
            file.refuse_changed()
        except Exception as why:  # noqa: BLE001  # it is told as it is
            return why
    return error


def close_all() -> None:
    """Close all files that this thread has open."""
    while _files.open:
        _files.open.popitem()[1].close()


def _key(wanted: FileRequest) -> _Key:
    return wanted.address, wanted.uuid, wanted.tree, wanted.columns
