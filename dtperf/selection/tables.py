"""A table of columns, each computed when it is first used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from dtperf.compiled import compiled
from dtperf.kernel_arrays import empty
from dtperf.selection.ragged import take
from dtperf.typing import I32, AnyArray, Bools

__all__ = ["LookedUp", "Table"]


class LookedUp:
    """Makes a column of a short list of values, by their numbers in another column."""

    def __init__(self, values: AnyArray, by: str, nowhere: Any) -> None:
        """Set up the column.

        Args:
            values: The list, shape (n,), the same n in all lists of one column of numbers.
            by: Column with the number of each row's value, from 0; -1: it has none.
            nowhere: Stands for none.

        Raises:
            ValueError: The list is so long that 16 bits do not number it.
        """
        if len(values) >= 2**15:
            raise ValueError(f"a list of {len(values):,} values is not short")
        self.by = by
        self._values = values
        self._nowhere = values.dtype.type(nowhere)

    def __call__(self, table: Table) -> AnyArray:
        """Return the value of each row, shape (rows,)."""
        return take(self._values, table[self.by], self._nowhere)

    def values(self) -> AnyArray:
        """Return what stands for none, and behind it the list, shape (1 + n,)."""
        return np.concatenate((np.array([self._nowhere]), self._values))


class Table(Mapping[str, AnyArray]):
    """Named columns of one length, as a mapping from name to array of shape (rows,)."""

    def __init__(
        self,
        rows: int,
        make: Mapping[str, Callable[[Table], AnyArray]],
        parent: Table | None = None,
        link: str = "",
    ) -> None:
        """Set up the table.

        Args:
            rows: Length of every column.
            make: For each column the function that makes it from the table.
            parent: Table whose columns this one has, too, where `make` has none of the name.
            link: Column with the row of the parent that each row belongs to.
        """
        self.rows = rows
        self.parent = parent
        self._link = link
        self._make = make
        self._made: dict[str, AnyArray] = {}
        self._rows: dict[tuple[str, ...], I32] = {}

    def __getitem__(self, name: str) -> AnyArray:
        """Return one column; KeyError if the table has none of this name."""
        if name not in self._made:
            if self.parent is not None and self.inherits(name):
                self._made[name] = self.of_parent(self.parent[name])
            else:
                self._made[name] = self._make[name](self)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        """Return whether there is such a column, without computing it."""
        return name in self._make or (self.parent is not None and name in self.parent)

    def __iter__(self) -> Iterator[str]:
        """Return the names of the columns."""
        inherited = (name for name in self.parent or () if name not in self._make)
        return iter((*self._make, *inherited))

    def __len__(self) -> int:
        """Return the number of columns."""
        return sum(1 for _ in self)

    def inherits(self, name: str) -> bool:
        """Return whether a column is the parent's."""
        return name not in self._make and self.parent is not None and name in self.parent

    def looked_up(self) -> tuple[str, dict[str, LookedUp]]:
        """Return a column of numbers, and the own columns by name that look lists up by it.

        That is the column of the first one that does so, '' where none does.
        """
        found = {name: made for name, made in self._make.items() if isinstance(made, LookedUp)}
        by = next((made.by for made in found.values()), "")
        return by, {name: made for name, made in found.items() if made.by == by}

    @property
    def link(self) -> AnyArray:
        """Row of the parent of each row, shape (rows,); of shape (0,) without parent."""
        return self[self._link] if self.parent is not None else np.zeros(0, dtype=np.int32)

    def of_parent(self, values: AnyArray) -> AnyArray:
        """Return the parent's value for each row, shape (rows,)."""
        return take(values, self.link, values.dtype.type(0))

    def rows_where(self, names: tuple[str, ...]) -> I32:
        """Return the rows for which all these boolean columns hold, shape (n,)."""
        if names not in self._rows:
            if names:
                # one column more leaves fewer to look at
                holds = self[names[-1]].astype(np.bool_, copy=False)
                self._rows[names] = _where(self.rows_where(names[:-1]), holds)
            else:
                self._rows[names] = np.arange(self.rows, dtype=np.int32)
        return self._rows[names]

    def to_awkward(self) -> Any:
        """Return an awkward record array of all columns, for use in a notebook."""
        import awkward as ak

        columns = {name: self[name] for name in self}
        return ak.zip(columns) if columns else ak.Array([{}])[: self.rows]


@compiled
def _where(rows: I32, holds: Bools) -> I32:
    """Return those of some rows for which a column holds, shape (n,)."""
    kept = empty(len(rows), np.int32)
    n = np.uint64(0)
    for row in rows:
        kept[n] = row
        n += np.uint64(holds[np.uint64(row)])
    return kept[:n].copy()
