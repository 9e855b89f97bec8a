"""Events as a dask-awkward array: ``lazy_events({"nano.root": "Events"}).muon.pt.compute()``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import awkward as ak
import uproot
from coffea.nanoevents import NanoEventsFactory
from coffea.nanoevents.factory import _map_schema_uproot

from dtperf.nanoaod.columns import ColumnFilter
from dtperf.nanoaod.patches import install
from dtperf.nanoaod.rntuple import NTupleReader
from dtperf.nanoaod.schema import MuonDPGSchema

__all__ = ["lazy_events"]


class _BulkNTuple:
    """An RNTuple as coffea 2026.9 expects a tree to be in dask mode, read in bulk.

    coffea counts the offsets of a partition from its first entry, but uproot gives the lists
    of an RNTuple with the content of the whole cluster: every partition but a cluster's first
    would hold another's values. And coffea asks fields for a `title`.
    """

    def __init__(self, ntuple: Any) -> None:
        self._ntuple = ntuple

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ntuple, name)

    def __contains__(self, key: str) -> bool:
        return key in self._ntuple

    def arrays(
        self, names: Iterable[str], entry_start: int, entry_stop: int, **_: Any
    ) -> dict[str, ak.Array]:
        """Read columns."""
        reader = NTupleReader(self._ntuple, ColumnFilter.of(names))
        return dict(reader.read(entry_start, entry_stop))


class _SchemaMapping(_map_schema_uproot):  # type: ignore[misc]  # coffea has no type hints
    """coffea's mapping from columns to buffers, for RNTuples too."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Come to a worker, which opens files by coffea alone."""
        install()
        self.__dict__.update(state)

    def load_buffers(self, tree: Any, *args: Any, **options: Any) -> Any:
        """Read the columns of one partition."""
        if isinstance(tree, uproot.behaviors.RNTuple.HasFields):
            tree = _BulkNTuple(tree)
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
    install()
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
