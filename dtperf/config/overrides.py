"""Values from the command line: ``--set selection.pair.max_mass=106``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dtperf.config.explain import Loc
from dtperf.config.reader import parse
from dtperf.config.suggest import shorten
from dtperf.errors import ConfigError

__all__ = ["Override", "apply", "origin", "read_overrides"]


class Override(NamedTuple):
    """One value in the place of another."""

    loc: tuple[str, ...]
    value: object
    text: str
    """What was typed, for messages."""


def read_overrides(texts: Sequence[str]) -> list[Override]:
    """Read ``a.b=c``, where c is YAML.

    Args:
        texts: What was typed after ``--set``.

    Raises:
        ConfigError: A text has another form, or its value is no YAML.
    """
    return [_read(text) for text in texts]


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
            return f"--set {override.text}"
    within = [override.text for override in overrides if override.loc[: len(loc)] == loc]
    return " ".join([label, *([f"with --set {' --set '.join(within)}"] if within else [])])


def _read(text: str) -> Override:
    key, equals, value = text.partition("=")
    loc = tuple(part.strip() for part in key.split("."))
    shown = text if len(text) <= 80 else f"{text[:79]}…"
    if not equals or not all(loc):
        raise ConfigError(
            f"--set {shown}: not of the form key=value, such as selection.pair.max_mass=106"
        )
    return Override(loc, parse(value, f"--set {shown}"), shown)


def _set(data: object, rest: tuple[str, ...], override: Override, label: str) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        key = ".".join(override.loc[: len(override.loc) - len(rest)])
        raise ConfigError(
            f"--set {override.text}: {key} is {shorten(data)} in {label}, which is no section"
        )
    first, *others = rest
    if not others:
        return {**data, first: override.value}
    return {**data, first: _set(data.get(first, {}), tuple(others), override, label)}
