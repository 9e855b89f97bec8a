"""Check that a file has the columns needed: ``require_columns(tree, path, ["muon_pt"])``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from dtperf.errors import InputError
from dtperf.nanoaod.branches import Branch, branch_table
from dtperf.nanoaod.columns import Numbers, numbers_in, typenames
from dtperf.nanoaod.faults import classify, first_line, raise_if_ours
from dtperf.nanoaod.generations import describe, generation_of

__all__ = ["require_columns"]

_SHOWN = 10
_MADE_BY = "Use files made by DPGAnalysis/MuonTools of CMSSW (flavour NANO:@MUDPG)."


def require_columns(
    tree: Any, path: str, columns: Iterable[str], optional: Iterable[str] = ()
) -> None:
    """Check that a tree has the columns, and numbers of the right kind in them.

    Args:
        tree: An uproot TTree or RNTuple.
        path: The file, for the message.
        columns: The branches that are needed.
        optional: Branches that are checked only if they are there.

    Raises:
        InputError: A branch is missing, or is not of the kind of `branch_table`: a number or a
            list of numbers, which are integers, signed or not, floats or booleans of any width.
            The message names the file, the first ten such branches, the generation, and what
            to do; `cause` is 'missing-branch' or 'wrong-type', or 'corrupt' if the tree cannot
            tell its branches.
    """
    try:
        _require(tree, path, list(dict.fromkeys(columns)), optional)
    except InputError:
        raise
    except Exception as error:
        raise_if_ours(f"{path}: reading its branches failed", error)
        msg = f"{path}: its branches cannot be read: {first_line(error)}"
        hint = "The file may be damaged: copy it again."
        raise InputError(f"{msg}. {hint}", classify(error)) from error


def _require(tree: Any, path: str, needed: list[str], optional: Iterable[str]) -> None:
    present = typenames(tree)
    missing = [name for name in needed if name not in present]
    if missing:
        counted = f"Of {len(needed)} branches needed, {len(missing)} not there"
        message = f"{counted}: {_listed(missing)}. {_remedy(tree, missing)}"
        raise InputError(f"{path}: is {describe(tree)}. {message}", "missing-branch")
    wrong = _misfits(tree, (*needed, *optional))
    if wrong:
        counted = f"{len(wrong)} of the branches cannot be used"
        message = f"{counted}: {_listed(wrong, '; ')}. {_MADE_BY}"
        raise InputError(f"{path}: is {describe(tree)}. {message}", "wrong-type")


def _misfits(tree: Any, columns: Iterable[str]) -> list[str]:
    """Return a phrase for each column that does not hold what it should."""
    table, present = branch_table("A" if generation_of(tree) == "A" else "B"), typenames(tree)
    message = []
    for name in columns:
        if name in table and name in present:
            expected = Numbers(table[name].dtype, bool(table[name].counter))
            found = numbers_in(present[name])
            if found is None or not _can_stand_for(found, expected, table[name]):
                message.append(f"{name} should be {expected}, but is {found or present[name]}")
    return message


def _can_stand_for(found: Numbers, expected: Numbers, branch: Branch) -> bool:
    """Return whether numbers of another type can be used; their width does not matter."""
    have, want = np.dtype(found.dtype).kind, np.dtype(expected.dtype).kind
    if found.is_list != expected.is_list:
        return False
    if want == "b":
        # what RVecs of booleans give when they are combined is a list of int
        return have in "biu"
    if want == "u" or branch.is_counter:
        return have in "iu"
    # signed ones have to be signed: -1 could be stored as 255
    return have == want


def _listed(items: Sequence[str], separator: str = ", ") -> str:
    more = len(items) - _SHOWN
    return separator.join(items[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _remedy(tree: Any, missing: list[str]) -> str:
    """Return what a user can do about missing branches."""
    if "not a muon DPG NANO" in describe(tree):
        return _MADE_BY
    leave_out = "leave out of the config what needs them ('dtperf inspect' shows what a file has)"
    newer = branch_table("B").keys() - branch_table("A").keys()
    if generation_of(tree) == "A" and newer.issuperset(missing):
        return f"Generation A never has them: use files of generation B, or {leave_out}."
    return f"Was the file slimmed? Use one that has them, or {leave_out}."
