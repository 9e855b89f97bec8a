"""Counts with a name for each axis: taken apart and added up by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from dtperf.export.bins import Bins
from dtperf.measurements.declaration import Histogram
from dtperf.typing import I64, AnyArray

__all__ = ["Cells", "Kind"]

Kind = Literal["histogram", "efficiency", "profile", "weighted"]

KINDS: dict[str, Kind] = {"passed": "efficiency", "moment": "profile"}


@dataclass(frozen=True, eq=False)
class Cells:
    """The integers of a measurement, or a processor's own, with all underflow and overflow."""

    kind: Kind
    axes: tuple[Bins, ...]
    values: AnyArray
    """Shape (bins + 2 of each axis, n). n is 1, or 2 for failed and passed, or for weights and
    their variances, or 3 for moments."""

    @classmethod
    def of(cls, counts: Histogram) -> Cells:
        """Take the cells of a histogram as booked by a measurement."""
        kind = KINDS.get(counts.axes[-1].name, "histogram")
        values: I64 = np.asarray(counts.view(flow=True), dtype=np.int64)
        axes = counts.axes[:-1]
        if kind == "histogram":
            values, axes = values[..., np.newaxis], counts.axes
        return cls._padded(kind, axes, values)

    @classmethod
    def plain(cls, histogram: Histogram) -> Cells:
        """Take the cells of any histogram of integers, floats or weights."""
        view: Any = histogram.view(flow=True)
        names = view.dtype.names
        values = np.stack([view[name] for name in names or ()] or [view], axis=-1)
        return cls._padded("weighted" if names else "histogram", histogram.axes, values)

    @classmethod
    def _padded(cls, kind: Kind, axes: Iterable[Any], values: AnyArray) -> Cells:
        missing = [(1 - axis.traits.underflow, 1 - axis.traits.overflow) for axis in axes]
        padded = np.pad(values, [*missing, (0, 0)])
        return cls(kind, tuple(Bins.of(axis) for axis in axes), padded)

    def __contains__(self, name: str) -> bool:
        return any(axis.name == name for axis in self.axes)

    def at(self, name: str, number: int) -> Cells:
        """Take one bin of an axis.

        Args:
            name: The axis, which is then gone.
            number: 0 is the underflow, 1 the first bin.
        """
        at = self._position(name)
        return self._with(self._without(at), np.take(self.values, number, axis=at))

    def summed(self, name: str) -> Cells:
        """Add up all bins of an axis, underflow and overflow too."""
        at = self._position(name)
        return self._with(self._without(at), self.values.sum(axis=at))

    def split(self, name: str) -> list[tuple[str, Cells]]:
        """Take an axis apart.

        Args:
            name: The axis.

        Returns:
            Label and cells of each bin; of underflow and overflow only where something is in them.
        """
        axis = self.axes[self._position(name)]
        pieces = [(_label(axis, i), self.at(name, i + 1)) for i in range(axis.number)]
        for label, number in (("underflow", 0), ("overflow", axis.number + 1)):
            flow = self.at(name, number)
            if flow.values.any():
                pieces.append((f"{name}_{label}", flow))
        return pieces

    def _position(self, name: str) -> int:
        return [axis.name for axis in self.axes].index(name)

    def _without(self, at: int) -> tuple[Bins, ...]:
        return self.axes[:at] + self.axes[at + 1 :]

    def _with(self, axes: tuple[Bins, ...], values: AnyArray) -> Cells:
        return Cells(self.kind, axes, values)


def _label(axis: Bins, number: int) -> str:
    """Name a bin, counted from 0, so that it can be part of the name of an object."""
    if axis.name.endswith("charge") and not axis.labelled:
        low, high = axis.edges[number : number + 2]
        signs = {word for word, sign in (("minus", -1), ("plus", 1)) if low <= sign < high}
        if len(signs) == 1:
            return signs.pop()
    if not axis.values:
        return f"{axis.name}_bin{number + 1}"
    value = axis.values[number]
    if isinstance(value, str):
        return value
    known = {"station": f"MB{value}", "wheel": f"W{value:+d}" if value else "W0"}
    return known.get(axis.name, f"{axis.name}_{value}")
