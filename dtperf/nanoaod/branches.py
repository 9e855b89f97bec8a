"""The branches of muon DPG NANO, and how many events of a file are stored together."""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, get_args

import uproot

__all__ = [
    "Branch",
    "Generation",
    "branch_table",
    "cluster_of",
    "collection_of",
    "known_collections",
]

Generation = Literal["A", "B"]


class Branch(NamedTuple):
    """One branch: its name, numpy dtype and collection ("" for an event-level scalar)."""

    name: str
    dtype: str
    collection: str

    @property
    def is_counter(self) -> bool:
        """Whether the branch holds the length of its collection, one number per event."""
        return bool(self.collection) and self.name == f"n{self.collection}"

    @property
    def counter(self) -> str:
        """The branch that holds this one's length per event, "" for a scalar."""
        return f"n{self.collection}" if self.collection and not self.is_counter else ""


@cache
def branch_table(generation: Generation) -> Mapping[str, Branch]:
    """Return the branches of one generation of muon DPG NANO, by name.

    Args:
        generation: "A" (int8, until January 2024) or "B" (int16, since then).

    Returns:
        A read-only mapping in file order, 382 branches for A and 410 for B.
    """
    column = {"A": "dtype_a", "B": "dtype_b"}[generation]
    text = files("dtperf.nanoaod").joinpath("data/branches.csv").read_text(encoding="utf-8")
    return MappingProxyType(
        {
            row["name"]: Branch(row["name"], row[column], row["collection"])
            for row in csv.DictReader(text.splitlines())
            if row[column]
        }
    )


@cache
def known_collections() -> frozenset[str]:
    """Return the collections of both generations."""
    tables = [branch_table(generation) for generation in get_args(Generation)]
    return frozenset(b.collection for table in tables for b in table.values()) - {""}


def collection_of(name: str, collections: Collection[str]) -> str:
    """Return the collection that a branch belongs to: the longest one its name starts with.

    ``c_begin`` and ``c_end`` are ranges into the collection ``c`` and are columns of what
    holds the ranges, so ``muon_matches_begin`` belongs to ``muon``.

    Args:
        name: A branch name; a counter ``nc`` belongs to ``c``.
        collections: The collections to choose from, such as `known_collections`.

    Returns:
        The collection, "" if there is none.
    """
    if name.startswith("n") and name[1:] in collections:
        return name[1:]
    stem = name.removesuffix("_begin").removesuffix("_end")
    if stem != name and stem in collections:
        return _longest_prefix(stem, collections) or stem
    return _longest_prefix(name, collections)


def _longest_prefix(name: str, collections: Collection[str]) -> str:
    """Return the longest collection that stands before an underscore of the name, or ""."""
    end = name.rfind("_")
    while end > 0:
        if name[:end] in collections:
            return name[:end]
        end = name.rfind("_", 0, end)
    return ""


def cluster_of(tree: Any) -> int | None:
    """Return the number of events in a cluster: chunks that end with one read no basket twice.

    Args:
        tree: An uproot TTree or RNTuple.

    Returns:
        Number of events; None if clusters differ, or if there is only one.
    """
    if isinstance(tree, uproot.TTree):
        edges = tree.common_entry_offsets(recursive=False) if tree.num_entries else [0]
    else:
        edges = [summary.num_first_entry for summary in tree.cluster_summaries]
        edges.append(tree.num_entries)
    return _step(edges)


def _step(edges: Sequence[int]) -> int | None:
    inner = edges[1:-1]
    return inner[0] if inner and all(edge % inner[0] == 0 for edge in inner) else None
