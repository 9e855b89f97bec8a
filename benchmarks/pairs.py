"""Choose events so that a given share of them has a pair: ``with_pairs(path, 0.85)``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from coffea.nanoevents import NanoEventsFactory

import dtperf
from dtperf.nanoaod import ColumnFilter, MuonDPGSchema
from dtperf.selection import branches_of, tag_and_probe
from dtperf.typing import Intp

__all__ = ["with_pairs"]


def with_pairs(path: Path, share: float) -> Intp:
    """Return numbers of events, in order, of which this share has a pair.

    Args:
        path: A small file.
        share: As many events are left out as it takes.
    """
    config = dtperf.load_config("reference_2023")
    columns = ColumnFilter.of(frozenset().union(*branches_of(config)))
    events = NanoEventsFactory.from_root(
        {str(path): "Events"}, schemaclass=MuonDPGSchema, preload=columns
    ).events()
    pairs = tag_and_probe(events, config).pairs
    having = np.unique(pairs["event"][pairs["selected"]])
    others = np.setdiff1d(np.arange(len(events)), having)
    total = min(len(having) / share, len(others) / (1 - share))
    return np.sort(np.r_[having[: round(share * total)], others[: round((1 - share) * total)]])
