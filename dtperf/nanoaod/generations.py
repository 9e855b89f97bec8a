"""Recognise the generation of muon DPG NANO that a file has: ``generation_of(tree)``."""

from __future__ import annotations

from typing import Any, Literal

from dtperf.nanoaod.branches import branch_table, collection_of, known_collections
from dtperf.nanoaod.columns import column_types

__all__ = ["describe", "generation_of"]

_EVENT_IDS = {"run", "luminosityBlock", "event"}


def generation_of(tree: Any) -> Literal["A", "B", "unknown"]:
    """Return the generation of a file by its integer types, then by the matches' edge distances.

    Args:
        tree: An uproot TTree or RNTuple.

    Returns:
        "A", "B", or "unknown" for what is not muon DPG NANO or leaves no clue.
    """
    types = column_types(tree)
    table_a, table_b = branch_table("A"), branch_table("B")
    seen = {
        types[name]
        for name, branch in table_a.items()
        if name in types and branch.dtype != table_b[name].dtype
    }
    if "int16" in seen:
        return "B"
    if "int8" in seen:
        return "A"
    return "B" if "muon_matches_edgeX" in types else "unknown"


def describe(tree: Any) -> str:
    """Return in a few words what kind of file an uproot TTree or RNTuple is from."""
    columns = column_types(tree)
    generation = generation_of(tree)
    if generation != "unknown":
        return f"a muon DPG NANO of generation {generation}"
    if any(collection_of(name, known_collections()) for name in columns):
        return "a muon DPG NANO of unknown generation"
    if columns.keys() >= _EVENT_IDS:
        return "a NanoAOD but not a muon DPG NANO"
    return "not a muon DPG NANO"
