"""Read and write filesets: coffea's JSON, with UUID, size and replicas beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError

from dtperf.addresses import bare, remember
from dtperf.config.reader import parse, read_text
from dtperf.errors import ConfigError, InputError
from dtperf.filesets.model import DEFAULT_DATASET, Files, InputFile, Range, known_uuid
from dtperf.filesets.names import names_in_code, names_in_text
from dtperf.validation import read_json, write_json

__all__ = ["FILESET_SUFFIXES", "is_fileset", "is_printable", "read", "write"]

TEXT_SUFFIXES = (".txt", ".list", ".lst", ".csv", ".tsv")
FILESET_SUFFIXES = (".json", ".json.gz", ".yaml", ".yml", *TEXT_SUFFIXES, ".py")
MAX_BYTES = 500_000_000
"""Some 40,000 files take 20 MB."""

LIST = "list of files"
WRITTEN_SUFFIXES = (".json", ".json.gz")
LARGEST = 2**63 - 1


def is_printable(text: str) -> bool:
    """Return whether a text is safe to show in a terminal, a ledger or a shell command."""
    return text.isprintable()


def _printable(text: str) -> str:
    if not is_printable(text):
        raise ValueError("has characters that cannot be printed")
    return text


def _none_as_empty(value: Any) -> Any:
    return () if value is None else value


Count = Annotated[int, Field(ge=0, le=LARGEST, strict=True)]
Text = Annotated[str, Field(min_length=1), AfterValidator(_printable)]


class _File(BaseModel):
    """What coffea writes of a file (others of its keys are not needed), and what we add."""

    object_path: Text | None = None
    steps: list[tuple[Count, Count]] | None = None
    num_entries: Count | None = None
    uuid: Annotated[UUID | None, AfterValidator(known_uuid)] = None
    bytes: Count | None = None
    generation: Text | None = None
    cluster: Annotated[int, Field(ge=1, le=LARGEST, strict=True)] | None = None
    replicas: Annotated[tuple[Text, ...], BeforeValidator(_none_as_empty)] = ()


def is_fileset(name: str) -> bool:
    """Return whether a file is a fileset, by its name."""
    return name.endswith(FILESET_SUFFIXES)


def read(path: Path, tree: str = "Events") -> Files:
    """Read a fileset; names in it stay as they are written, but for tokens in URLs.

    Args:
        path: JSON (plain or packed), YAML, or text as `dtperf.filesets.names.names_in_text` takes
            it, such as a name on each line, or Python, such as a configuration of CMSSW. JSON and
            YAML hold a list of names, or datasets in coffea's form.
        tree: Tree to read where the fileset does not name one.

    Raises:
        ConfigError: It has another form; the message names fileset, dataset and file.
    """
    content = _content(path)
    if isinstance(content, list):
        content = {DEFAULT_DATASET: content}
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: a fileset is a list of files or a mapping of datasets")
    datasets = (_dataset(path, str(name), its, tree) for name, its in content.items())
    return Files(chain.from_iterable(datasets))


def _content(path: Path) -> Any:
    if path.suffix in TEXT_SUFFIXES:
        try:
            return [*names_in_text(read_text(path, MAX_BYTES, LIST))]
        except ValueError as error:
            raise ConfigError(f"{path}: {error}") from None
    if path.suffix == ".py":
        return [*names_in_code(read_text(path, MAX_BYTES, LIST))]
    if path.suffix in (".yaml", ".yml"):
        return parse(read_text(path, kind=LIST), str(path))
    try:
        return read_json(path, MAX_BYTES)
    except InputError as error:
        raise ConfigError(str(error)) from None


def _dataset(path: Path, dataset: str, content: Any, tree: str) -> Iterator[InputFile]:
    files = content.get("files") if isinstance(content, Mapping) else content
    if isinstance(content, Mapping):
        tree = content.get("treename", tree)
    if isinstance(files, list):
        files = dict.fromkeys(map(str, files)) if all(isinstance(f, str) for f in files) else None
    if not isinstance(files, Mapping) or not isinstance(tree, str):
        raise ConfigError(
            f"{path}: dataset {dataset[:100]!r}: give 'files' as a list of names, "
            "or as a mapping of names to trees"
        )
    for name in (dataset, tree, *files):
        if not is_printable(str(name)):
            raise ConfigError(f"{path}: {str(name)[:300]!r}: has characters that cannot be printed")
    for name, entry in files.items():
        yield _file(f"{path}: {name!s:.300}", name, entry, tree)._replace(dataset=dataset)


def _file(label: str, name: Any, entry: Any, tree: str) -> InputFile:
    if entry is None or isinstance(entry, str):
        entry = {"object_path": entry}
    if not isinstance(name, str) or not isinstance(entry, Mapping):
        raise ConfigError(f"{label}: needs the name of a tree, or a mapping as coffea writes it")
    try:
        parsed = _File.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        # it may quote what was found
        raise ConfigError(f"{label}: {key}: {ascii(first['msg'])[1:-1]}") from None
    known = (parsed.uuid, parsed.num_entries, parsed.bytes)
    ranges = None if parsed.steps is None else _ranges(label, parsed.steps, parsed.num_entries)
    rest = (tuple(map(remember, parsed.replicas)), parsed.generation, parsed.cluster)
    return InputFile(remember(name), parsed.object_path or tree, "", *known, ranges, *rest)


def _ranges(label: str, steps: list[Range], entries: int | None) -> tuple[Range, ...] | None:
    """Return ranges of events, in which steps that touch are joined."""
    joined: list[Range] = []
    for start, stop in sorted(steps):
        if stop < start or (entries is not None and stop > entries):
            raise ConfigError(f"{label}: steps: the file has no events {start} to {stop}")
        if joined and start < joined[-1][1]:
            raise ConfigError(f"{label}: steps: event {start} is in two of them")
        if joined and start == joined[-1][1]:
            joined[-1] = (joined[-1][0], stop)
        elif stop > start:
            joined.append((start, stop))
    whole = entries is not None and joined == [(0, entries)]
    return None if whole or entries == 0 else tuple(joined)


def write(path: Path, files: Iterable[InputFile]) -> None:
    """Write a fileset that `read`, coffea and dask-awkward take.

    Args:
        path: JSON file, packed if the name ends in .gz.
        files: In the order in which they are to be read. What is not known of one is left out, and
            so are tokens in URLs.

    Raises:
        ConfigError: A dataset has a file twice, or the path has another ending.
    """
    if not path.name.endswith(WRITTEN_SUFFIXES):
        raise ConfigError(f"{path}: name a fileset .json or .json.gz")
    content: dict[str, dict[str, Any]] = {}
    for file in files:
        files_of_dataset = content.setdefault(file.dataset, {"files": {}})["files"]
        name = bare(file.path)
        if name in files_of_dataset:
            # the later one would replace the earlier one
            raise ConfigError(f"{name}: is twice in dataset {file.dataset}")
        files_of_dataset[name] = {
            key: value for key, value in _entry(file).items() if value not in (None, ())
        }
    write_json(path, content)


def _entry(file: InputFile) -> dict[str, Any]:
    # coffea takes no empty list
    steps = [list(each) for each in file.to_read] or [[0, 0]]
    return {
        "object_path": file.tree,
        "steps": steps if file.is_counted else None,
        "num_entries": file.entries,
        "uuid": None if file.uuid is None else str(file.uuid),
        "bytes": file.bytes,
        "generation": file.generation,
        "cluster": file.cluster,
        "replicas": tuple(map(bare, file.replicas)),
    }
