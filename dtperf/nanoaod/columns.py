"""The columns of a TTree or RNTuple under their plain names: ``column_types(tree)["muon_pt"]``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = ["ColumnFilter", "Numbers", "column_types", "numbers_in", "typenames"]

_NUMBER = r"(?:std::)?(u?int\d+_t|float|double|bool|char)"
_ONE = re.compile(rf"{_NUMBER}|ROOT::RNTupleCardinality<{_NUMBER}>")
_LIST = re.compile(rf"{_NUMBER}\[\]|(?:(?:std::)?vector|(?:ROOT::)?(?:VecOps::)?RVec)<{_NUMBER}>")
_DTYPES = {"float": "float32", "double": "float64", "bool": "bool", "char": "int8"}


class Numbers(NamedTuple):
    """What one event holds of a column: one number, or a list of them."""

    dtype: str
    is_list: bool

    def __str__(self) -> str:
        """Return it in words."""
        return f"a list of {self.dtype}" if self.is_list else f"one {self.dtype} an event"


def column_types(tree: Any) -> dict[str, str]:
    """Return the columns of a tree with their numpy dtypes.

    Args:
        tree: An uproot TTree or RNTuple. Of an RNTuple the fields at the top count, as
            `dtperf.nanoaod.projections` has them, not the collections that they project from.

    Returns:
        Column name to numpy dtype of one element, or to the C++ type where it is no number.
    """
    return {
        name: numbers.dtype if (numbers := numbers_in(typename)) else typename
        for name, typename in typenames(tree).items()
    }


def typenames(tree: Any) -> dict[str, str]:
    """Return the columns of a tree, as `column_types` does, with their C++ types."""
    from dtperf.nanoaod.patches import install  # imports uproot, which a result does without

    install()
    spelled = tree.typenames(recursive=False)
    return {name: typename for name, typename in spelled.items() if typename}


def numbers_in(typename: str) -> Numbers | None:
    """Take a C++ type apart as uproot spells it; None if it is neither number nor list of them."""
    for pattern, is_list in ((_ONE, False), (_LIST, True)):
        if match := pattern.fullmatch(typename):
            number: str = match[1] or match[2]
            return Numbers(_DTYPES.get(number) or number.removesuffix("_t"), is_list)
    return None


@dataclass(frozen=True)
class ColumnFilter:
    """Select declared columns for uproot's ``filter_branch`` and coffea's ``preload``.

    A list of names is not enough for an RNTuple: uproot also selects what bears the name inside
    a collection, and reads the same column twice. Instances can be pickled.
    """

    columns: frozenset[str]

    @classmethod
    def of(cls, columns: Iterable[str]) -> ColumnFilter:
        """Return a filter for these column names."""
        return cls(frozenset(columns))

    def __call__(self, branch: Any) -> bool:
        """Return whether an uproot TBranch or RField is one of the columns."""
        return branch.name in self.columns and "." not in getattr(branch, "path", "")
