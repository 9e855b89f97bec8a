"""RPC rolls at a DT chamber that miss hits where its segments point."""

from __future__ import annotations

import numpy as np

from dtperf.detector import of_chambers
from dtperf.detector.rolls import roll_name
from dtperf.diagnostics.flags.model import PlaceTest
from dtperf.diagnostics.flags.parts import Parts, dropped_parts, low_parts
from dtperf.results.result import Result

__all__ = ["roll_parts", "rpc_dropped", "rpc_low"]


def rpc_low(result: Result) -> list[PlaceTest]:
    """Test whether a roll at each chamber is below the rolls of its peers.

    Args:
        result: With 'rpc_efficiency_by_roll' of the group 'rpc', else nothing is tested.
    """
    return low_parts(roll_parts(result), "RPC low")


def rpc_dropped(result: Result, reference: Result) -> list[PlaceTest]:
    """Test whether the rolls at each chamber have the efficiency of the reference."""
    return dropped_parts(roll_parts(result), roll_parts(reference), "RPC dropped")


def roll_parts(result: Result) -> Parts | None:
    """Count the rolls at each DT chamber; None if they were not measured.

    RPCs know twelve sectors: the rolls of RB4 in sectors 4 and 10 are all those of the DT chambers
    4 and 10.
    """
    if "rpc_efficiency_by_roll" not in result.counts:
        return None
    view = np.asarray(result.counts["rpc_efficiency_by_roll"].view())
    shape = view.shape[3:6]
    cells = of_chambers(view)
    cells = cells.reshape(len(cells), -1, 2)
    at = np.indices(shape).reshape(3, -1).T
    names = tuple(
        tuple(roll_name(station, *map(int, each + 1)) for each in at) for station in range(1, 5)
    )
    # the rolls of a layer are peers
    return Parts("RPC efficiency", names, at[:, 0], cells[..., 1], cells.sum(axis=-1))
