"""Read what DT, trigger and RPC branches mean: ``convention_table()["dtSegment_hits_side"]``."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["Convention", "convention_table"]


class Convention(NamedTuple):
    """How CMS fills one branch."""

    branch: str
    unit: str
    """"" for a number without one."""
    least: float | None
    """Lowest value other than the sentinel, None without limit."""
    most: float | None
    """Highest value, None without limit."""
    sentinel: float | None
    """Stands for a value that is not there; None if there always is one."""
    meaning: str
    """What is stored, and in which order where that is not the order of the parents."""
    source: str
    """File of cms-sw/cmssw where it was read; data/README.md has the paths."""


@cache
def convention_table() -> Mapping[str, Convention]:
    """Return the convention of every branch of the DT, trigger and RPC collections, by name.

    Returns:
        A read-only mapping in file order. The counters are left out: they count entries.
    """
    text = files("dtperf.nanoaod").joinpath("data/conventions.csv").read_text(encoding="utf-8")
    table = {}
    for row in csv.DictReader(text.splitlines()):
        least, most, sentinel = (_number(row[key]) for key in ("least", "most", "sentinel"))
        table[row["branch"]] = Convention(
            row["branch"], row["unit"], least, most, sentinel, row["meaning"], row["source"]
        )
    return MappingProxyType(table)


def _number(text: str) -> float | None:
    return float(text) if text else None
