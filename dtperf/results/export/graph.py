"""An efficiency with its errors as a TGraphAsymmErrors, which uproot reads but does not write."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import uproot
from uproot.models.TGraph import Model_TGraphAsymmErrors_v3 as ReadOnly
from uproot.serialization import numbytes_version

from dtperf.results.export.root_objects import RootEfficiency
from dtperf.statistics import clopper_pearson

__all__ = ["efficiency_graph"]

VERSION = 3
ERRORS = ("fEXlow", "fEXhigh", "fEYlow", "fEYhigh")
AUTOMATIC = -1111.0
"""ROOT's mark for a range that is found when the graph is drawn."""
FULL_CIRCLE = 20


# uproot takes the name of the ROOT class from the name of this one
class Model_TGraphAsymmErrors_v3(ReadOnly):  # type: ignore[misc]
    """The errors after the graph: each a byte that announces an array, and the array."""

    def _serialize(self, out: list[bytes], header: bool, name: str, tobject_flags: Any) -> None:
        start = len(out)
        for base in self._bases:
            base._serialize(out, True, name, tobject_flags)
        for member in ERRORS:
            out += [struct.pack(">?", True), self._members[member].astype(">f8").tobytes()]
        if header:
            size = sum(len(part) for part in out[start:])
            out.insert(start, numbytes_version(size, VERSION))


def efficiency_graph(efficiency: RootEfficiency) -> Any:
    """Draw an efficiency of one axis.

    Args:
        efficiency: Passed and total in bins of x.

    Returns:
        A graph for uproot to write. Its points are the bins with entries, at the middle of the
        bin or at the integer it stands for; errors in x are half a bin, errors in y those of
        Clopper and Pearson at one standard deviation.
    """
    axis = efficiency.axes[0]
    filled = efficiency.total[1:-1] > 0
    passed, total = efficiency.passed[1:-1][filled], efficiency.total[1:-1][filled]
    low, high = clopper_pearson(passed, total)
    middle = np.asarray(axis.values, dtype=np.float64) if axis.labelled else axis.centres
    half = np.diff(axis.edges)[filled] / 2
    y = passed / total
    columns = {
        "x": middle[filled],
        "y": y,
        "x_errors_low": half,
        "x_errors_high": half,
        "y_errors_low": y - low,
        "y_errors_high": high - y,
    }
    titles = (efficiency.title, axis.title, efficiency.value_title)
    if filled.any():
        return _graph(columns, titles)
    # uproot refuses to make a graph without points, which ROOT does not mind
    graph = _graph({name: np.zeros(1) for name in columns}, titles)
    _remove_points(graph)
    return graph


def _graph(columns: dict[str, Any], titles: tuple[str, str, str]) -> Any:
    style = {"minY": AUTOMATIC, "maxY": AUTOMATIC, "markerStyle": FULL_CIRCLE}
    made = uproot.as_TGraph(columns, *titles, **style)
    graph = Model_TGraphAsymmErrors_v3.empty()
    graph._bases, graph._members = made._bases, made._members
    return graph


def _remove_points(graph: Any) -> None:
    points = graph._bases[0]._members
    points |= {"fNpoints": 0, "fX": points["fX"][:0], "fY": points["fY"][:0]}
    graph._members |= {name: graph._members[name][:0] for name in ERRORS}
