"""Columns of some events that were read: ``columns["muon_pt"]`` is an awkward array."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import awkward as ak
import numpy as np

from dtperf.typing import I64, AnyArray

__all__ = ["Parts", "ReadColumns"]


class Parts(NamedTuple):
    """What a column consists of."""

    offsets: I64 | None
    """Numbers offsets[i] to offsets[i + 1] belong to event i, shape (events + 1,), the first is 0;
    None: there is one number an event."""
    content: AnyArray
    """All numbers, one list behind the other."""

    @property
    def array(self) -> ak.Array:
        """The awkward array of them."""
        if self.offsets is None:
            return ak.Array(self.content)
        numbers = ak.contents.NumpyArray(self.content)
        return ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(self.offsets), numbers))


class ReadColumns(Mapping[str, ak.Array]):
    """Columns by name, as awkward arrays, each made when it is asked for.

    A chunk has tens of columns, and few are asked for: its events are made of their parts.
    """

    def __init__(
        self, parts: Mapping[str, Parts], arrays: Mapping[str, ak.Array] = MappingProxyType({})
    ) -> None:
        """Take what columns consist of, and columns that are awkward arrays already; by name."""
        self._parts, self._arrays = parts, arrays

    def parts(self, name: str) -> Parts:
        """Return what one column consists of, which is of numbers or lists of numbers."""
        return self._parts[name] if name in self._parts else _parts_of(self._arrays[name])

    def __getitem__(self, name: str) -> ak.Array:
        """Return one column."""
        return self._parts[name].array if name in self._parts else self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        """List the names."""
        yield from self._parts
        yield from self._arrays

    def __len__(self) -> int:
        """Count the columns."""
        return len(self._parts) + len(self._arrays)

    def __repr__(self) -> str:
        """Show the columns as a dictionary of them."""
        return repr(dict(self))


def _parts_of(column: ak.Array) -> Parts:
    layout = column.layout
    if isinstance(layout, ak.contents.NumpyArray):
        return Parts(None, layout.data)
    lists = layout.to_ListOffsetArray64(True)
    offsets = np.asarray(lists.offsets.data)
    return Parts(offsets, ak.to_numpy(lists.content)[: offsets[-1]])
