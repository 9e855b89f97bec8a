"""Opening a file: ``with open_tree(path) as tree: require_columns(tree, path, columns)``."""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import fsspec
import uproot

from dtperf.addresses import AUTHZ, bare, complete
from dtperf.errors import DtperfError, InputError
from dtperf.extras import install_command
from dtperf.nanoaod.decompress import limit_decompression
from dtperf.nanoaod.faults import classify, first_line, raise_if_ours
from dtperf.nanoaod.patches import install
from dtperf.nanoaod.sources import MAX_TIMEOUT_S, LocalSource, RemoteSource, bound_waiting
from dtperf.nanoaod.storage_checks import check_entries
from dtperf.nanoaod.uuids import identify

__all__ = [
    "TIMEOUT_S",
    "find_tree",
    "fsspec_options",
    "open_file",
    "open_tree",
    "remote_hint",
    "unfinished",
]

TIMEOUT_S = 60

_TREE_CLASSES = {"TTree", "TNtuple", "TNtupleD", "ROOT::RNTuple"}
_HEADER_BYTES = 20
# From this version on a ROOT file counts its bytes in 64 bits.
_BIG_FILE_VERSION = 1_000_000


@contextmanager
def open_tree(path: str, tree: str = "Events", timeout_s: int = TIMEOUT_S) -> Iterator[Any]:
    """Open a tree of a ROOT file, and close the file afterwards.

    Args:
        path: A local path or a URL such as ``root://server//store/file.root``.
        tree: The name of the tree.
        timeout_s: How long an XRootD server may take for an answer, in seconds.

    Yields:
        The uproot TTree or RNTuple.

    Raises:
        InputError: The file is missing, empty, truncated, not a ROOT file, not readable, or
            holds no such tree; `cause` tells which.
    """
    directory = open_file(str(path), timeout_s)
    with directory:
        yield find_tree(directory, str(path), tree)


def open_file(path: str, timeout_s: int = TIMEOUT_S) -> Any:
    """Open a ROOT file and check that it is complete.

    Args:
        path: A local path or a URL; messages name it without its secrets, which are sent to its
            server as `dtperf.addresses.complete` knows them.
        timeout_s: How long an XRootD server may take for an answer, in seconds.

    Returns:
        The directory at its top; to be closed. uproot keeps no arrays of it. A file without a UUID
        has that of `dtperf.nanoaod.uuids`.

    Raises:
        InputError: It is no readable and complete ROOT file; `cause` tells why.
    """
    install()
    full_address, path = complete(path), bare(path)
    if "://" not in path:
        _check_local(path)
    remote = "://" in path
    options = fsspec_options(path, timeout_s) if remote else {}
    handler = RemoteSource if remote else LocalSource
    with ExitStack() as on_error:
        try:
            directory = uproot.open(
                {full_address: None}, handler=handler, array_cache=None, **options
            )
            on_error.callback(directory.close)
            file = directory.file
            stated_size, size = file.fEND, file.source.num_bytes
            if 0 < stated_size <= size:
                limit_decompression(file.source)
                identify(file)
        except Exception as error:
            raise _cannot_open(path, error, options) from error
        if stated_size > size:
            raise InputError(_truncated(path, stated_size, size), "truncated")
        if stated_size <= 0:
            message = f"{path}: is damaged: its header promises {stated_size} bytes"
            raise InputError(message, "corrupt")
        on_error.pop_all()
    return directory


def unfinished(file: Any) -> str:
    """Return a remark on a file that was never closed: its job may have been killed as it wrote.

    ROOT writes where the file ends, and where its free places are listed, when it saves the
    file and when it closes it; the list only then. What was saved can be read. ROOT's own rule
    is in `TFile::Init`. The remark is empty if the file was closed.
    """
    excess = file.source.num_bytes - file.fEND
    if not excess and file.fSeekFree > file.fBEGIN:
        return ""
    where = f", it goes on for {excess} bytes behind its end" if excess else ""
    return f"was not closed{where}: events that its job had not saved are not in it"


def fsspec_options(url: str, timeout_s: int) -> dict[str, Any]:
    """Return fsspec's options for a server, and set the XRootD client's time limits if it is one.

    Raises:
        DtperfError: What is needed for XRootD is not installed.
    """
    if url.startswith(("http://", "https://")) and find_spec("aiohttp") is not None:
        from aiohttp import ClientTimeout

        # of each answer, and not of the whole file; aiohttp's own are five minutes for all
        waiting = ClientTimeout(total=None, sock_connect=timeout_s, sock_read=timeout_s)
        return {"client_kwargs": {"timeout": waiting}}
    if not url.startswith("root://"):
        return {}
    if find_spec("fsspec_xrootd") is None:
        msg = f"{url}: reading over XRootD needs fsspec-xrootd: {install_command('xrootd')}"
        raise DtperfError(msg, "environment")
    bound_waiting(timeout_s)
    return {"timeout": min(timeout_s, MAX_TIMEOUT_S)}


