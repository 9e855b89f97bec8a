"""YAML from anyone: ``parse("run: {workers: 4}", "my.yaml")``.

Plain scalars are those of YAML 1.2, so that ``1e3`` is a number, and ``no``, ``12:30`` and
``2023-10-01`` are text. What would keep the reader busy or fill the memory is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import ComposerError
from yaml.constructor import ConstructorError
from yaml.events import AliasEvent, Event
from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode
from yaml.reader import ReaderError

from dtperf.config.suggest import shorten
from dtperf.errors import ConfigError

__all__ = ["SCALARS", "parse", "read_text"]

MAX_BYTES = 1_000_000
MAX_DEPTH = 30
MAX_NODES = 20_000

SCALARS = {
    "bool": (re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), "tTfF"),
    "null": (re.compile(r"(?:~|null|Null|NULL|)\Z"), ("~", "n", "N", "")),
    "int": (re.compile(r"[-+]?[0-9]+(?:_[0-9]+)*\Z"), "-+0123456789"),
    "float": (
        re.compile(
            r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
        ),
        "-+.0123456789",
    ),
    "merge": (re.compile(r"<<\Z"), "<"),
}
"""Pattern and first characters of the plain scalars that are not text."""
HINTS = {
    "mapping values are not allowed": "put text with ': ' in quotes, or check the indentation",
    "expected <block end>": "check the indentation",
    "could not find expected ':'": "a key needs a colon and a space",
    r"found character '\t'": "indent with spaces, not with tabs",
}


# Not ruamel.yaml, which reads YAML 1.2: it makes dates and octal numbers of plain text, takes tags,
# aliases within themselves and lists as keys, and needs the same limits on its own composer.


class _Loader(yaml.SafeLoader):
    """The safe loader with limits, fewer kinds of scalars, and no key given twice."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = 0
        self.nodes = 0
        self.sizes: dict[int, int] = {}

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        """Compose a node within the limits."""
        event: Event = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "tag", None) is not None:
            raise _refusal("tags (!) are not allowed", event)
        self.depth += 1
        self.nodes += 1
        if self.depth > MAX_DEPTH:
            raise _refusal(f"more than {MAX_DEPTH} levels, one inside the other", event)
        node = super().compose_node(parent, index)
        self.depth -= 1
        if node is not None:
            self._measure(node, event)
        return node

    def _measure(self, node: Node, event: Event) -> None:
        if id(node) not in self.sizes:
            if isinstance(event, AliasEvent):
                raise _refusal(f"'*{event.anchor}' stands within what it stands for", event)
            self.sizes[id(node)] = 1 + sum(self.sizes[id(child)] for child in _children(node))
        if max(self.nodes, self.sizes[id(node)]) > MAX_NODES:
            raise _refusal(f"more than {MAX_NODES:,} values, with every alias written out", event)

    def compose_mapping_node(self, anchor: Any) -> MappingNode:
        """Compose a mapping whose keys differ."""
        node = super().compose_mapping_node(anchor)
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, ScalarNode):
                raise _refusal("a key must be text", key)
            if key.value in lines:
                first = f"first in line {lines[key.value]}"
                raise _refusal(f"the key {shorten(key.value)} is given twice, {first}", key)
            lines[key.value] = key.start_mark.line + 1
        return node

    def construct_yaml_int(self, node: ScalarNode) -> int:
        """Make a whole number, which is decimal even with leading zeros."""
        try:
            return int(node.value)
        except ValueError:
            raise ConstructorError(None, None, "too many digits", node.start_mark) from None


for _name, (_pattern, _first) in SCALARS.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", _pattern, list(_first))
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)


def parse(text: str, label: str) -> object:
    """Read one YAML document.

    Args:
        text: The document.
        label: Where it comes from, for messages.

    Returns:
        Mappings, lists, text, numbers, booleans and None.

    Raises:
        ConfigError: It is no YAML, gives a key twice, or is beyond the limits; the message has
            the line and the column.
    """
    try:
        return _Loader(text).get_single_data()
    except yaml.MarkedYAMLError as error:
        raise ConfigError(f"{label}, {_describe(error)}") from None
    except ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, error.position - before.rfind("\n")
        raise ConfigError(
            f"{label}, line {line}, column {column}: a character that YAML does not allow "
            f"({error.character!r})"
        ) from None


def read_text(path: Path, most: int = MAX_BYTES, kind: str = "config") -> str:
    """Read a file of moderate size.

    Args:
        path: File, or anything that can be read as one.
        most: How many bytes it may have.
        kind: What it should be, for messages.

    Raises:
        ConfigError: It cannot be read, is too large, or is not UTF-8 text.
    """
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(content) > most:
        raise ConfigError(f"{path}: more than {most:,} bytes; this is no {kind}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"not UTF-8 text (byte {error.start})"
        raise ConfigError(f"{path}: {what}: is it a {kind}? Then save it as UTF-8") from None


def _refusal(problem: str, at: Any) -> ComposerError:
    return ComposerError(None, None, problem, at.start_mark)


def _children(node: Node) -> Iterator[Node]:
    if isinstance(node, MappingNode):
        return chain.from_iterable(node.value)
    return iter(node.value if isinstance(node, CollectionNode) else ())


def _describe(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    problem = error.problem or error.context or "not valid YAML"
    hint = next((f" ({hint})" for sign, hint in HINTS.items() if sign in problem), "")
    if mark is None:
        return f"{problem}{hint}"
    snippet = mark.get_snippet(indent=2) or ""
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}{hint}\n{snippet}".rstrip()
