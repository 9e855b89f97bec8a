"""Resolve what a user names into files to read."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from dtperf.addresses import bare, is_remote, remember
from dtperf.errors import ConfigError, InputError
from dtperf.filesets.catalogs import REDIRECTOR, is_catalog, list_catalog
from dtperf.filesets.io import is_fileset, is_printable, read
from dtperf.filesets.model import NO_ROOT_FILE, ROOT_SUFFIXES, Files, InputFile, known_uuid
from dtperf.filesets.names import parse_name, refuse_foreign_path, split_names

__all__ = ["Inputs", "are_there", "resolve"]

Input = str | Path | InputFile
Inputs = Input | Iterable[Input]


class _Options(NamedTuple):
    tree: str
    timeout_s: int
    sites: str | None
    redirector: str


def resolve(
    inputs: Inputs,
    tree: str = "Events",
    timeout_s: int = 60,
    *,
    sites: str | None = None,
    redirector: str = REDIRECTOR,
) -> Files:
    """Return the files that the inputs name, each once, in the order of naming.

    Args:
        inputs: Files, globs, directories (searched to the bottom), URLs (of files, globs, or
            directories, which end in '/'), filesets as `dtperf.filesets.read` takes them, datasets
            of a catalog (rucio:/A/B/C or das:/A/B/C, in which * stands for any text), written in
            any of the ways of `dtperf.filesets.names.parse_name`; and any `InputFile`.
        tree: Tree to read where a fileset does not name one.
        timeout_s: How long a server may take to list a directory or a dataset.
        sites: Regular expression; of the replicas that Rucio knows only those at such sites.
        redirector: Server to read the files from that DAS names.

    Returns:
        The files; local ones with their absolute paths, URLs without the tokens in them, which
        this process remembers. A file that a fileset names need not be there.

    Raises:
        ConfigError: A fileset has another form, or one file is named with different events, tree
            or identity.
        InputError: A path does not exist, a glob matches nothing, a directory has no ROOT file, a
            server does not list a directory or a dataset.
    """
    given = [inputs] if isinstance(inputs, str | Path | InputFile) else [*inputs]
    options = _Options(tree, timeout_s, sites, redirector)
    files: dict[str, InputFile] = {}
    for each in given:
        for file in map(_without_secrets, _expand(each, options)):
            if not is_printable(file.path):
                raise ConfigError(f"{file.path!r}: the name has characters that cannot be printed")
            same = files.setdefault(file.path, file)
            if same is not file:
                files[file.path] = _same(same, file)
    if not files:
        if given:
            names = ", ".join(bare(str(each)) for each in given)
            raise ConfigError(f"{names}: names no file")
        raise ConfigError("no input: name files, globs, directories, URLs, datasets or a fileset")
    return Files(files.values())


def are_there(inputs: Iterable[Input]) -> bool:
    """Return whether `resolve` may find something for each input, by a look at this machine only.

    Args:
        inputs: As of `resolve`. What is on servers and in catalogs is taken to be there, and so is
            what a fileset names.

    Raises:
        ConfigError: The scheme of one is of a protocol that nothing here reads.
    """
    given = [each for each in inputs if not isinstance(each, InputFile)]
    names = [parse_name(text).path for each in given for text in split_names(str(each))]
    return all("://" in name or is_catalog(name) or _is_there(name) for name in names)


def _is_there(name: str) -> bool:
    if _is_directory(name):
        return any(True for suffix in ROOT_SUFFIXES for _ in Path(name).rglob(f"*{suffix}"))
    return os.path.exists(name) or any(glob.iglob(name, recursive=True))  # noqa: PTH110, PTH207  # as above


def _without_secrets(file: InputFile) -> InputFile:
    if not (is_remote(file.path) or file.replicas):
        return file
    replicas = dict.fromkeys(map(remember, file.replicas))
    return file._replace(path=remember(file.path), replicas=tuple(replicas))


def _same(first: InputFile, second: InputFile) -> InputFile:
    """Return one file for one that is named twice: the entry with more information."""
    differ = {"events": first.ranges != second.ranges, "trees": first.tree != second.tree}
    for name in ("uuid", "entries", "bytes"):
        known = {getattr(first, name), getattr(second, name)} - {None}
        differ[name] = len(known) > 1
    for name, is_different in differ.items():
        if is_different:
            raise ConfigError(f"{first.path}: is named twice, with different {name}: name it once")
    return second if second.is_known and not first.is_known else first


def _expand(given: Input, options: _Options) -> Iterator[InputFile]:
    if isinstance(given, InputFile):
        is_local = "://" not in given.path
        path = os.path.realpath(given.path) if is_local else given.path
        yield given._replace(path=path, uuid=known_uuid(given.uuid))
    else:
        for text in split_names(str(given)):
            name, tree = parse_name(text)
            if is_catalog(name):
                where = (options.timeout_s, options.sites, options.redirector)
                yield from list_catalog(name, options.tree, *where)
            else:
                yield from _files_named(name, options._replace(tree=tree or options.tree))


def _files_named(name: str, options: _Options) -> Iterator[InputFile]:
    if "://" in name:
        urls = [name]
        if name.endswith("/") or glob.has_magic(name):
            from dtperf.filesets.listing import list_remote

            urls = list_remote(name, options.timeout_s)
        yield from (InputFile(url, options.tree) for url in urls)
    elif _is_directory(name):
        files = _root_files(name)
        if not files:
            raise InputError(f"{name}: {NO_ROOT_FILE}")
        yield from (InputFile(os.path.realpath(file), options.tree) for file in files)
    elif os.path.exists(name):  # noqa: PTH110  # as `_is_directory`
        if is_fileset(name):
            yield from _members(Path(name), options)
        else:
            yield InputFile(os.path.realpath(name), options.tree)
    elif glob.has_magic(name):
        matches = sorted(glob.glob(name, recursive=True))  # noqa: PTH207  # of absolute patterns, too
        if not matches:
            raise InputError(f"{name}: no file matches", "missing")
        for match in matches:
            yield from _files_named(match, options)
    else:
        refuse_foreign_path(name)
        raise InputError(f"{name}: no such file or directory", "missing")


def _members(fileset: Path, options: _Options) -> Iterator[InputFile]:
    for listed_file in read(fileset, options.tree):
        path, tree = parse_name(listed_file.path, fileset.parent)
        file = listed_file._replace(path=path, tree=tree or listed_file.tree)
        for refused, what in ((is_fileset, "fileset"), (is_catalog, "dataset")):
            if refused(file.path):
                raise ConfigError(
                    f"{fileset}: names the {what} {file.path}: only ROOT files can be in one"
                )
        # relative paths start from where the fileset is
        name = file.path if "://" in file.path else str(fileset.parent / file.path)
        is_bare = file == InputFile(file.path, file.tree, file.dataset)
        if is_bare and (name.endswith("/") or _is_pattern(name) or _root_files(name)):
            for each in _files_named(name, options):
                yield each._replace(tree=file.tree, dataset=file.dataset)
        elif "://" in name:
            yield file
        else:
            if name.startswith(("/store/", "/eos/")):
                refuse_foreign_path(name)
            _refuse_other_folder(fileset, file.path)
            # one that is gone, or no file, is left to the check, which tells of all that are
            yield file._replace(path=os.path.realpath(name))


def _refuse_other_folder(fileset: Path, name: str) -> None:
    """Refuse a name that was meant to start from the working folder, and is only there."""
    # a whole path costs no look: lists have tens of thousands, on slow file systems
    if os.path.isabs(name):  # noqa: PTH117  # as `_is_directory`
        return
    if not os.path.exists(fileset.parent / name) and os.path.exists(name):  # noqa: PTH110  # as `_is_directory`
        raise ConfigError(
            f"{fileset}: {name}: names in a list start from its folder, {fileset.parent}, where "
            "this file is not, and not from the working folder, where it is: write whole paths, as "
            f"`realpath {name}` gives them, or move the list there"
        )


def _is_pattern(name: str) -> bool:
    return glob.has_magic(name) and not os.path.exists(name)  # noqa: PTH110  # as `_is_directory`


def _is_directory(name: str) -> bool:
    """Return whether there is a directory of that name, whatever the name is.

    That of pathlib raises for a name that is too long, as `Path.resolve` does for a link to itself.
    """
    return os.path.isdir(name)  # noqa: PTH112


def _root_files(name: str) -> list[Path]:
    """Return the ROOT files in a directory and below; none if it is no directory."""
    if not _is_directory(name):
        return []
    return sorted(file for suffix in ROOT_SUFFIXES for file in Path(name).rglob(f"*{suffix}"))
