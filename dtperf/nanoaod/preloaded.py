"""Columns that were read, in the place where coffea's events look for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import awkward as ak
import numpy as np

from dtperf.typing import AnyArray

__all__ = ["Preloaded"]


class Preloaded:
    """The container of a ``NanoEventsFactory``, with columns at hand.

    coffea takes a third of a millisecond to find a column, and does so for each of them and each
    chunk. What is made of several columns, such as global indices, it still makes itself.
    """

    def __init__(self, mapping: Any, columns: Mapping[str, ak.Array], events: slice) -> None:
        """Put columns in front of coffea's mapping.

        Args:
            mapping: coffea's own, for these events.
            columns: By name, one number or one list of numbers an event.
            events: Which events of the file they are.
        """
        self._mapping = mapping
        self._columns = {name: _parts(column) for name, column in columns.items()}
        mapping.preloaded_arrays = {n: _Whole(c, events) for n, c in columns.items()}

    def __getitem__(self, key: str) -> Any:
        """Give the buffer that a key of the form of the events stands for."""
        match unquote(key.rpartition("/")[2]).split(","):
            case [name, "!load"] | [name, "!load", "!content"] if name in self._columns:
                return self._columns[name][1]
            case [name, "!load", "!offsets", "!skip", "!offsets"] if name in self._columns:
                return self._columns[name][0]
        return self._mapping[key]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mapping, name)


class _Whole:
    """A column that can be asked for the events that it has."""

    def __init__(self, column: ak.Array, events: slice) -> None:
        self._column, self._events = column, events

    def __getitem__(self, events: slice) -> ak.Array:
        if events != self._events:
            raise IndexError(f"events {events} of a column that has {self._events}")
        return self._column


def _parts(column: ak.Array) -> tuple[AnyArray, AnyArray]:
    """Give where lists begin and end, and what is in them."""
    layout = column.layout
    if isinstance(layout, ak.contents.NumpyArray):
        return np.empty(0, dtype=np.int64), layout.data
    lists = layout.to_ListOffsetArray64(True)
    offsets = lists.offsets.data
    return offsets, ak.to_numpy(lists.content)[: offsets[-1]]
