"""Small samples, and what is in them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import awkward as ak
import uproot

from dtperf.nanoaod import column_types
from dtperf.synthetic import Generated, generate, load_settings

__all__ = ["make", "read", "same"]


def make(directory: Path, *overrides: str, **options: Any) -> Generated:
    """Make a sample; RNTuple unless told otherwise, which is faster to begin."""
    return generate(load_settings(None, ["format=rntuple", *overrides]), directory, **options)


def read(directory: Path, names: Iterable[str] | None = None) -> dict[str, ak.Array]:
    """Read all files of a sample behind each other."""
    parts = []
    for path in sorted(directory.glob("nano_*.root")):
        with uproot.open({str(path): "Events"}) as tree:
            # one by one: to choose among all takes uproot a second for an RNTuple
            wanted = column_types(tree) if names is None else names
            parts.append({name: tree[name].array() for name in wanted})
    return {name: ak.concatenate([part[name] for part in parts]) for name in parts[0]}


def same(one: dict[str, ak.Array], other: dict[str, ak.Array]) -> bool:
    """Tell whether the columns and all their values are equal, int8 or int16."""
    return one.keys() == other.keys() and all(
        ak.array_equal(one[name], other[name], equal_nan=True, dtype_exact=False) for name in one
    )
