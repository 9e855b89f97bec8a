"""Make a config from a file, a name or a mapping: ``load_config("reference_2023")``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dtperf.config.errors import Loc, explain
from dtperf.config.model import AnalysisConfig
from dtperf.config.overrides import apply, origin, read_overrides
from dtperf.config.packaged import packaged
from dtperf.config.reader import parse, read_text
from dtperf.config.suggest import shorten, suggest
from dtperf.errors import ConfigError

__all__ = ["load_config", "validate"]


def load_config(
    source: str | Path | Mapping[str, Any] | AnalysisConfig, overrides: Sequence[str] = ()
) -> AnalysisConfig:
    """Make the config of an analysis.

    Args:
        source: YAML file; or name of a packaged analysis, such as 'reference_2023'; or the
            config's content; or a config.
        overrides: Values that replace others, such as ``selection.pair.max_mass=106``.

    Raises:
        ConfigError: There is no such file, or its content is wrong; the message names file and
            key, and what is allowed.
    """
    label, data = _read(source)
    replacing = read_overrides(overrides)
    for override in replacing:
        data = apply(data, override, label)
    return validate(data, partial(origin, overrides=replacing, label=label))


def validate(data: Mapping[str, Any], where: Callable[[Loc], str]) -> AnalysisConfig:
    """Make a config of its content.

    Args:
        data: Sections and values.
        where: Says where the value at a location comes from.

    Raises:
        ConfigError: The content is wrong.
    """
    try:
        # strict: no text for a number, no number for a choice; but YAML has only lists
        return AnalysisConfig.model_validate(_with_tuples(data), strict=True)
    except ValidationError as error:
        raise explain(error, where) from None


def _read(source: str | Path | Mapping[str, Any] | AnalysisConfig) -> tuple[str, Mapping[str, Any]]:
    if isinstance(source, AnalysisConfig):
        return "config", source.model_dump()
    if isinstance(source, Mapping):
        return "config", source
    label, path = _find(source)
    content = parse(read_text(path), label)
    if content is None:
        raise ConfigError(f"{label}: empty; `dtperf config show reference_2023` prints every key")
    if not isinstance(content, dict):
        raise ConfigError(
            f"{label}: {shorten(content)} is not a config, which has sections such as 'selection:'"
        )
    return label, content


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
