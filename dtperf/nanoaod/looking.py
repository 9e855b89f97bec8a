"""Look at a file before it is read, and keep it open until it is.

To describe the 410 branches of a tree takes longer than to measure 20,000 events.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from dtperf.nanoaod.open import find_tree, open_file
from dtperf.nanoaod.patches import install
from dtperf.nanoaod.sources import LocalSource

__all__ = ["forget_looked_at", "looking_at", "take_looked_at"]

MOST = 4
"""Files that are kept open."""

_looked_at: dict[str, Any] = {}
"""Directories at the top of files, by address; nobody uses them."""


@contextlib.contextmanager
def looking_at(
    address: str,
    tree: str,
    timeout_s: int,
    *,
    known: Mapping[str, Any],
    keep: bool,
) -> Iterator[Any]:
    """Open a tree of a file, as `dtperf.nanoaod.open.open_tree` does.

    Args:
        address: Where the file is.
        tree: The name of the tree.
        timeout_s: How long a server may take for an answer, in seconds.
        known: Directories of files that are open, by address, whose owner does not use them now.
        keep: If nothing is wrong with the file, keep it for `take_looked_at`; a few, of this
            machine.

    Yields:
        The tree.

    Raises:
        InputError: As `open_tree`.
    """
    if (directory := known.get(address)) is not None and _is_current(directory):
        install()  # somebody may have undone it since the file was opened
        yield find_tree(directory, address, tree)
        return
    directory = open_file(address, timeout_s)
    try:
        yield find_tree(directory, address, tree)
        if keep and len(_looked_at) < MOST and _is_current(directory):
            _looked_at.setdefault(address, directory)
    finally:
        if _looked_at.get(address) is not directory:
            directory.close()


def take_looked_at(address: str) -> Any:
    """Return the directory of a file that was looked at, which the caller closes, or None.

    It is still the file that its name stands for, and nobody has written to it.
    """
    directory = _looked_at.pop(address, None)
    if directory is not None and not _is_current(directory):
        directory.close()
        return None
    return directory


def forget_looked_at() -> None:
    """Close the files that were looked at and have not been taken."""
    while _looked_at:
        with contextlib.suppress(KeyError):  # somebody else has taken the last one
            _looked_at.popitem()[1].close()


def _is_current(directory: Any) -> bool:
    """Return whether a file is on this machine, open, and still what its name stands for."""
    source = directory.file.source
    return isinstance(source, LocalSource) and source.is_current
