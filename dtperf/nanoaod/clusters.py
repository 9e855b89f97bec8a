"""How many events of a file are stored together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import uproot

__all__ = ["cluster_of"]


def cluster_of(tree: Any) -> int | None:
    """Say how many events a cluster has: chunks that end with one read no basket twice.

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
