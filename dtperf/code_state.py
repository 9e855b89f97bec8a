"""The state of the source code that something depends on: ``code_state("dtperf.selection.pairs")``.

The imports of a file are followed to the files of this package that they name, wherever in the file
they stand, so that there is no list in which a new module could be forgotten. Sources are searched
by a pattern and not parsed, which would take a tenth of a second at the begin of each command.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

__all__ = ["code_state", "home_of", "sources"]

DATA = {".csv", ".json", ".npz"}
"""What modules read from their own folder, or from `data` in it."""
IMPORT = re.compile(
    r"^[ \t]*(?:from (dtperf[\w.]*) import (\([^)]*\)|[^\n]*)|import (dtperf[\w.]*))", re.MULTILINE
)
NAME = re.compile(r"(\w+)(?: as \w+)?[,\s)]*")


@cache
def code_state(*roots: str | Path) -> str:
    """Return a digest of the source code that some modules are made of.

    Args:
        roots: Where to begin: modules of this package by name, or other files by their paths.

    Returns:
        12 hexadecimal digits, others if any of the files that `sources` names has changed.
    """
    state = hashlib.sha256()
    for path in sorted(sources(*roots)):
        state.update(path.name.encode() + b"\0" + _digest(path))
    return state.hexdigest()[:12]


def sources(*roots: str | Path) -> frozenset[Path]:
    """Return the files that some modules depend on, through whatever they import.

    Args:
        roots: As of `code_state`.

    Returns:
        The files of the modules, of the packages that they are in, and the data beside them. Of
        what is outside of this package, only the roots themselves.

    Raises:
        LookupError: There is no such module.
    """
    found: set[Path] = set()
    left = [root if isinstance(root, Path) else _required(root) for root in roots]
    while left:
        path = left.pop()
        if path not in found:
            found.add(path)
            left += [file for names in _imports(path) for file in _files_of(*names)]
    package = _package()
    beside: set[Path] = set()
    for path in found:
        folder = path.parent
        while package in folder.parents and folder not in beside:
            beside.add(folder)
            folder = folder.parent
    for folder in beside:
        found.update(path for path in (folder / "__init__.py",) if path.is_file())
        found.update(
            path
            for data in (folder, folder / "data")
            if data.is_dir()
            for path in data.iterdir()
            if path.suffix in DATA
        )
    return frozenset(found)


def home_of(name: str, path: Path) -> tuple[str, bool] | None:
    """Find where a name comes from that a file imports of this package.

    Returns:
        The module, and whether the name is that module itself, not something in it; None if the
        file does not import the name.
    """
    for module, imported in _imports(path):
        if imported == name:
            is_module = _file(f"{module}.{name}") is not None
            return (f"{module}.{name}", True) if is_module else (module, False)
    return None


@cache
def _package() -> Path:
    return Path(str(files("dtperf")))


@cache
def _digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


@cache
def _imports(path: Path) -> tuple[tuple[str, str], ...]:
    """List what a file imports of this package: modules, and of each the name that is wanted."""
    return tuple(_found(path.read_text(encoding="utf-8")))


def _found(text: str) -> Iterator[tuple[str, str]]:
    for module, names, whole in IMPORT.findall(text):
        if whole:
            yield whole, ""
        plain = re.sub(r"#.*", "", names).strip("( \t\n")
        for match in NAME.finditer(plain):
            yield module, match[1]


def _files_of(module: str, name: str) -> list[Path]:
    """Find where a name of a module stands, which a package may only hand on."""
    if name and (inner := _file(f"{module}.{name}")):
        return [inner]
    path = _file(module)
    if path is None:
        return []
    if name and path.name == "__init__.py":
        homes = {home for home, other in _imports(path) if other == name}
        if homes:
            return [file for home in homes for file in _files_of(home, name)]
    return [path]


def _file(module: str) -> Path | None:
    return _file_in(_package(), module)


@cache
def _file_in(package: Path, module: str) -> Path | None:
    return _modules(package).get(module.partition(".")[2])


@cache
def _modules(package: Path) -> dict[str, Path]:
    """List a package's files by the names of their modules in it; looking for each takes longer."""
    found = {}
    for place, _, names in os.walk(package):
        inside = Path(place).relative_to(package).parts
        for name in names:
            if name.endswith(".py"):
                parts = (*inside, name.removesuffix(".py"))
                found[".".join(part for part in parts if part != "__init__")] = Path(place, name)
    return found


def _required(module: str) -> Path:
    path = _file(module)
    if path is None:
        raise LookupError(f"{module}: is no module of dtperf")
    return path
