"""Keys of YAML files: configs, cluster files, samples of the generator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from dtperf.config import AnalysisConfig
from dtperf.config.keys import KeyPath, all_keys, locate
from dtperf.execution.clusters.model import KINDS
from dtperf.measurements.declaration import (
    AtLeast,
    Category,
    Integer,
    Measurement,
    Regular,
    Variable,
)
from dtperf.synthetic import Settings
from dtperf.validation import Model

__all__ = ["keys_of", "pages"]

AXES = Regular, Variable, Integer, AtLeast, Category


def pages() -> Mapping[str, str]:
    """Write the pages, by name."""
    return {
        "configuration.md": _configuration(),
        "cluster-files.md": _clusters(),
        "samples.md": _samples(),
    }


def keys_of(model: type[Model]) -> Mapping[str, KeyPath]:
    """List all keys of a kind of file, with sections, as `dtperf config show` explains them."""
    return {key: locate(key.split("."), model) for key in all_keys(model)}


def _entries(model: type[Model], below: int) -> Iterator[str]:
    """Write sections as headings, and each value with default, meaning and what is allowed."""
    for key, place in keys_of(model).items():
        if place.names:
            yield f"\n{'#' * (below + 1 + key.count('.'))} `{key}`\n\n{_text(place.text)}\n"
        else:
            yield f"\n`{key}`{_default(model, key)}\n"
            yield f": {_text(place.text)}\n  *{_allowed(place)}.*\n"


def _allowed(place: KeyPath) -> str:
    return _text(place.allowed[:1].upper() + place.allowed[1:])


def _text(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;").replace("_", "\\_")


def _default(model: type[BaseModel], key: str) -> str:
    """Write what stands there if nobody says anything, as YAML has it."""
    value: Any = None
    for part in key.split("."):
        field = model.model_fields[part]
        value = field.get_default(call_default_factory=True)
        if value is PydanticUndefined:
            return ", to be given"
        if isinstance(value, BaseModel):
            model = type(value)
    plain = model.model_construct(**{part: value}).model_dump(mode="json", include={part})[part]
    written = yaml.safe_dump(plain, default_flow_style=True, width=1000).removesuffix("\n...\n")
    return f" = `{written.strip()}`"


def _configuration() -> str:
    text = """# Configuration

Every key of a config, with its default; no file has to name more than it changes. `dtperf
config show FILE` prints the same for a file of yours, `dtperf config check FILE` says what is
wrong in it, and `--set KEY=VALUE` of most commands changes one key. `selection`,
`extrapolation`, `compatibility` and `measurements` decide what is counted, and make the
config's hash; `title` and `run` do not change a number, nor do title, labels and `picture` of a
measurement of your own.
"""
    text += "".join(_entries(AnalysisConfig, below=1))
    text += "\n## A measurement\n\nWhat stands under a name in `measurements.add`.\n"
    text += "".join(_entries(Measurement, below=2))
    for axis in AXES:
        kind = axis.model_fields["type"].default
        text += f"\n### An axis of type `{kind}`\n\n{_text(locate((), axis).text)}\n"
        text += "".join(_entries(axis, below=3))
    return text


def _clusters() -> str:
    text = """# Cluster files

Where workers come from, in one YAML file: for `--cluster FILE`, `dtperf cluster up FILE` and
`dtperf.cluster(FILE)`. How to get from nothing to a run on each kind: [](../howto/clusters.md).
"""
    for kind, model in KINDS.items():
        text += f"\n## `kind: {kind}`\n\n{_text(locate((), model).text)}\n"
        text += "".join(_entries(model, below=2))
    return text


def _samples() -> str:
    text = """# Samples

What `dtperf generate --set KEY=VALUE`, `--config FILE` and `dtperf.synthetic.Settings` take;
[](../background/synthetic.md) says what the events are like.
"""
    return text + "".join(_entries(Settings, below=1))
