"""Make coffea's events of columns already read, with a form that is built once for all chunks."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any
from urllib.parse import unquote

import awkward as ak
from coffea.nanoevents import NanoEventsFactory
from coffea.nanoevents.util import key_to_tuple, tuple_to_key

from dtperf.nanoaod.columns import ColumnFilter
from dtperf.nanoaod.read_columns import ReadColumns
from dtperf.nanoaod.schema import MuonDPGSchema

__all__ = ["FileEvents", "PreloadedColumns"]


class PreloadedColumns:
    """The container of a ``NanoEventsFactory``, with columns that were read already.

    coffea takes a third of a millisecond to find a column, and does so for each of them and each
    chunk. What is made of several columns, such as global indices, it still makes itself.
    """

    def __init__(self, mapping: Any, columns: ReadColumns, events: slice) -> None:
        """Set up a mapping that looks for columns here first, then in coffea's own."""
        self._mapping = mapping
        self._columns = columns
        mapping.preloaded_arrays = {name: _Whole(columns, name, events) for name in columns}

    def __getitem__(self, key: str) -> Any:
        """Return the buffer that a key of the form of the events stands for."""
        match unquote(key.rpartition("/")[2]).split(","):
            case [name, "!load"] | [name, "!load", "!content"] if name in self._columns:
                return self._columns.parts(name).content
            case [name, "!load", "!offsets", "!skip", "!offsets"] if name in self._columns:
                return self._columns.parts(name).offsets
        return self._mapping[key]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mapping, name)


class _Whole:
    """A column of some events, which coffea indexes by their numbers in the file."""

    def __init__(self, columns: ReadColumns, name: str, events: slice) -> None:
        self._columns, self._name, self._events = columns, name, events

    def __getitem__(self, events: slice) -> ak.Array:
        if events != self._events:
            raise IndexError(f"events {events} of a column that has {self._events}")
        return self._columns[self._name]


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
        self, columns: ReadColumns, start: int, stop: int, metadata: Mapping[str, Any]
    ) -> Any:
        """Make events.

        Args:
            columns: Those of these events.
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
