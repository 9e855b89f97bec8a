"""Make a config from a file, a name or a mapping: ``load_config("reference_2023")``."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from dtperf.config.explain import Loc, explain
from dtperf.config.model import AnalysisConfig
from dtperf.config.overrides import Override, Overrides, apply, origin, read_overrides
from dtperf.config.reader import parse, read_text
from dtperf.config.suggest import shorten, suggest
from dtperf.errors import ConfigError, InputError
from dtperf.selection.block_luminosity import LuminosityByBlock
from dtperf.selection.cuts import DeadCell
from dtperf.validation import Model, read_json

__all__ = [
    "ConfigSource",
    "load_config",
    "override",
    "packaged",
    "packaged_analyses",
    "read_sections",
    "validate",
    "with_files",
    "with_files_set",
    "with_luminosity",
    "with_processor",
]


def packaged(kind: str) -> dict[str, Path]:
    """Find the YAML files of one kind.

    Args:
        kind: Folder, such as 'analyses'.

    Returns:
        Files by name, sorted; without the suffix.
    """
    package = Path(str(files("dtperf")))
    # a wheel has them within the package, a checkout next to it
    for folder in (package / "configs" / kind, package.parent / "configs" / kind):
        if folder.is_dir():
            return {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    return {}


LUMINOSITY = ("plot", "luminosity")


def with_files(data: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """Put the content of a mask, a list of cells and a table in the place of their files' names.

    Args:
        data: Content of a config.
        folder: Where relative names start.

    Raises:
        ConfigError: The file cannot be read.
    """
    for (section, key), read in READERS.items():
        settings = data.get(section)
        name = settings.get(key) if isinstance(settings, Mapping) else None
        if isinstance(settings, Mapping) and isinstance(name, str):
            content = read(f"{section}.{key}", folder / name)
            data = {**data, section: {**settings, key: content}}
    return data


def with_files_set(override: Override) -> Override:
    """Do the same for names of files among the overrides, relative to the working directory."""
    read = READERS.get(override.loc)
    if read is not None and isinstance(override.value, str | Path):
        return override._replace(value=read(".".join(override.loc), Path(override.value)))
    if override.loc == LUMINOSITY and isinstance(override.value, str | Path):
        return override._replace(value=str(Path(override.value).absolute()))
    return override


def with_luminosity(data: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """Make the path of a table of luminosity absolute, as `with_processor` does."""
    section, key = LUMINOSITY
    settings = data.get(section)
    name = settings.get(key) if isinstance(settings, Mapping) else None
    if not isinstance(settings, Mapping) or not isinstance(name, str):
        return data
    return {**data, section: {**settings, key: str((folder / name).absolute())}}


def with_processor(data: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """Make the path of a processor's file absolute, so that it is found from anywhere.

    Args:
        data: Content of a config.
        folder: Where a relative name starts.
    """
    place, separator, name = str(data.get("processor") or "").rpartition(":")
    if not place.endswith(".py"):
        return data
    return {**data, "processor": f"{(folder / place).resolve()}{separator}{name}"}


def _read_mask(key: str, path: Path) -> Any:
    try:
        content = read_json(path, MAX_MASK_BYTES)
    except InputError as error:
        raise ConfigError(f"{key}: {error}") from None
    if not isinstance(content, dict):
        raise ConfigError(
            f'{key}: {path}: is no golden JSON, which looks like {{"355100": [[1, 20], [25, 30]]}}'
        )
    return content


def _read_cells(key: str, path: Path) -> Any:
    lines = [line for line in read_text(path).splitlines() if line.strip()]
    if not lines or lines[0].split(",") != [*DeadCell._fields]:
        raise ConfigError(f"{key}: {path}: its first line is not {','.join(DeadCell._fields)}")
    cells = []
    for number, line in enumerate(lines[1:], start=2):
        try:
            cells.append([int(part) for part in line.split(",")])
        except ValueError:
            raise ConfigError(f"{key}: {path}, line {number}: not six whole numbers") from None
    return cells


def _read_blocks(key: str, path: Path) -> LuminosityByBlock:
    try:
        return LuminosityByBlock.of(path)
    except InputError as error:
        raise ConfigError(f"{key}: {error}") from None


MAX_MASK_BYTES = 10_000_000
"""The golden JSON of a year takes 20 kB."""
READERS: Mapping[tuple[str, ...], Callable[[str, Path], Any]] = {
    ("selection", "luminosity_mask"): _read_mask,
    ("selection", "dead_cells"): _read_cells,
    ("input", "luminosity_by_block"): _read_blocks,
}
"""What reads the file that a key may name."""


AnyModel = TypeVar("AnyModel", bound=Model)
ConfigSource = str | Path | Mapping[str, Any] | AnalysisConfig
"""What an analysis can be given as: name, YAML file, content, or config."""


def load_config(source: ConfigSource, overrides: Overrides = ()) -> AnalysisConfig:
    """Make the config of an analysis.

    Args:
        source: YAML file; or name of a packaged analysis, such as 'reference_2023'; or the
            config's content; or a config.
        overrides: Values that replace others: ``{"selection.pair.max_mass": 106}``, or texts such
            as ``selection.pair.max_mass=106``.

    Returns:
        The config; one that is given without overrides is returned as it is.

    Raises:
        ConfigError: There is no such file, or its content is wrong; the message names file and
            key, and what is allowed.
    """
    if isinstance(source, AnalysisConfig) and not overrides:
        return source
    label, data = _read(source)
    replacing = [with_files_set(each) for each in read_overrides(overrides)]
    return override(AnalysisConfig, data, replacing, label)


def override(
    model: type[AnyModel], data: Mapping[str, Any], overrides: Sequence[Override], label: str
) -> AnyModel:
    """Make a config of its content and of values that replace others.

    Args:
        model: What it is to be.
        data: Sections and values.
        overrides: Replacing values, from `read_overrides`.
        label: Where the content comes from, for messages.

    Raises:
        ConfigError: The content or a replacing value is wrong.
    """
    for each in overrides:
        data = apply(data, each, label)
    return validate(model, data, partial(origin, overrides=overrides, label=label))


def validate(
    model: type[AnyModel], data: Mapping[str, Any], where: Callable[[Loc], str]
) -> AnyModel:
    """Make a config of its content.

    Args:
        model: What it is to be.
        data: Sections and values.
        where: Says where the value at a location comes from.

    Raises:
        ConfigError: The content is wrong.
    """
    try:
        # strict: no text for a number, no number for a choice; but YAML has only lists
        return model.model_validate(_with_tuples(data), strict=True)
    except ValidationError as error:
        raise explain(error, where, model) from None


@cache
def packaged_analyses() -> Mapping[str, AnalysisConfig]:
    """Return the packaged analyses, by name."""
    return {name: load_config(name) for name in packaged("analyses")}


def _read(source: ConfigSource) -> tuple[str, Mapping[str, Any]]:
    if isinstance(source, AnalysisConfig):
        return "config", source.model_dump()
    if isinstance(source, Mapping):
        return "config", source
    if not isinstance(source, str | Path):
        raise ConfigError(
            f"{shorten(source)}: is no analysis, which is given as the name of a packaged one, a "
            "YAML file, its content, or an AnalysisConfig"
        )
    label, path = _find(source)
    if os.path.isdir(path):  # noqa: PTH112  # that of pathlib raises for a long name
        raise ConfigError(
            f"{label}: is a directory, and no config: the analysis comes first, then its inputs"
        )
    content: Mapping[str, Any] | None = read_sections(path, label, "selection")
    if content is None:
        raise ConfigError(f"{label}: empty; start from the packaged analysis 'reference_2023'")
    for find in (with_files, with_luminosity, with_processor):
        content = find(content, path.parent)
    return label, content


def read_sections(path: Path, label: str, section: str) -> dict[str, Any] | None:
    """Read the sections and values of a YAML file; None if it is empty.

    Args:
        path: The file.
        label: Its name, for messages.
        section: A section that such a file may have, for messages.

    Raises:
        ConfigError: It cannot be read, or has something other than sections and values.
    """
    content = parse(read_text(path), label)
    if content is not None and not isinstance(content, dict):
        raise ConfigError(
            f"{label}: {shorten(content)} is not a config, which has sections such as '{section}:'"
        )
    return content


def _find(source: str | Path) -> tuple[str, Path]:
    names = packaged("analyses")
    if isinstance(source, str) and source in names:
        return source, names[source]
    path = Path(source)
    if not path.exists():
        hint = suggest(path.stem, names)
        raise ConfigError(f"{path}: no such file, and no packaged analysis of this name{hint}")
    return str(path), path


def _with_tuples(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _with_tuples(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return tuple(map(_with_tuples, value))
    return value
