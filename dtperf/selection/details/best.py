"""Primitives that are read when they are first used, and which of them is the best in each row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Generic, TypeVar

import numpy as np

from dtperf.selection.ragged import take
from dtperf.selection.tables import Table
from dtperf.typing import AnyArray

__all__ = ["Seen", "Stored"]

P = TypeVar("P")
B = TypeVar("B")


class Stored(Generic[P]):
    """Primitives of events that are read when they are first used, once for all tables."""

    def __init__(
        self, read: Callable[[], tuple[P, Mapping[str, int]]], anomalies: dict[str, int]
    ) -> None:
        """Note how they are read, and where to count what no trigger sends.

        Args:
            read: Returns them, and how many no trigger sends, by kind.
            anomalies: Is updated with these.
        """
        self._read, self._anomalies = read, anomalies

    @cached_property
    def primitives(self) -> P:
        """Those of all events."""
        primitives, found = self._read()
        self._anomalies.update(found)
        return primitives


class Seen(Generic[P, B]):
    """What one kind of primitives tells of the rows of one table."""

    def __init__(self, stored: Stored[P], find: Callable[[Table, P], B]) -> None:
        """Note where they are, and how the best ones of the rows are found, which is done once.

        Args:
            stored: The primitives.
            find: Returns arrays of shape (rows,), of which some are indices into the primitives, -1
                for none.
        """
        self.stored, self._find = stored, find
        self._best: B | None = None

    def best(self, table: Table) -> B:
        """Return the best ones of each row."""
        if self._best is None:
            self._best = self._find(table, self.stored.primitives)
        return self._best

    def has(self, which: str, table: Table) -> AnyArray:
        """Return whether a row has one; `which` names an array of indices."""
        return np.asarray(getattr(self.best(table), which) >= 0)

    def taken(self, which: str, field: str, nothing: Any, table: Table) -> AnyArray:
        """Return a field of the one that each row has, and `nothing` where it has none."""
        source = getattr(self.stored.primitives, field)
        return take(source, getattr(self.best(table), which), source.dtype.type(nothing))
