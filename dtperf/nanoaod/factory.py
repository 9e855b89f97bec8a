"""coffea's events of an open file, whose form is described once and not for each chunk."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any

from coffea.nanoevents import NanoEventsFactory
from coffea.nanoevents.util import key_to_tuple, tuple_to_key

from dtperf.nanoaod.columns import ColumnFilter
from dtperf.nanoaod.preloaded import Preloaded
from dtperf.nanoaod.schema import MuonDPGSchema

__all__ = ["FileEvents"]


class FileEvents:
    """Makes events of columns that were read.

    coffea describes all 410 branches of a file each time, which takes longer than to measure
    5,000 events.
    """

    def __init__(self, directory: Any, tree: str, columns: ColumnFilter) -> None:
        """Describe the columns of a file.

        Args:
            directory: The open file.
            tree: Name of the tree.
            columns: Which branches the events have.
        """
        self._whole = NanoEventsFactory.from_root(
            directory,
            treepath=tree,
            iteritems_options={"filter_branch": columns},
            schemaclass=MuonDPGSchema,
        )

    def events(
        self, columns: Mapping[str, Any], start: int, stop: int, metadata: Mapping[str, Any]
    ) -> Any:
        """Make events.

        Args:
            columns: Awkward arrays of these events, by name.
            start: First event.
            stop: One past the last event.
            metadata: What ``events.metadata`` shall hold.
        """
        factory, schema = copy(self._whole), copy(self._whole._schema)
        parameters = {**schema.form["parameters"], "metadata": dict(metadata)}
        schema._form = {**schema.form, "parameters": parameters}
        uuid, path, _ = key_to_tuple(factory._partition_key)
        factory._schema = schema
        factory._partition_key = tuple_to_key((uuid, path, f"{start}-{stop}"))
        factory._mapping = Preloaded(copy(factory._mapping), columns, slice(start, stop))
        return factory.events()
