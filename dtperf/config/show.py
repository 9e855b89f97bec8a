"""A config as commented YAML: ``config_to_yaml(load_config("reference_2023"))``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from textwrap import indent, wrap
from typing import Any, NamedTuple

import yaml
from pydantic import BaseModel

from dtperf.config.keys import locate
from dtperf.config.load import packaged_analyses
from dtperf.config.model import FREE, AnalysisConfig
from dtperf.config.reader import SCALARS
from dtperf.config.suggest import shorten

__all__ = ["as_html", "config_to_yaml", "in_one_line", "marked_yaml", "nearest_in_words"]

Loc = tuple[str, ...]
"""Keys from the top of the config on."""
MARK = "  # instead of "
NAMED = 3
"""Keys that are told by name in one line."""

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
    return "\n".join(_section(config, (), {})).lstrip("\n") + "\n"


def marked_yaml(config: AnalysisConfig) -> str:
    """Write a config as `config_to_yaml` does, and mark what is other than in a packaged analysis.

    Args:
        config: The config; it is compared with the packaged analysis from which least differs.

    Returns:
        YAML whose first line says how much differs; a line with another value ends with a comment
        that has the packaged analysis's value.
    """
    found = _nearest(config)
    lines = "\n".join(_section(config, (), found.notes)).lstrip("\n")
    return f"# {found.in_words}\n\n{lines}\n"


def as_html(config: AnalysisConfig) -> str:
    """Write the same for a notebook: comments pale, what differs in bold."""
    lines = []
    for line in marked_yaml(config).splitlines():
        text = escape(line)
        if MARK in line:
            text = f"<b>{text}</b>"
        elif line.lstrip().startswith("#"):
            text = f"<span style='opacity:.7'>{text}</span>"
        lines.append(text)
    style = "max-height:32em;overflow:auto;line-height:1.35"
    return f"<pre style='{style}'>{chr(10).join(lines)}</pre>"


def in_one_line(config: AnalysisConfig) -> str:
    """Return which analysis a config is, and which keys differ from the packaged one."""
    return f"<dtperf.AnalysisConfig {config.title!r}: {_nearest(config).in_words}>"


def nearest_in_words(config: AnalysisConfig) -> str:
    """Return which packaged analysis a config is like, and which keys differ that can change it."""
    found = _nearest(config)
    counted = {loc: note for loc, note in found.notes.items() if loc[0] not in FREE}
    return found._replace(notes=counted).in_words


class _Nearest(NamedTuple):
    """The packaged analysis that is most like a config."""

    name: str
    notes: Mapping[Loc, str]
    """What stands there instead, by the place of each value that differs."""

    @property
    def in_words(self) -> str:
        if not self.name:
            return "there is no packaged analysis to compare with"
        if not self.notes:
            return f"the same as {self.name}"
        keys = [".".join(loc) for loc in self.notes]
        more = f" and {len(keys) - NAMED:,} more" if len(keys) > NAMED else ""
        return f"as {self.name} but for {', '.join(keys[:NAMED])}{more}"


def _nearest(config: AnalysisConfig) -> _Nearest:
    found = []
    for name, other in packaged_analyses().items():
        notes = {loc: f"{MARK}{told} in {name}" for loc, told in _differing(config, other)}
        found.append(_Nearest(name, notes))
    return min(found, key=lambda each: len(each.notes), default=_Nearest("", {}))


def _differing(section: BaseModel, other: BaseModel, loc: Loc = ()) -> Iterator[tuple[Loc, str]]:
    """Yield the places of values that differ, and the other's value."""
    for name in type(section).model_fields:
        mine, theirs = getattr(section, name), getattr(other, name)
        if isinstance(mine, BaseModel) and isinstance(theirs, BaseModel):
            yield from _differing(mine, theirs, (*loc, name))
        elif mine != theirs:
            content = other.model_dump(mode="json", include={name})[name]
            yield (*loc, name), shorten(content)


def _section(section: BaseModel, loc: Loc, notes: Mapping[Loc, str]) -> Iterator[str]:
    margin = INDENT * len(loc)
    for name in type(section).model_fields:
        value, location = getattr(section, name), (*loc, name)
        if not loc:
            yield ""
        yield from _comment(location, margin, is_value=not isinstance(value, BaseModel))
        if isinstance(value, BaseModel):
            yield f"{margin}{name}:"
            yield from _section(value, location, notes)
        else:
            content = section.model_dump(mode="json", include={name}, exclude_none=True)
            written = indent(_dump(content or {name: None}), margin).rstrip("\n")
            if location in notes and "\n" in written:
                yield f"{margin}{notes[location].lstrip()}"
            elif location in notes:
                written += notes[location]
            yield written


def _comment(loc: Loc, margin: str, *, is_value: bool) -> list[str]:
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
