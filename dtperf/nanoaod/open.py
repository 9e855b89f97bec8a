"""Opening a file: ``with open_tree(path) as tree: require_columns(tree, path, columns)``."""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import fsspec
import uproot

from dtperf.addresses import AUTHZ, bare, complete
from dtperf.errors import DtperfError, InputError
from dtperf.nanoaod.decompress import watch
from dtperf.nanoaod.faults import classify, first_line, raise_if_ours
from dtperf.nanoaod.patches import install
from dtperf.nanoaod.sources import LONGEST_S, LocalSource, RemoteSource, bound_waiting
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
    """Open a ROOT file, or say in words what is wrong with it.

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
    whole, path = complete(path), bare(path)
    if "://" not in path:
        _check_local(path)
    remote = "://" in path
    options = fsspec_options(path, timeout_s) if remote else {}
    handler = RemoteSource if remote else LocalSource
    try:
        directory = uproot.open({whole: None}, handler=handler, array_cache=None, **options)
    except Exception as error:
        raise _cannot_open(path, error, options) from error
    try:
        promised, size = directory.file.fEND, directory.file.source.num_bytes
    except Exception as error:
        directory.close()
        raise _cannot_open(path, error, options) from error
    if not 0 < promised <= size:
        directory.close()
        if promised > size:
            raise InputError(_truncated(path, promised, size), "truncated")
        raise InputError(f"{path}: is damaged: its header promises {promised} bytes", "corrupt")
    watch(directory.file.source)
    try:
        identify(directory.file)
    except Exception as error:
        directory.close()
        raise _cannot_open(path, error, options) from error
    return directory


def unfinished(file: Any) -> str:
    """Return in words whether a file was never closed: its job may have been killed as it wrote.

    ROOT writes where the file ends, and where its free places are listed, when it saves the file
    and when it closes it; the list only then. What was saved can be read. ROOT's own rule is in
    `TFile::Init`.

    Args:
        file: An open ROOT file of uproot, such as `tree.file`.

    Returns:
        What to know; empty if it was closed.
    """
    behind = file.source.num_bytes - file.fEND
    if not behind and file.fSeekFree > file.fBEGIN:
        return ""
    told = f", it goes on for {behind} bytes behind its end" if behind else ""
    return f"was not closed{told}: events that its job had not saved are not in it"


def fsspec_options(url: str, timeout_s: int) -> dict[str, Any]:
    """Return how fsspec shall talk to a server, and prepare for it.

    Args:
        url: Any address on the server.
        timeout_s: How long the server may take for an answer, in seconds.

    Returns:
        Options of its file system.

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
        msg = f"{url}: reading over XRootD needs fsspec-xrootd: pip install 'dtperf[xrootd]'"
        raise DtperfError(msg, "environment")
    bound_waiting(timeout_s)
    return {"timeout": min(timeout_s, LONGEST_S)}


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
    promised = _promised_bytes(header)
    if promised > size:
        raise InputError(_truncated(path, promised, size), "truncated")


def _promised_bytes(header: bytes) -> int:
    """Return the file size (bytes) that the header of a ROOT file states."""
    (version,) = struct.unpack_from(">i", header, 4)
    (end,) = struct.unpack_from(">q" if version >= _BIG_FILE_VERSION else ">i", header, 12)
    return int(end)


def _truncated(path: str, promised: int, size: int) -> str:
    return (
        f"{path}: is truncated: its header promises {promised} bytes, there are {size}: "
        "copy it again"
    )


def _cannot_open(path: str, error: Exception, options: Mapping[str, Any]) -> InputError:
    raise_if_ours(f"{path}: opening it failed", error)
    told, cause = f"{path}: cannot be opened: {first_line(error)}", classify(error)
    if "://" not in path:
        return InputError(f"{told}. The file may be damaged: copy it again.", cause)
    # uproot wants 403 bytes at once, and does not look at fewer
    if cause in ("truncated", "corrupt") and (start := _first_bytes(path, options)) != b"root":
        cause = "not-root" if start else "empty"
        told = (
            f"{path}: is {'not a ROOT file: it begins with ' + repr(start) if start else 'empty'}"
        )
    hint = remote_hint(path)
    if cause == "refused" and complete(path) == path:
        hint += f" Tokens in URLs are not stored: name it with one, or put that into {AUTHZ}."
    return InputError(f"{told}. {hint}", cause)


def _first_bytes(url: str, options: Mapping[str, Any]) -> bytes:
    try:
        server, path = fsspec.core.url_to_fs(complete(url), **options)
        return bytes(server.cat_file(path, start=0, end=4))
    except Exception:  # noqa: BLE001  # the error that led here says more
        return b"root"


def remote_hint(url: str) -> str:
    """Return what to look at when a server does not give a file."""
    parts = urlsplit(url)
    hint = f"Is {parts.netloc or parts.scheme} reachable, and does it hold {parts.path}?"
    if parts.scheme == "root":
        hint += " Is your grid proxy or token valid?"
    return hint


def find_tree(directory: Any, path: str, tree: str) -> Any:
    """Return a tree of an open file, or say which trees there are.

    Raises:
        InputError: There is no such tree, or it cannot be read; `cause` tells which.
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
