"""A config as commented YAML: ``config_to_yaml(load_config("reference_2023"))``."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import indent, wrap
from typing import Any

import yaml
from pydantic import BaseModel

from dtperf.config.keys import locate
from dtperf.config.model import AnalysisConfig
from dtperf.config.reader import SCALARS

__all__ = ["config_to_yaml"]

WIDTH = 100
INDENT = "  "


class _Dumper(yaml.SafeDumper):
    """Quotes every text that YAML 1.1 or 1.2 would take for something else."""


def _represent_list(dumper: yaml.SafeDumper, values: list[Any]) -> yaml.Node:
    nested = any(isinstance(value, dict | list) for value in values)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=not nested)


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    # between other quotes YAML folds the rarer line ends into spaces
    style = None if text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(list, _represent_list)
_Dumper.add_representer(str, _represent_text)
for _name, (_pattern, _first) in SCALARS.items():
    _Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", _pattern, list(_first))


def config_to_yaml(config: AnalysisConfig) -> str:
    """Write a config with every key, and what each one means.

    Args:
        config: The config.

    Returns:
        YAML that `load_config` reads back to the same config.
    """
    return "\n".join(_section(config, ())).lstrip("\n") + "\n"


def _section(section: BaseModel, loc: tuple[str, ...]) -> Iterator[str]:
    margin = INDENT * len(loc)
    for name in type(section).model_fields:
        value, here = getattr(section, name), (*loc, name)
        if not loc:
            yield ""
        yield from _comment(here, margin, is_value=not isinstance(value, BaseModel))
        if isinstance(value, BaseModel):
            yield f"{margin}{name}:"
            yield from _section(value, here)
        else:
            content = section.model_dump(mode="json", include={name}, exclude_none=True)
            yield indent(_dump(content or {name: None}), margin).rstrip("\n")


def _comment(loc: tuple[str, ...], margin: str, *, is_value: bool) -> list[str]:
    place = locate(loc)
    start = f"{margin}# "
    texts = [place.text, *([f"Allowed: {place.allowed}."] if is_value else [])]
    return [
        line
        for text in texts
        for line in wrap(text, WIDTH, initial_indent=start, subsequent_indent=start)
    ]


def _dump(content: dict[str, Any]) -> str:
    return yaml.dump(
        content,
        Dumper=_Dumper,
        default_flow_style=False,
        sort_keys=False,
        allow_unicode=True,
        width=WIDTH - 10,
    )
