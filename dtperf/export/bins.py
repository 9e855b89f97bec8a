"""Bins of one axis, as a ROOT file describes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import hist
import numpy as np

from dtperf.export.tlatex import to_tlatex
from dtperf.typing import F64

__all__ = ["Bins"]


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
