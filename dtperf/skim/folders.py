"""Prepare and clear the directory of a skim; only files of a skim are ever removed."""

from __future__ import annotations

import re
from collections.abc import Container
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from dtperf.errors import ConfigError, InputError
from dtperf.files import TEMPORARY
from dtperf.skim.manifest import MANIFEST
from dtperf.skim.parts import BLOCKS, EVENTS, SUFFIX

__all__ = ["MANIFEST", "PART", "TALLY", "TOKEN", "begin", "clear", "part_names", "sweep"]

TALLY, TOKEN = "blocks.parquet", ".token"
PART = re.compile(r"([0-9a-f-]{36})-([0-9]{1,18})-([0-9]{1,18})")
"""UUID of the file, first event, one past the last."""
_FILE = rf"{PART.pattern}\{SUFFIX}"
_OURS = re.compile(rf"{_FILE}|{TEMPORARY.format(name=_FILE, random='[0-9a-f]{8}')}")


def begin(out: Path, *, is_new: bool) -> str:
    """Prepare a directory for the parts of a skim; until `finish` it is none.

    Args:
        out: The directory, which is locked.
        is_new: Nothing that is there of an older skim counts any more.

    Returns:
        The token by which workers know the directory.

    Raises:
        ConfigError: The folders for the parts have something else in them.
        InputError: One of them is a link.
    """
    (out / MANIFEST).unlink(missing_ok=True)
    for folder in (EVENTS, BLOCKS):
        if (out / folder).is_symlink():
            raise InputError(f"{out / folder}: is a link, which may lead anywhere: remove it")
    if is_new:
        clear(out)
    for folder in (EVENTS, BLOCKS):
        try:
            (out / folder).mkdir(exist_ok=True)
        except FileExistsError:
            raise ConfigError(f"{out / folder}: is a file; name another directory") from None
        for path in (out / folder).iterdir():
            if not _OURS.fullmatch(path.name) and not path.name.startswith("."):
                raise ConfigError(f"{path}: is no part of a skim; name another directory")
    token = uuid4().hex
    (out / TOKEN).write_text(token)
    return token


def clear(out: Path) -> None:
    """Remove a skim, finished or not; files of others stay."""
    for name in (MANIFEST, TALLY, TOKEN):
        (out / name).unlink(missing_ok=True)
    sweep(out, ())
    for folder in (EVENTS, BLOCKS):
        with suppress(OSError):  # there is none, or not only ours
            (out / folder).rmdir()


def sweep(out: Path, names: Container[str]) -> None:
    """Remove the parts that are not among some names."""
    for folder in (EVENTS, BLOCKS):
        if (out / folder).is_symlink() or not (out / folder).is_dir():
            continue
        for path in (out / folder).iterdir():
            if _OURS.fullmatch(path.name) and path.name.removesuffix(SUFFIX) not in names:
                path.unlink(missing_ok=True)


def part_names(out: Path) -> list[str]:
    """Return the names of the files that workers have written."""
    if not (out / BLOCKS).is_dir():
        return []
    for folder in (EVENTS, BLOCKS):
        # a network file system may show an old list, unless this machine has changed it
        new = out / folder / f".{uuid4().hex}"
        new.touch()
        new.unlink()
    return [path.name for path in (out / BLOCKS).iterdir()]
