"""List files on a server: ``list_remote("root://server//store/run1/", timeout_s=60)``.

In a URL, `*`, `[…]` and `**` have their usual meaning after the server's name. A '?' does not: it
begins the query, such as ``?authz=…``, which goes along with every request and every URL found.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import fsspec

from dtperf.addresses import bare, complete
from dtperf.errors import InputError
from dtperf.filesets.model import NO_ROOT_FILE, ROOT_SUFFIXES
from dtperf.nanoaod.faults import classify, first_line, raise_if_ours
from dtperf.nanoaod.open import fsspec_options, remote_hint
from dtperf.nanoaod.sources import list_directory

__all__ = ["list_remote"]

DEEPEST = 32
"""Levels below the directory asked for. Links that lead upwards have no end."""
MOST_DIRECTORIES = 10_000


class _Entry(NamedTuple):
    """An entry of a directory."""

    name: str
    is_directory: bool


def list_remote(name: str, timeout_s: int) -> list[str]:
    """Return the files that a URL stands for.

    Args:
        name: A directory, which ends in '/' and is searched for ROOT files to the bottom; or a
            pattern, where directories that match are searched likewise; or a file. What follows a
            '?' belongs to neither.
        timeout_s: How long an XRootD server may take for an answer, in seconds.

    Returns:
        URLs, sorted. The name itself, unseen, if it is that of a file.

    Raises:
        InputError: The server does not list it, or lists what cannot be, or there is no such file;
            `cause` tells which.
    """
    name, (address, mark, query) = bare(name), complete(name).partition("?")
    # a server's name may have brackets, too: [::1]
    server, path = re.fullmatch(r"([^:/]*://[^/]*/?)(.*)", address, re.DOTALL).groups()  # type: ignore[union-attr]
    is_directory = path.endswith("/") or not path
    if not is_directory and not glob.has_magic(path):
        if mark and "=" not in query and name.startswith("root://"):
            msg = f"{name}: a '?' in a URL begins a query: write * or [0-9] in a pattern"
            raise InputError(msg)
        return [address + mark + query]
    if name.startswith("root://") and not path.startswith("/"):
        raise InputError(f"{name}: write two slashes after the server: {server}/{path}")
    fixed, pattern = _split(path)
    tree = _RemoteTree(name, server + fixed, mark + query, _lister(name, timeout_s))
    found = {*tree.matching(tree.top, pattern)} if pattern else {*tree.below(tree.top)}
    if not found and is_directory:
        raise InputError(f"{name}: {NO_ROOT_FILE}")
    if not found:
        raise InputError(f"{name}: no file matches", "missing")
    return sorted(url + mark + query for url in found)


def _split(path: str) -> tuple[str, list[str]]:
    """Return the directory that a path begins with, ending in '/', and the pattern behind it."""
    parts = path.split("/")
    first = next((n for n, part in enumerate(parts) if glob.has_magic(part)), len(parts) - 1)
    fixed = "".join(f"{part}/" for part in parts[:first])
    pattern = [
        part for n, part in enumerate(parts) if n >= first and parts[n - 1 : n + 1] != ["**", "**"]
    ]
    return fixed, pattern if pattern != [""] else []


class _RemoteTree:
    """Directories of a server, each listed once and only when it is needed."""

    def __init__(
        self, name: str, top: str, query: str, entries: Callable[[str], Iterable[_Entry]]
    ) -> None:
        """Set up the tree below a directory.

        Args:
            name: What the user has asked for.
            top: URL of the directory, with a slash at its end, as all of them here.
            query: What is added to each URL.
            entries: Lists what is in a directory, by its URL without the slash.
        """
        self.top = top
        self._name = name
        self._query = query
        self._entries = entries
        self._listed: dict[str, list[_Entry]] = {}

    def below(self, folder: str) -> Iterator[str]:
        """Yield the ROOT files in a directory and below it."""
        pending = [folder]
        while pending:
            folder = pending.pop()
            for entry in self._list(folder):
                if entry.is_directory:
                    pending.append(f"{folder}{entry.name}/")
                elif entry.name.endswith(ROOT_SUFFIXES):
                    yield self._url(folder, entry)

    def matching(self, folder: str, pattern: list[str]) -> Iterator[str]:
        """Yield the files that match a pattern, and those in the directories that do."""
        part, rest = pattern[0], pattern[1:]
        if pattern == [""]:
            yield from self.below(folder)
            return
        if part == "**":
            yield from self.matching(folder, rest or ["*"])
        for entry in self._fitting(folder, "*" if part == "**" else part):
            inner = f"{folder}{entry.name}/"
            if part == "**":
                if entry.is_directory:
                    yield from self.matching(inner, pattern)
            elif rest:
                if entry.is_directory:
                    yield from self.matching(inner, rest)
            elif entry.is_directory:
                yield from self.below(inner)
            else:
                yield self._url(folder, entry)

    def _fitting(self, folder: str, part: str) -> list[_Entry]:
        entries = self._list(folder)
        # as for local files, a name with brackets is first of all the file of that name
        if exact := [entry for entry in entries if entry.name == part]:
            return exact
        visible = [e for e in entries if part.startswith(".") or not e.name.startswith(".")]
        return [entry for entry in visible if fnmatchcase(entry.name, part)]

    def _url(self, folder: str, entry: _Entry) -> str:
        if "?" in entry.name:
            msg = f"{self._name}: {folder} holds {entry.name!r}, which no URL can name: rename it"
            raise InputError(msg)
        return folder + entry.name

    def _list(self, folder: str) -> list[_Entry]:
        if folder not in self._listed:
            self._refuse_endless(folder)
            self._listed[folder] = [*self._list_checked(folder)]
        return self._listed[folder]

    def _list_checked(self, folder: str) -> Iterator[_Entry]:
        where = self._name if self._name == folder else f"{self._name}: {folder}"
        try:
            found = [*self._entries(folder[:-1] + self._query)]
        except Exception as error:
            raise_if_ours(f"{where}: listing it failed", error)
            message = f"{where}: cannot be listed: {first_line(error)}"
            is_file = "not a directory" in message
            hint = "Leave out the '/' after a file." if is_file else remote_hint(folder)
            raise InputError(f"{message}. {hint}", classify(error)) from error
        for entry in found:
            if not entry.name or "/" in entry.name or "\0" in entry.name:
                message = f"{where}: holds {entry.name!r}, says the server, which cannot be"
                raise InputError(f"{message}: name the files one by one", "corrupt")
            if entry.name not in (".", ".."):
                yield entry

    def _refuse_endless(self, folder: str) -> None:
        message = "Do links lead in a circle? Name directories further down."
        if folder.count("/") - self.top.count("/") > DEEPEST:
            raise InputError(f"{self._name}: has more than {DEEPEST} levels: {folder}. {message}")
        if len(self._listed) >= MOST_DIRECTORIES:
            raise InputError(
                f"{self._name}: has more than {MOST_DIRECTORIES} directories. {message}"
            )


def _lister(name: str, timeout_s: int) -> Callable[[str], Iterable[_Entry]]:
    options = fsspec_options(name, timeout_s)
    if name.startswith("root://"):
        return lambda url: map(_Entry._make, list_directory(url, options["timeout"]))
    return lambda url: _entries_fsspec(url, options)


def _entries_fsspec(url: str, options: dict[str, Any]) -> Iterator[_Entry]:
    server, path = fsspec.core.url_to_fs(url, **options)
    for entry in server.ls(path, detail=True):
        name = str(entry["name"]).rstrip("/")
        if name == path:
            raise NotADirectoryError(f"{path} is not a directory")
        inside = name.removeprefix(path.rstrip("/") + "/")
        yield _Entry(inside, entry["type"] == "directory")
