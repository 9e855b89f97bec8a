"""Make events of plain Python values, for the kernels and for the oracle alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import awkward as ak
import numpy as np

from dtperf.nanoaod import branch_table, collection_of

__all__ = ["nano_events"]

COLLECTIONS = (
    *("muon_matches", "muon_staMatches", "muon", "dtSegment_hits", "dtSegment_extr", "dtSegment"),
    *("dtDigi", "dtToRpc", "rpcRecHit"),
    *("ltTwinMuxInTh", "ltBmtfInTh", "ltTwinMuxIn", "ltTwinMuxOut", "ltBmtfIn"),
)


def nano_events(events: Sequence[Mapping[str, Any]]) -> ak.Array:
    """Build what `MuonDPGSchema` would give, without a file.

    Args:
        events: Branch name to value, or to a list of one value for each object.

    Returns:
        Records with one field a collection; run and luminosity block are 1 where not given.
    """
    table = branch_table("B")
    fields: dict[str, Any] = {}
    for collection in COLLECTIONS:
        branches = [name for name in events[0] if collection_of(name, COLLECTIONS) == collection]
        if not branches:
            continue
        counts = [len(event[branches[0]]) for event in events]
        fields[collection] = ak.zip(
            {
                name.removeprefix(f"{collection}_"): ak.unflatten(
                    np.array([v for e in events for v in e[name]], dtype=table[name].dtype), counts
                )
                for name in branches
            }
        )
    for name in ("run", "luminosityBlock", "lumi_instLumi", "lumi_avgPileUp"):
        if name in events[0] or not name.startswith("lumi_"):
            values = [event.get(name, 1) for event in events]
            fields[name] = np.array(values, dtype=table[name].dtype)
    return ak.zip(fields, depth_limit=1)
