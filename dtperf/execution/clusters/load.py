"""Read where workers come from: ``load_cluster("slurm.yaml")``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dtperf.config.load import override, packaged, read_sections
from dtperf.config.overrides import read_overrides
from dtperf.config.suggest import shorten, suggest
from dtperf.errors import ConfigError
from dtperf.execution.clusters.model import KINDS, Cluster, ClusterConfig

__all__ = ["load_cluster"]


def load_cluster(
    source: str | Path | Mapping[str, Any] | ClusterConfig, overrides: tuple[str, ...] = ()
) -> ClusterConfig:
    """Read where workers come from.

    Args:
        source: YAML file; or name of a packaged cluster, such as 'local'; or its content; or the
            address of a scheduler that runs, such as tcp://127.0.0.1:8786.
        overrides: Values that replace others, such as ``workers=8``.

    Raises:
        ConfigError: There is no such file, or its content is wrong; the message names file and
            key, and what is allowed.
    """
    if isinstance(source, Cluster):
        return source
    label, content = _read(source)
    kind = content.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        hint = suggest(kind, KINDS) if isinstance(kind, str) else ""
        raise ConfigError(
            f"{label}: kind: {shorten(kind)} is not allowed; allowed: one of "
            f"{', '.join(map(repr, KINDS))}{hint}"
        )
    return override(KINDS[kind], content, read_overrides(overrides), label)


def _read(source: str | Path | Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    if isinstance(source, Mapping):
        return "cluster", source
    if isinstance(source, str) and re.match(r"[a-z]+://", source):
        return source, {"kind": "address", "address": source}
    names = packaged("clusters")
    path = names.get(str(source), Path(source))
    if not path.exists():
        hint = suggest(path.stem, names)
        raise ConfigError(f"{path}: no such file, and no packaged cluster of this name{hint}")
    content = read_sections(path, str(source), "kind")
    if content is None:
        raise ConfigError(f"{source}: empty; it begins with 'kind:'")
    return str(source), content
