"""Files that others may look at meanwhile: there whole or not at all, or locked by one process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dtperf.errors import ConfigError

__all__ = ["TEMPORARY", "is_locked", "locked", "replacing", "writable", "write_atomic"]

TEMPORARY = ".{name}.{random}.new"
"""Name of a file until it is complete; what a process that was killed leaves behind has it."""


def write_atomic(path: Path, content: bytes | str, *, mode: int = 0o666) -> None:
    """Write a file that is there whole or not at all, also after the machine has lost its power.

    Args:
        path: The file. One of this name, or a link, is replaced; what a link leads to stays.
        content: A text is written as UTF-8.
        mode: Who may read and write it, less what the umask takes away.

    Raises:
        OSError: It cannot be written; nothing is left behind.
    """
    written = content.encode() if isinstance(content, str) else content
    with replacing(path) as temporary:
        # the mode from the start on; what somebody else puts in this place is not followed
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with open(descriptor, "wb") as file:  # noqa: PTH123  # of a descriptor
            file.write(written)
            file.flush()
            os.fsync(file.fileno())


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """Write within this where a user says: what goes wrong with the path is the user's mistake.

    Raises:
        ConfigError: It cannot be written; names the path and the reason.
    """
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}") from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield the path to write a file to, which then takes its place; after an error it is removed.

    Two that write one file at the same time do not meet: whoever ends last has written it.
    """
    random = os.urandom(4).hex()
    temporary = path.with_name(TEMPORARY.format(name=path.name, random=random))
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


# Not the library filelock: where a file system has no locks it makes files that a killed process
# leaves locked for ever, and it asks who is at work only where this user may write.


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Hold the lock of a file, which ends with the process however that ends.

    Args:
        path: The file, which stays; it is made if it is not there.

    Yields:
        Whether it is held: False if another process holds it, True where there are no locks.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        yield _lock(descriptor)
    finally:
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Return whether a process holds the lock of a file, as far as the file system has locks."""
    try:
        try:
            # over NFS a lock needs a file that is open for writing
            descriptor = os.open(path, os.O_RDWR)
        except PermissionError:
            descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        return not _lock(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
