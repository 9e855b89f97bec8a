"""Loading events in coffea's modes, so that a test can run in all of them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import uproot
from coffea.nanoevents import NanoEventsFactory

from dtperf.nanoaod.lazy import lazy_events
from dtperf.nanoaod.schema import MuonDPGSchema

__all__ = ["MODES", "compute", "load"]

MODES = ["virtual", "eager", "dask"]


def load(path: str | Path, mode: str, columns: list[str] | None = None) -> Any:
    """Open a file with the schema of muon DPG NANO.

    Args:
        path: The file.
        mode: "virtual", "eager" or "dask" (skipped where dask-awkward is not installed).
        columns: Restrict the form to these branches; not in dask mode.
    """
    if mode == "dask":
        pytest.importorskip("dask_awkward")
        with_steps = {"object_path": "Events", "steps": _steps(path)}
        return lazy_events({str(path): with_steps})
    options = {} if columns is None else {"filter_name": columns}
    return NanoEventsFactory.from_root(
        {str(path): "Events"}, mode=mode, schemaclass=MuonDPGSchema, iteritems_options=options
    ).events()


def compute(array: Any) -> Any:
    """Return the array itself, or what dask computes for it."""
    return array.compute(scheduler="synchronous") if hasattr(array, "compute") else array


def _steps(path: str | Path) -> list[list[int]]:
    """Cut a file into partitions that are no clusters; a small or empty one into one."""
    with uproot.open({str(path): "Events"}) as tree:
        entries = tree.num_entries
    edges = [0, 7, 15, entries] if entries > 15 else [0, entries]
    return [list(step) for step in pairwise(edges)]
