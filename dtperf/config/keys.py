"""What the config's keys are, and what each one takes: ``locate(("run", "workers")).allowed``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from dtperf.config.model import AnalysisConfig
from dtperf.validation import Model

__all__ = ["KeyPath", "all_keys", "locate"]

Node = dict[str, Any]
"""A node of the JSON schema, with what it refers to in its place."""

WORDS = {
    "number": "number",
    "integer": "whole number",
    "string": "text",
    "boolean": "true or false",
    "null": "null",
}
LIMITS = {
    "minimum": "at least",
    "exclusiveMinimum": "more than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
}


class KeyPath(NamedTuple):
    """One place in a config."""

    key: str
    """Dotted key, such as ``selection.station.max_abs_eta[0]``."""
    node: Node
    """What the JSON schema says of it; nothing if it does not know the place."""

    @property
    def allowed(self) -> str:
        """Return what may stand there."""
        return _describe(self.node)

    @property
    def names(self) -> list[str]:
        """List the keys of a section, in order; none if it is no section."""
        return list(self.node.get("properties", ()))

    @property
    def text(self) -> str:
        """Return the docstring of the key, or else that of its section."""
        return " ".join(str(self.node.get("description", "")).split())


def locate(loc: Sequence[str | int], model: type[Model] = AnalysisConfig) -> KeyPath:
    """Find a place in a config.

    Args:
        loc: Keys and list indices from the top on, as pydantic names them.
        model: What kind of config.
    """
    key, node = "", _schema(model)
    for part in loc:
        kinds = node.get("discriminator", {}).get("mapping", {})
        if part in kinds:  # pydantic puts the kind of an axis into the location
            node = kinds[part]
        elif part == "[key]":
            node = {"type": "string"}
        else:
            key += f"[{part}]" if node.get("type") == "array" else f".{part}"
            node = _child(node, part)
    return KeyPath(key.removeprefix("."), node)


@cache
def all_keys(model: type[Model] = AnalysisConfig) -> tuple[str, ...]:
    """List the dotted keys of all sections and values."""
    return tuple(_walk("", _schema(model)))


@cache
def _schema(model: type[Model]) -> Node:
    schema = model.model_json_schema()
    resolved: Node = _resolve(schema, schema.get("$defs", {}))
    return resolved


def _resolve(node: Any, definitions: Node) -> Any:
    """Follow all references, keeping the text of the key that refers."""
    if isinstance(node, list):
        return [_resolve(each, definitions) for each in node]
    if not isinstance(node, dict):
        return node
    target = definitions[node["$ref"].rpartition("/")[2]] if "$ref" in node else {}
    merged = {**target, **{key: each for key, each in node.items() if key != "$ref"}}
    if "mapping" in merged.get("discriminator", {}):
        kinds = {name: {"$ref": ref} for name, ref in merged["discriminator"]["mapping"].items()}
        merged["discriminator"] = {**merged["discriminator"], "mapping": kinds}
    return {key: _resolve(each, definitions) for key, each in merged.items() if key != "$defs"}


def _child(node: Node, part: str | int) -> Node:
    for branch in node.get("anyOf", [node]):
        if part in branch.get("properties", ()):
            return dict(branch["properties"][part])
        if branch.get("type") == "array" and isinstance(part, int):
            first = branch.get("prefixItems", [])
            return dict(first[part] if part < len(first) else branch.get("items", {}))
        for of_any_name in _values(branch):
            return of_any_name
    return {}


def _values(node: Node) -> list[Node]:
    """List what a mapping of free names holds."""
    values = [node["additionalProperties"]] if node.get("additionalProperties") else []
    return [*values, *node.get("patternProperties", {}).values()]


def _walk(key: str, node: Node) -> Iterator[str]:
    for name, child in node.get("properties", {}).items():
        inner = f"{key}.{name}".removeprefix(".")
        yield inner
        yield from _walk(inner, child)


def _describe(node: Node) -> str:
    if "anyOf" in node:
        return " or ".join(map(_describe, reversed(node["anyOf"])))
    if "discriminator" in node:
        kinds = ", ".join(node["discriminator"]["mapping"])
        return f"section with {node['discriminator']['propertyName']}: one of {kinds}"
    if "enum" in node or "const" in node:
        choices = node.get("enum", [node.get("const")])
        return f"{'one of ' if len(choices) > 1 else ''}{', '.join(map(repr, choices))}"
    if node.get("type") == "array":
        return _describe_list(node)
    if node.get("type") == "object":
        names = node.get("properties")
        return f"section with the keys {', '.join(names)}" if names else "section of named entries"
    return WORDS.get(node.get("type", ""), "nothing") + _limits(node)


def _limits(node: Node) -> str:
    if "minimum" in node and "maximum" in node:
        return f" from {node['minimum']:,} to {node['maximum']:,}"
    texts = [f"{text} {node[name]:,}" for name, text in LIMITS.items() if name in node]
    return f", {' and '.join(texts)}" if texts else ""


def _describe_list(node: Node) -> str:
    first = node.get("prefixItems", [])
    each = f"each {_describe(first[0] if first else node.get('items', {}))}"
    if first:
        return f"list of {len(first)} values, {each}"
    low, high = node.get("minItems", 0), node.get("maxItems")
    return f"list of {low:,} to {high:,} values, {each}" if high else f"list of values, {each}"
