"""Opening a file: ``with open_tree(path) as tree: require_columns(tree, path, columns)``."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uproot

from dtperf.errors import InputError

__all__ = ["open_tree"]

_TREE_CLASSES = {"TTree", "TNtuple", "TNtupleD", "ROOT::RNTuple"}
_HEADER_BYTES = 20
# From this version on a ROOT file counts its bytes in 64 bits.
_BIG_FILE_VERSION = 1_000_000


@contextmanager
def open_tree(path: str, tree: str = "Events") -> Iterator[Any]:
    """Open a tree of a ROOT file, and close the file afterwards.

    Args:
        path: A local path or a URL such as ``root://server//store/file.root``.
        tree: The name of the tree.

    Yields:
        The uproot TTree or RNTuple.

    Raises:
        InputError: The file is missing, empty, truncated, not a ROOT file, not readable, or
            holds no such tree.
    """
    directory = _open_file(str(path))
    with directory:
        yield _find_tree(directory, str(path), tree)


def _open_file(path: str) -> Any:
    """Open a ROOT file, or say in words what is wrong with it."""
    remote = "://" in path
    if path.startswith("root://") and find_spec("fsspec_xrootd") is None:
        msg = f"{path}: reading over XRootD needs fsspec-xrootd: pip install 'dtperf[xrootd]'"
        raise InputError(msg)
    if not remote:
        _check_local(path)
    try:
        directory = uproot.open({path: None})
    except Exception as cause:
        hint = _remote_hint(path) if remote else "The file may be damaged: copy it again."
        raise InputError(f"{path}: cannot be opened: {_first_line(cause)}. {hint}") from cause
    promised, size = directory.file.fEND, directory.file.source.num_bytes
    if promised > size:
        directory.close()
        raise InputError(_truncated(path, promised, size))
    return directory


def _check_local(path: str) -> None:
    """Refuse what is no complete ROOT file, before uproot stumbles over it."""
    file = Path(path)
    if not file.exists():
        raise InputError(f"{path}: no such file")
    if file.is_dir():
        raise InputError(f"{path}: is a directory, not a ROOT file: name the files in it")
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            header = stream.read(_HEADER_BYTES)
    except OSError as cause:
        raise InputError(f"{path}: cannot be read: {cause.strerror}") from cause
    if size == 0:
        raise InputError(f"{path}: is empty (0 bytes)")
    if not header.startswith(b"root"[: len(header)]):
        raise InputError(f"{path}: is not a ROOT file: it begins with {header[:4]!r}")
    if size < _HEADER_BYTES:
        raise InputError(f"{path}: is truncated: {size} bytes are no ROOT file: copy it again")
    promised = _promised_bytes(header)
    if promised > size:
        raise InputError(_truncated(path, promised, size))


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


def _remote_hint(url: str) -> str:
    """Say what to look at when a server does not give a file."""
    parts = urlsplit(url)
    hint = f"Is {parts.netloc or parts.scheme} reachable, and does it hold {parts.path}?"
    if parts.scheme == "root":
        hint += " Is your grid proxy or token valid?"
    return hint


def _find_tree(directory: Any, path: str, tree: str) -> Any:
    """Return a tree of an open file, or say which trees there are."""
    try:
        classes: dict[str, str] = directory.classnames(recursive=True, cycle=False)
        if classes.get(tree.strip("/").split(";")[0]) in _TREE_CLASSES:
            return directory[tree]
    except Exception as cause:
        msg = f"{path}: the tree {tree!r} cannot be read: {_first_line(cause)}"
        raise InputError(f"{msg}. The file may be damaged: copy it again.") from cause
    trees = [name for name, classname in classes.items() if classname in _TREE_CLASSES]
    if not trees:
        raise InputError(f"{path}: holds no tree at all, so also none named {tree!r}")
    names = ", ".join(trees)
    raise InputError(f"{path}: holds no tree {tree!r}, but {names}: choose with --tree")


def _first_line(error: BaseException) -> str:
    """Return what an exception says, without its further lines."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rstrip(".:") if lines else type(error).__name__
