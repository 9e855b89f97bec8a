"""Make coffea's events of columns already read, with a form that is built once for all chunks."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any
from urllib.parse import unquote

import awkward as ak
import numpy as np
from coffea.nanoevents import NanoEventsFactory
from coffea.nanoevents.util import key_to_tuple, tuple_to_key

from dtperf.nanoaod.columns import ColumnFilter
from dtperf.nanoaod.schema import MuonDPGSchema
from dtperf.typing import AnyArray

__all__ = ["FileEvents", "PreloadedColumns"]


class PreloadedColumns:
    """The container of a ``NanoEventsFactory``, with columns that were read already.

    coffea takes a third of a millisecond to find a column, and does so for each of them and each
    chunk. What is made of several columns, such as global indices, it still makes itself.
    """

    def __init__(self, mapping: Any, columns: Mapping[str, ak.Array], events: slice) -> None:
        """Set up a mapping that looks for columns here first, then in coffea's own."""
        self._mapping = mapping
        self._columns = {name: _parts(column) for name, column in columns.items()}
        mapping.preloaded_arrays = {n: _Whole(c, events) for n, c in columns.items()}

    def __getitem__(self, key: str) -> Any:
        """Return the buffer that a key of the form of the events stands for."""
        match unquote(key.rpartition("/")[2]).split(","):
            case [name, "!load"] | [name, "!load", "!content"] if name in self._columns:
                return self._columns[name][1]
            case [name, "!load", "!offsets", "!skip", "!offsets"] if name in self._columns:
                return self._columns[name][0]
        return self._mapping[key]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mapping, name)


class _Whole:
    """A column of some events, which coffea indexes by their numbers in the file."""

    def __init__(self, column: ak.Array, events: slice) -> None:
        self._column, self._events = column, events

    def __getitem__(self, events: slice) -> ak.Array:
        if events != self._events:
            raise IndexError(f"events {events} of a column that has {self._events}")
        return self._column


def _parts(column: ak.Array) -> tuple[AnyArray, AnyArray]:
    """Return offsets and content of a column of lists; no offsets for one number an event."""
    layout = column.layout
    if isinstance(layout, ak.contents.NumpyArray):
        return np.empty(0, dtype=np.int64), layout.data
    if (
        isinstance(layout, ak.contents.ListOffsetArray)
        and isinstance(layout.content, ak.contents.NumpyArray)
        and layout.offsets.data.dtype == np.int64
        and not layout.offsets.data[0]
    ):
        # as we read them; awkward would copy the offsets
        offsets = layout.offsets.data
        return offsets, layout.content.data[: offsets[-1]]
    lists = layout.to_ListOffsetArray64(True)
    offsets = lists.offsets.data
    return offsets, ak.to_numpy(lists.content)[: offsets[-1]]


class FileEvents:
    """Makes events of columns that were read.

    coffea describes all 410 branches of a file each time, which takes longer than to measure
    5,000 events.
    """

    def __init__(self, directory: Any, tree: str, columns: ColumnFilter) -> None:
        """Describe the columns of a tree of an open file."""
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
        factory._mapping = PreloadedColumns(copy(factory._mapping), columns, slice(start, stop))
        return factory.events()
