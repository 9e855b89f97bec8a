"""Counts with a name for each axis: taken apart and added up by name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import hist
import numpy as np

from dtperf.measurements.declaration import Histogram
from dtperf.measurements.moments import moments
from dtperf.results.bin_columns import is_efficiency
from dtperf.typing import F64, AnyArray

__all__ = ["Bins", "HistogramCells", "Kind", "to_tlatex"]


def to_tlatex(text: str) -> str:
    r"""Write a label the way ROOT does.

    Args:
        text: A label with mathematics between dollar signs, such as ``$p_T$ [GeV]``.

    Returns:
        The label in TLatex, such as ``p_{T} [GeV]``, without semicolons: ROOT takes what follows
        one for the title of the next axis.
    """
    parts = text.replace(";", ",").split("$")
    # the parts of odd number lie between dollar signs; without a partner a dollar is a dollar
    if len(parts) % 2 == 0:
        return "$".join(parts)
    return "".join(_math(part) if i % 2 else part for i, part in enumerate(parts))


def _math(text: str) -> str:
    return re.sub(r"([_^])(\w)", r"\1{\2}", text).replace("\\", "#")


@dataclass(frozen=True)
class Bins:
    """Bins of equal width between two ends, or between given edges."""

    name: str
    title: str
    """In TLatex, with the unit."""
    number: int
    low: float
    high: float
    given_edges: tuple[float, ...] = ()
    """All edges, where the widths differ."""
    values: tuple[int, ...] | tuple[str, ...] = ()
    """The integer or text that each bin stands for, if it stands for one."""
    labelled: bool = False
    """The values are labels, such as run numbers: the bins' positions have no meaning."""

    @property
    def edges(self) -> F64:
        """Edges of the bins, shape (number + 1,)."""
        if self.given_edges:
            return np.asarray(self.given_edges, dtype=np.float64)
        steps = np.arange(self.number + 1) / max(self.number, 1)
        return np.asarray(self.low + steps * (self.high - self.low), dtype=np.float64)

    @property
    def centres(self) -> F64:
        """Middle of each bin, shape (number,)."""
        edges = self.edges
        return np.asarray((edges[1:] + edges[:-1]) / 2)

    @classmethod
    def of(cls, axis: Any) -> Bins:
        """Describe an axis of a histogram; integers lie in the middle of their bins."""
        name, title, number = axis.name, to_tlatex(axis.label or axis.name), len(axis)
        match axis:
            case hist.axis.IntCategory():
                values = tuple(int(str(value)) for value in axis)
                return cls(name, title, number, 0, number, values=values, labelled=True)
            case hist.axis.StrCategory() | hist.axis.Boolean():
                texts = tuple(str(value) for value in axis)
                return cls(name, title, number, 0, number, values=texts, labelled=True)
            case hist.axis.Integer():
                first, end = int(axis.edges[0]), int(axis.edges[-1])
                values = tuple(range(first, end))
                return cls(name, title, number, first - 0.5, end - 0.5, values=values)
            case hist.axis.Regular():
                return cls(name, title, number, float(axis.edges[0]), float(axis.edges[-1]))
        edges = tuple(float(edge) for edge in axis.edges)
        return cls(name, title, number, edges[0], edges[-1], given_edges=edges)


Kind = Literal["histogram", "efficiency", "profile", "weighted"]

KINDS: dict[str, Kind] = {"passed": "efficiency", "moment": "profile"}


@dataclass(frozen=True, eq=False)
class HistogramCells:
    """The contents of a measurement, or a processor's own, with all underflow and overflow."""

    kind: Kind
    axes: tuple[Bins, ...]
    values: AnyArray
    """Shape (bins + 2 of each axis, n). n is 1, or 2 for failed and passed, or for weights and
    their variances, or 3 for moments."""

    @classmethod
    def of(cls, counts: Histogram) -> HistogramCells:
        """Return the cells of a measurement's histogram."""
        kind = KINDS.get(counts.axes[-1].name, "histogram")
        values: AnyArray = np.asarray(counts.view(flow=True), dtype=np.int64)
        if kind == "profile":
            values = moments(values)
        axes = counts.axes[:-1]
        if kind == "histogram":
            values, axes = values[..., np.newaxis], counts.axes
        return cls._padded(kind, axes, values)

    @classmethod
    def plain(cls, histogram: Histogram) -> HistogramCells:
        """Return the cells of any histogram of integers, floats or weights.

        One of integers whose last axis is the Boolean 'passed' is an efficiency.
        """
        if is_efficiency(histogram):
            return cls.of(histogram)
        view: Any = histogram.view(flow=True)
        names = view.dtype.names
        values = np.stack([view[name] for name in names or ()] or [view], axis=-1)
        return cls._padded("weighted" if names else "histogram", histogram.axes, values)

    @classmethod
    def _padded(cls, kind: Kind, axes: Iterable[Any], values: AnyArray) -> HistogramCells:
        missing = [(1 - axis.traits.underflow, 1 - axis.traits.overflow) for axis in axes]
        padded = np.pad(values, [*missing, (0, 0)])
        return cls(kind, tuple(Bins.of(axis) for axis in axes), padded)

    def __contains__(self, name: str) -> bool:
        return any(axis.name == name for axis in self.axes)

    def at(self, name: str, number: int) -> HistogramCells:
        """Return the cells in one bin of an axis.

        Args:
            name: The axis, which is then gone.
            number: 0 is the underflow, 1 the first bin.
        """
        at = self._position(name)
        return self._with(self._without(at), np.take(self.values, number, axis=at))

    def summed(self, name: str) -> HistogramCells:
        """Add up all bins of an axis, underflow and overflow too."""
        at = self._position(name)
        return self._with(self._without(at), self.values.sum(axis=at))

    def split(self, name: str) -> list[tuple[str, HistogramCells]]:
        """Split an axis into its bins.

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

    def _with(self, axes: tuple[Bins, ...], values: AnyArray) -> HistogramCells:
        return HistogramCells(self.kind, axes, values)


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
