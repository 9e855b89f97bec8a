"""The columns of a TTree or RNTuple under their plain names: ``column_types(tree)["muon_pt"]``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

__all__ = ["ColumnFilter", "column_types"]

_DTYPES = {"float": "float32", "double": "float64", "bool": "bool", "char": "int8"}
_SCALAR_TYPE = re.compile(r"\b(u?int\d+)_t\b|\b(float|double|bool|char)\b")


def column_types(tree: Any) -> dict[str, str]:
    """Return the columns of a tree with their numpy dtypes.

    Args:
        tree: An uproot TTree or RNTuple. Of an RNTuple that ROOT converted from a TTree the
            projected fields count, not the nameless ``_collection0`` that they project from.

    Returns:
        Column name to numpy dtype of one element, or to the C++ type where it is no number.
    """
    # uproot takes a second to look for the subfields of an RNTuple with 400 fields.
    typenames = tree.typenames(recursive=False)
    return {name: _dtype(typename) for name, typename in typenames.items() if _is_column(name)}


def _is_column(path: str) -> bool:
    return "." not in path and not path.startswith("_collection")


def _dtype(typename: str) -> str:
    found = _SCALAR_TYPE.search(typename)
    if found is None:
        return typename
    return found[1] or _DTYPES[found[2]]


@dataclass(frozen=True)
class ColumnFilter:
    """Select declared columns for uproot's ``filter_branch`` and coffea's ``preload``.

    A list of names is not enough for an RNTuple: uproot also selects what bears the name
    inside ``_collection0``, and reads the same column twice. Instances can be pickled.
    """

    columns: frozenset[str]

    @classmethod
    def of(cls, columns: Iterable[str]) -> ColumnFilter:
        """Return a filter for these column names."""
        return cls(frozenset(columns))

    def __call__(self, branch: Any) -> bool:
        """Tell whether an uproot TBranch or RField is one of the columns."""
        return branch.name in self.columns and _is_column(getattr(branch, "path", ""))
