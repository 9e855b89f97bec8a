"""Events as a dask-awkward array: ``lazy_events({"nano.root": "Events"}).muon.pt.compute()``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import awkward as ak
import uproot
from coffea.nanoevents import NanoEventsFactory
from coffea.nanoevents.factory import _map_schema_uproot

from dtperf.nanoaod.schema import MuonDPGSchema

__all__ = ["lazy_events"]


class _PackedNTuple:
    """An RNTuple as coffea 2026.9 expects a tree to be in dask mode.

    coffea counts the offsets of a partition from its first entry, but uproot gives the lists
    of an RNTuple with the content of the whole cluster: without packing, every partition
    but a cluster's first holds another's values. And coffea asks fields for a `title`.
    """

    def __init__(self, ntuple: Any) -> None:
        self._ntuple = ntuple

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ntuple, name)

    def __contains__(self, key: str) -> bool:
        return key in self._ntuple

    def arrays(self, *args: Any, **options: Any) -> dict[str, ak.Array]:
        """Read columns whose contents begin and end with the entries that are read."""
        arrays = self._ntuple.arrays(*args, **{**options, "ak_add_doc": False})
        return {name: ak.to_packed(array) for name, array in arrays.items()}


class _SchemaMapping(_map_schema_uproot):  # type: ignore[misc]  # coffea has no type hints
    """coffea's mapping from columns to buffers, for RNTuples too."""

    def load_buffers(self, tree: Any, *args: Any, **options: Any) -> Any:
        """Read the columns of one partition."""
        if isinstance(tree, uproot.behaviors.RNTuple.HasFields):
            tree = _PackedNTuple(tree)
        return super().load_buffers(tree, *args, **options)


def lazy_events(files: Any, metadata: Mapping[str, Any] | None = None, **options: Any) -> Any:
    """Return the events of files, TTree or RNTuple, that dask reads when they are needed.

    Args:
        files: What ``uproot.dask`` takes, such as ``{"nano.root": "Events"}`` or, with
            partitions, ``{"nano.root": {"object_path": "Events", "steps": [[0, 1000]]}}``.
        metadata: What ``events.metadata`` shall hold.
        **options: Further options of ``NanoEventsFactory.from_root``.

    Returns:
        A dask-awkward array with the methods of `MuonDPGSchema`.
    """
    factory = NanoEventsFactory.from_root(
        files, mode="dask", schemaclass=MuonDPGSchema, metadata=metadata, **options
    )
    schema = _SchemaMapping(
        schemaclass=MuonDPGSchema,
        metadata=metadata,
        behavior=MuonDPGSchema.behavior(),
        version="latest",
    )
    return NanoEventsFactory(schema, factory._mapping, None, mode="dask").events()
