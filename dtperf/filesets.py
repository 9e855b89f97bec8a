"""From what a user names to the files that are read: paths, globs, directories, URLs, filesets."""

from __future__ import annotations

import glob
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from dtperf.errors import ConfigError, InputError

__all__ = ["InputFile", "resolve"]

FILESET_SUFFIXES = (".json", ".yaml", ".yml")


class InputFile(NamedTuple):
    """One file and the tree in it."""

    path: str
    """Absolute path or URL."""
    tree: str


def resolve(inputs: str | Path | Iterable[str | Path], tree: str = "Events") -> list[InputFile]:
    """List the files that the inputs name, each once, in the order of naming.

    Args:
        inputs: Files, globs, directories (searched to the bottom), URLs, and filesets: JSON or
            YAML with a list of files, or datasets in coffea's form.
        tree: Tree to read where a fileset does not name one.

    Returns:
        The files; local ones with their absolute paths.

    Raises:
        ConfigError: A fileset has another form.
        InputError: A path does not exist, a glob matches nothing, a directory has no ROOT file.
    """
    if isinstance(inputs, str | Path):
        inputs = [inputs]
    found = [file for each in inputs for file in _expand(str(each), tree)]
    if not found:
        raise ConfigError("no input: name files, globs, directories, URLs or a fileset")
    return list(dict.fromkeys(found))


def _expand(name: str, tree: str) -> Iterator[InputFile]:
    if "://" in name:
        yield InputFile(name, tree)
        return
    path = Path(name)
    if path.is_dir():
        files = sorted(path.rglob("*.root"))
        if not files:
            raise InputError(f"{name}: no ROOT file (*.root) in this directory or below it")
        yield from (InputFile(str(file.resolve()), tree) for file in files)
    elif path.exists():
        if path.suffix in FILESET_SUFFIXES:
            yield from _read_fileset(path, tree)
        else:
            yield InputFile(str(path.resolve()), tree)
    elif glob.has_magic(name):
        matches = sorted(glob.glob(name, recursive=True))  # noqa: PTH207  # of absolute patterns, too
        if not matches:
            raise InputError(f"{name}: no file matches")
        for match in matches:
            yield from _expand(match, tree)
    else:
        raise InputError(f"{name}: no such file or directory")


def _read_fileset(path: Path, tree: str) -> Iterator[InputFile]:
    try:
        text = path.read_text()
        content = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: not a readable fileset: {error}") from error
    if isinstance(content, list):
        content = {path.stem: content}
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: a fileset is a list of files or a mapping of datasets")
    for dataset, files in content.items():
        for file, its_tree in _dataset(path, dataset, files, tree):
            if file.endswith(FILESET_SUFFIXES):
                raise ConfigError(
                    f"{path}: names the fileset {file}: only ROOT files can be in one"
                )
            yield from _expand(_beside(path, file), its_tree)


def _beside(fileset: Path, file: str) -> str:
    """Read relative paths from where the fileset is."""
    return file if "://" in file else str(fileset.parent / file)


def _dataset(path: Path, dataset: str, content: Any, tree: str) -> Sequence[tuple[str, str]]:
    files = content.get("files") if isinstance(content, Mapping) else content
    if isinstance(content, Mapping):
        tree = content.get("treename", tree)
    if isinstance(files, Mapping):
        pairs = [(file, _tree_of(entry, tree)) for file, entry in files.items()]
    elif isinstance(files, list):
        pairs = [(file, tree) for file in files]
    else:
        pairs = [(None, tree)]
    for file, its_tree in pairs:
        if not isinstance(file, str) or not isinstance(its_tree, str):
            raise ConfigError(
                f"{path}: dataset '{dataset}': give 'files' as a list of names, "
                "or as a mapping of names to trees"
            )
    return pairs


def _tree_of(entry: Any, tree: str) -> Any:
    if isinstance(entry, Mapping):
        return entry.get("object_path", tree)
    return tree if entry is None else entry
