"""What is wrong with a config, in words: key, value, what is allowed, the nearest key."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from dtperf.config.keys import KeyPath, all_keys, locate
from dtperf.config.suggest import nearest_keys, shorten
from dtperf.errors import ConfigError
from dtperf.validation import Model

__all__ = ["Loc", "explain"]

Loc = tuple[int | str, ...]
"""Keys and list indices from the top of the config on."""

MOST_SHOWN = 20


def explain(
    error: ValidationError, origin: Callable[[Loc], str], model: type[Model]
) -> ConfigError:
    """Describe what pydantic has found wrong.

    Args:
        error: What pydantic found.
        origin: Says where the value at a location comes from.
        model: What the config was to be.

    Returns:
        One line for each error.
    """
    details = error.errors(include_url=False)
    # a list whose values have errors is called too short as well
    lists = {detail["loc"][:end] for detail in details for end in range(len(detail["loc"]))}
    genuine = [d for d in details if d["type"] != "too_short" or d["loc"] not in lists]
    lines = [f"{origin(d['loc'])}: {_describe(d, model)}" for d in genuine[:MOST_SHOWN]]
    if len(genuine) > MOST_SHOWN:
        lines.append(f"and {len(genuine) - MOST_SHOWN:,} more errors")
    return ConfigError("\n".join(lines))


def _describe(error: ErrorDetails, model: type[Model]) -> str:
    found = locate(error["loc"], model)
    key = _short(found.key)
    if error["type"] == "extra_forbidden":
        return f"{key}: unknown key{_meant(found, error['loc'], model)}"
    if error["type"] == "missing":
        return f"{key}: missing; allowed: {found.allowed}"
    if error["type"] == "union_tag_not_found":
        return f"{key}: has no type; allowed: {found.allowed}"
    if error["type"] == "value_error":
        return f"{key}: {error['ctx']['error']}" if key else str(error["ctx"]["error"])
    if error["type"] == "invalid_key":
        return f"{key}: a key must be text"
    if error["loc"][-1:] == ("[key]",):
        return f"{key}: a name must have letters, digits and _ only, and begin with a letter"
    return f"{key}: {shorten(error['input'])} is not allowed; allowed: {found.allowed}"


def _meant(found: KeyPath, loc: Loc, model: type[Model]) -> str:
    section = locate(loc[:-1], model)
    siblings = [f"{section.key}.{name}".removeprefix(".") for name in section.names]
    near = nearest_keys(found.key, siblings, all_keys(model))
    if near:
        return f"; did you mean {' or '.join(map(repr, near))}?"
    return f"; known are {', '.join(section.names)}"


def _short(key: str) -> str:
    return key if len(key) <= 120 else f"…{key[-119:]}"
