"""Chambers with a layer that misses hits."""

from __future__ import annotations

import numpy as np

from dtperf.detector import of_chambers
from dtperf.diagnostics.flags.model import PlaceTest
from dtperf.diagnostics.flags.parts import Parts, dropped_parts, low_parts
from dtperf.results.result import Result

__all__ = ["layer_parts", "layers_dropped", "layers_low"]

NAMES = tuple(f"SL{superlayer} L{layer}" for superlayer in (1, 2, 3) for layer in range(1, 5))


def layers_low(result: Result) -> list[PlaceTest]:
    """Test whether a layer of each chamber is below the same layer of its peers.

    Args:
        result: With 'layer_efficiency' of the group 'cells', else nothing is tested.
    """
    return low_parts(layer_parts(result), "layers low")


def layers_dropped(result: Result, reference: Result) -> list[PlaceTest]:
    """Test whether the layers of each chamber have the efficiency of the reference."""
    return dropped_parts(layer_parts(result), layer_parts(reference), "layers dropped")


def layer_parts(result: Result) -> Parts | None:
    """Count the twelve layers of each chamber; None if they were not measured."""
    if "layer_efficiency" not in result.counts:
        return None
    cells = of_chambers(np.asarray(result.counts["layer_efficiency"].view()))
    cells = cells.reshape(len(cells), len(NAMES), 2)
    names = (NAMES,) * 4
    return Parts(
        "efficiency of layers", names, np.arange(len(NAMES)), cells[..., 1], cells.sum(axis=-1)
    )
