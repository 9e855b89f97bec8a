"""Files that a config names: a luminosity mask, and where relative names start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dtperf.config.overrides import Override
from dtperf.errors import ConfigError, InputError
from dtperf.untrusted import read_json

__all__ = ["with_blocks", "with_blocks_set", "with_processor"]

KEY = ("selection", "luminosity_mask")
MAX_BYTES = 10_000_000
"""The golden JSON of a year takes 20 kB."""


def with_blocks(data: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """Put a mask's content in the place of its file name.

    Args:
        data: Content of a config.
        folder: Where relative names start.

    Raises:
        ConfigError: The file cannot be read.
    """
    section = data.get(KEY[0])
    name = section.get(KEY[1]) if isinstance(section, Mapping) else None
    if not isinstance(section, Mapping) or not isinstance(name, str):
        return data
    return {**data, KEY[0]: {**section, KEY[1]: _read(folder / name)}}


def with_blocks_set(override: Override) -> Override:
    """Do the same for a name that is given with --set, relative to the working directory."""
    if override.loc == KEY and isinstance(override.value, str):
        return override._replace(value=_read(Path(override.value)))
    return override


def with_processor(data: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """Let the file of a processor be found from anywhere.

    Args:
        data: Content of a config.
        folder: Where a relative name starts.
    """
    place, separator, name = str(data.get("processor") or "").rpartition(":")
    if not place.endswith(".py"):
        return data
    return {**data, "processor": f"{(folder / place).resolve()}{separator}{name}"}


def _read(path: Path) -> Any:
    try:
        content = read_json(path, MAX_BYTES)
    except InputError as error:
        raise ConfigError(f"{'.'.join(KEY)}: {error}") from None
    if not isinstance(content, dict):
        raise ConfigError(
            f"{'.'.join(KEY)}: {path}: is no golden JSON, which looks like "
            '{"355100": [[1, 20], [25, 30]]}'
        )
    return content
