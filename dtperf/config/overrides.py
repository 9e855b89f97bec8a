"""Values in the place of others: ``selection.pair.max_mass=106``, or the same as a mapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dtperf.config.explain import Loc
from dtperf.config.reader import parse
from dtperf.config.suggest import shorten
from dtperf.errors import ConfigError

__all__ = ["Override", "Overrides", "apply", "origin", "read_overrides"]

Overrides = str | Sequence[str] | Mapping[str, Any]
"""Texts such as ``selection.pair.max_mass=106``, or values by such keys."""


class Override(NamedTuple):
    """One value in the place of another."""

    loc: tuple[str, ...]
    value: object
    text: str
    """How it was given, for messages."""


def read_overrides(given: Overrides) -> list[Override]:
    """Read ``a.b=c``, where c is YAML, or ``{"a.b": c}``.

    Args:
        given: Texts or values; of the same key the last counts.

    Raises:
        ConfigError: A text has another form, or its value is no YAML.
    """
    if isinstance(given, Mapping):
        return [_of_value(key, value) for key, value in given.items()]
    return [_read(text) for text in ([given] if isinstance(given, str) else given)]


def apply(data: Mapping[str, Any], override: Override, label: str) -> dict[str, Any]:
    """Set one value; a whole section is replaced, not mixed.

    Args:
        data: A config, left as it is.
        override: What is set.
        label: Where the config comes from, for messages.

    Raises:
        ConfigError: The path leads through something that is no section.
    """
    return _set(data, override.loc, override, label)


def origin(loc: Loc, overrides: Sequence[Override], label: str) -> str:
    """Return where the value at a location comes from.

    Args:
        loc: Location of an error.
        overrides: All that was set.
        label: Where the rest comes from.
    """
    for override in reversed(overrides):
        if loc[: len(override.loc)] == override.loc:
            return override.text
    within = [override.text for override in overrides if override.loc[: len(loc)] == loc]
    return f"{label} with {', '.join(within)}" if within else label


def _read(text: str) -> Override:
    key, equals, value = text.partition("=")
    loc = tuple(part.strip() for part in key.split("."))
    shown = _short(text)
    if not equals or not all(loc):
        raise ConfigError(
            f"{shown}: not of the form key=value, such as selection.pair.max_mass=106"
        )
    return Override(loc, parse(value, shown), shown)


def _of_value(key: object, value: Any) -> Override:
    value = value.item() if hasattr(value, "item") else value  # of NumPy
    return Override(tuple(str(key).split(".")), value, _short(f"{key}={value}"))


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"


def _set(data: object, rest: tuple[str, ...], override: Override, label: str) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        key = ".".join(override.loc[: len(override.loc) - len(rest)])
        raise ConfigError(
            f"{override.text}: {key} is {shorten(data)} in {label}, which is no section"
        )
    first, *others = rest
    if not others:
        return {**data, first: override.value}
    return {**data, first: _set(data.get(first, {}), tuple(others), override, label)}
