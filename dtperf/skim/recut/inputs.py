"""Find the events to explore: those of files, or those that a result was made of."""

from __future__ import annotations

import glob
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from dtperf.addresses import bare
from dtperf.config import AnalysisConfig, ConfigSource, load_config
from dtperf.errors import ConfigError, InputError
from dtperf.execution.checkpoint import FILESET, newest
from dtperf.filesets import InputFile, resolve
from dtperf.filesets.model import Range
from dtperf.filesets.resolve import Inputs
from dtperf.results.result import Result

__all__ = ["LIMIT_EVENTS", "ExploreInputs", "Source", "find_inputs", "first_events", "short_list"]

LIMIT_EVENTS = 1_000_000
FEW = 5


class ExploreInputs(NamedTuple):
    """Config and files to explore."""

    config: AnalysisConfig
    files: list[InputFile]
    arguments: tuple[str, ...]
    """The files as `dtperf run` takes them; empty if they are not known by a few words."""
    out: str
    """Directory that is proposed for the result of a new run."""


Source = Result | Inputs | ExploreInputs


def find_inputs(source: Source, config: ConfigSource | None) -> ExploreInputs:
    """Find the files and the config.

    Args:
        source: A result, its directory, or files; or what this has returned, which is kept.
        config: What `load_config` takes; None: the result's own.

    Raises:
        ConfigError: Files are given without a config, or one of both cannot be used.
        InputError: The result, or a file, cannot be read.
    """
    if isinstance(source, ExploreInputs):
        return source
    given = None if config is None else load_config(config)
    if isinstance(source, Result):
        return ExploreInputs(given or source.config, _of_result(source, {}), (), "explored")
    if isinstance(source, str | Path) and (saved := newest(Path(source))):
        return _of_directory(Path(source), saved, given)
    if given is None:
        if isinstance(source, str | Path) and _is_nowhere(str(source)):
            raise InputError(f"{source}: no such file or directory", "missing")
        raise ConfigError(
            f"{source}: is no result directory; "
            "files need a config, such as 'reference_2023', or your YAML file"
        )
    files = resolve(source, given.input.tree, given.run.timeout_s)
    inputs = [source] if isinstance(source, str | Path) else source
    texts = tuple(bare(str(each)) for each in inputs if isinstance(each, str | Path))
    return ExploreInputs(given, files, texts if len(texts) <= FEW else (), "explored")


def _is_nowhere(source: str) -> bool:
    """Return whether this could only be a local path, and is none."""
    return not (glob.has_magic(source) or ":" in source or os.path.lexists(source))


def first_events(files: Sequence[InputFile], limit: int) -> list[InputFile]:
    """Return the files, or parts of them, that hold the first events.

    Files whose number of events is not known are kept, and counted as none.

    Raises:
        ConfigError: The limit is below 1.
    """
    if limit < 1:
        raise ConfigError(f"limit_events: {limit:,} is not allowed; allowed: at least 1")
    taken, left = [], limit
    for file in files:
        if not left:
            break
        if file.events <= left:
            taken.append(file)
            left -= file.events
        else:
            taken.append(file.only(_first(file.to_read, left)))
            left = 0
    return taken


def _first(ranges: Iterable[Range], limit: int) -> list[Range]:
    first: list[Range] = []
    for start, stop in ranges:
        first.append((start, min(stop, start + limit)))
        limit -= first[-1][1] - start
        if not limit:
            break
    return first


def _of_directory(path: Path, saved: Path, config: AnalysisConfig | None) -> ExploreInputs:
    result = Result.load(saved)
    fileset = path / FILESET
    known = {}
    if fileset.is_file():
        listed = resolve(fileset, result.config.input.tree)
        known = {str(file.uuid): file for file in listed if file.uuid is not None}
    files = _of_result(result, known)
    is_whole = all(file in known.values() for file in files) and len(files) == len(known)
    arguments = (str(fileset),) if is_whole else ()
    return ExploreInputs(config or result.config, files, arguments, f"{path}-explored")


def _of_result(result: Result, known: dict[str, InputFile]) -> list[InputFile]:
    """Return the files that a result was made of, each with the events that were read."""
    ranges: dict[tuple[str, str], list[Range]] = defaultdict(list)
    for row in result.ledger:
        if row.status == "read" and row.events:
            ranges[row.file, row.uuid].append((row.start, row.stop))
    if not ranges:
        raise InputError("the result has no events that were read: nothing to explore")
    files = []
    for (path, uuid), read in ranges.items():
        try:
            file = InputFile(path, result.config.input.tree, uuid=UUID(uuid))
        except ValueError:
            raise InputError(f"{path}: the ledger has no UUID of it: {uuid[:60]!r}") from None
        files.append(known.get(uuid, file).only(read))
    return files


def short_list(files: Sequence[InputFile]) -> tuple[str, ...]:
    """Return the paths of files if they are few and read as a whole; else nothing."""
    can_be = len(files) <= FEW and all(f.only(f.to_read).ranges is None for f in files)
    return tuple(file.path for file in files) if can_be else ()
