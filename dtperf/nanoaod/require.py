"""Refusing files that lack a column: ``require_columns(tree, path, ["muon_pt"])``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dtperf.errors import InputError
from dtperf.nanoaod.branches import branch_table, describe, generation_of
from dtperf.nanoaod.columns import column_types

__all__ = ["require_columns"]

_SHOWN = 10


def require_columns(tree: Any, path: str, columns: Iterable[str]) -> None:
    """Refuse a tree that lacks one of the columns.

    Args:
        tree: An uproot TTree or RNTuple.
        path: The file, for the message.
        columns: The branches that are needed.

    Raises:
        InputError: A branch is missing; the message names the file, the first ten missing
            branches, the generation, and what to do.
    """
    needed = list(dict.fromkeys(columns))
    present = column_types(tree)
    missing = [name for name in needed if name not in present]
    if not missing:
        return
    shown = ", ".join(missing[:_SHOWN])
    if len(missing) > _SHOWN:
        shown += f" and {len(missing) - _SHOWN} more"
    counted = f"Of {len(needed)} branches needed, {len(missing)} not there: {shown}"
    raise InputError(f"{path}: is {describe(tree)}. {counted}. {_remedy(tree, missing)}")


def _remedy(tree: Any, missing: list[str]) -> str:
    """Say what a user can do about missing branches."""
    if "not a muon DPG NANO" in describe(tree):
        return "Use files made by DPGAnalysis/MuonTools of CMSSW (flavour NANO:@MUDPG)."
    leave_out = "leave out of the config what needs them ('dtperf inspect' shows what a file has)"
    newer = branch_table("B").keys() - branch_table("A").keys()
    if generation_of(tree) == "A" and newer.issuperset(missing):
        return f"Generation A never has them: use files of generation B, or {leave_out}."
    return f"Was the file slimmed? Use one that has them, or {leave_out}."
