"""What `--json` prints: valid JSON, where there is no NaN."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

__all__ = ["of_file", "print_json"]

COMPUTED = ("name", "value")
"""Properties that are printed beside the fields of a named tuple."""


def print_json(content: Any) -> None:
    """Print named tuples, dataclasses and what they hold; a number that is none is null."""
    print(json.dumps(_plain(content), indent=2, allow_nan=False))


def of_file(path: Path, kind: str) -> dict[str, Any]:
    """Return what a script is told of a file that was written: path, kind and size."""
    return {"path": path, "kind": kind, "bytes": path.stat().st_size}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if hasattr(value, "_asdict"):
        kind = type(value)
        computed = [name for name in COMPUTED if isinstance(getattr(kind, name, None), property)]
        return _plain({name: getattr(value, name) for name in (*computed, *kind._fields)})
    if is_dataclass(value):
        return _plain({field.name: getattr(value, field.name) for field in fields(value)})
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, Path) else value
