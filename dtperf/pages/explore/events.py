"""Events in memory, shared by all that explore the same with the same config."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from weakref import WeakValueDictionary

from dtperf.config import ConfigSource, load_config
from dtperf.progress import Progress
from dtperf.skim.analysis import Explorer
from dtperf.skim.recut.inputs import Source, find_inputs
from dtperf.skim.stored import is_skim

__all__ = ["events_key", "load_events", "shared_events"]

_explorers: WeakValueDictionary[Hashable, Explorer] = WeakValueDictionary()


def events_key(
    source: Source, config: ConfigSource | None, limit_events: int | None
) -> Hashable | None:
    """Return what events are known by: other files, or other content of them, have another key.

    Args:
        source: As `dtperf.explore` takes it, and so the others.
        config: The analysis.
        limit_events: How many events.

    Returns:
        The key; None if it cannot be told whether files have changed, as on servers.

    Raises:
        ConfigError: The config cannot be used.
        InputError: A file cannot be read.
    """
    if isinstance(source, str | Path) and is_skim(Path(source)):
        own = "" if config is None else load_config(config).model_dump_json()
        content = sorted(_states(p for p in Path(source).rglob("*") if p.is_file()))
        return ("skim", os.path.abspath(source), own, limit_events, tuple(content))  # noqa: PTH100
    found = find_inputs(source, config)
    unknown = [file for file in found.files if file.uuid is None]
    if any(not Path(file.path).is_file() for file in unknown):
        return None
    return (
        *(found.config.model_dump_json(), tuple(found.files), found.arguments, found.out),
        *(limit_events, tuple(_states(Path(file.path) for file in unknown))),
    )


def _states(paths: Iterator[Path]) -> Iterator[tuple[str, int, int, int]]:
    for path in paths:
        state = path.stat()
        yield str(path), state.st_size, state.st_mtime_ns, state.st_ino


def shared_events(key: Hashable | None) -> Explorer | None:
    """Return events of a key that are in memory because somebody else explores them."""
    return None if key is None else _explorers.get(key)


def load_events(
    key: Hashable | None,
    source: Source,
    config: ConfigSource | None,
    limit_events: int | None,
    on_progress: Callable[[Progress], None],
) -> Explorer:
    """Read events, and share them as long as somebody explores them."""
    explorer = Explorer(source, config, limit_events=limit_events, on_progress=on_progress)
    if key is not None:
        _explorers[key] = explorer
    return explorer