def _check_local(path: str) -> None:
    """Refuse what is no complete ROOT file, before uproot stumbles over it."""
    file = Path(path)
    try:
        # a pipe would be waited for until somebody writes into it
        mode = file.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            msg = f"{path}: is a pipe, socket or device, not a ROOT file"
            raise InputError(msg, "not-root")
        with file.open("rb") as stream:
            header = stream.read(_HEADER_BYTES)
            size = stream.seek(0, 2)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file", "missing") from error
    except IsADirectoryError as error:
        msg = f"{path}: is a directory, not a ROOT file: name the files in it"
        raise InputError(msg, "not-root") from error
    except OSError as error:
        raise_if_ours(f"{path}: opening it failed", error)
        raise InputError(f"{path}: cannot be read: {error.strerror}", classify(error)) from error
    if size == 0:
        raise InputError(f"{path}: is empty (0 bytes)", "empty")
    if not header.startswith(b"root"[: len(header)]):
        msg = f"{path}: is not a ROOT file: it begins with {header[:4]!r}"
        raise InputError(msg, "not-root")
    if size < _HEADER_BYTES:
        msg = f"{path}: is truncated: {size} bytes are no ROOT file: copy it again"
        raise InputError(msg, "truncated")
    stated_size = _stated_bytes(header)
    if stated_size > size:
        raise InputError(_truncated(path, stated_size, size), "truncated")


def _stated_bytes(header: bytes) -> int:
    """Return the file size (bytes) that the header of a ROOT file states."""
    (version,) = struct.unpack_from(">i", header, 4)
    (end,) = struct.unpack_from(">q" if version >= _BIG_FILE_VERSION else ">i", header, 12)
    return int(end)


def _truncated(path: str, stated_size: int, size: int) -> str:
    return (
        f"{path}: is truncated: its header promises {stated_size} bytes, there are {size}: "
        "copy it again"
    )


def _cannot_open(path: str, error: Exception, options: Mapping[str, Any]) -> InputError:
    raise_if_ours(f"{path}: opening it failed", error)
    message, cause = f"{path}: cannot be opened: {first_line(error)}", classify(error)
    if "://" not in path:
        return InputError(f"{message}. The file may be damaged: copy it again.", cause)
    # uproot wants 403 bytes at once, and does not look at fewer
    if cause in ("truncated", "corrupt") and (start := _first_bytes(path, options)) != b"root":
        cause = "not-root" if start else "empty"
        message = (
            f"{path}: is {'not a ROOT file: it begins with ' + repr(start) if start else 'empty'}"
        )
    hint = remote_hint(path)
    if cause == "refused" and complete(path) == path:
        hint += f" Tokens in URLs are not stored: name it with one, or put that into {AUTHZ}."
    return InputError(f"{message}. {hint}", cause)


def _first_bytes(url: str, options: Mapping[str, Any]) -> bytes:
    try:
        server, path = fsspec.core.url_to_fs(complete(url), **options)
        return bytes(server.cat_file(path, start=0, end=4))
    except Exception:  # noqa: BLE001  # the error that led here says more
        return b"root"


def remote_hint(url: str) -> str:
    """Return what a user can check when a server does not give a file."""
    parts = urlsplit(url)
    hint = f"Is {parts.netloc or parts.scheme} reachable, and does it hold {parts.path}?"
    if parts.scheme == "root":
        hint += " Is your grid proxy or token valid?"
    return hint


def find_tree(directory: Any, path: str, tree: str) -> Any:
    """Return a tree of an open file.

    Raises:
        InputError: There is no such tree (the message names those that there are), or it cannot be
            read; `cause` tells which.
    """
    try:
        classes: dict[str, str] = directory.classnames(recursive=True, cycle=False)
        if classes.get(tree.strip("/").split(";")[0]) in _TREE_CLASSES:
            found = directory[tree]
            check_entries(found)
            return found
    except Exception as error:
        raise_if_ours(f"{path}: reading the tree {tree!r} failed", error)
        msg = f"{path}: the tree {tree!r} cannot be read: {first_line(error)}"
        hint = "The file may be damaged: copy it again."
        raise InputError(f"{msg}. {hint}", classify(error)) from error
    trees = [name for name, classname in classes.items() if classname in _TREE_CLASSES]
    if not trees:
        raise InputError(f"{path}: holds no tree at all, so also none named {tree!r}", "no-tree")
    names = ", ".join(trees)
    msg = f"{path}: holds no tree {tree!r}, but {names}: choose with input.tree"
    raise InputError(msg, "no-tree")
