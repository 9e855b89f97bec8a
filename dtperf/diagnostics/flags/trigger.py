"""Chambers whose trigger is inefficient, or gives another bunch crossing than others do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dtperf.detector import of_chambers
from dtperf.diagnostics.flags.model import PlaceTest, percent
from dtperf.diagnostics.flags.parts import Parts, dropped_parts, low_parts
from dtperf.measurements.trigger import SOURCES, in_right_crossing
from dtperf.results.result import Result
from dtperf.typing import AnyArray

__all__ = ["trigger_dropped", "trigger_low", "trigger_parts", "wrong_bx"]

EFFICIENCY = "trigger efficiency at BX 0"
RIGHT = "best primitives at BX 0"


def trigger_low(result: Result) -> list[PlaceTest]:
    """Test whether the trigger efficiency of each chamber is below that of its peers.

    Args:
        result: With the group 'trigger', else nothing is tested.

    Returns:
        One test per chamber, of its primitives at TwinMux input and output and BMTF input.
    """
    return low_parts(trigger_parts(result), "trigger low")


def trigger_dropped(result: Result, reference: Result) -> list[PlaceTest]:
    """Test whether each chamber has the trigger efficiency of the reference."""
    return dropped_parts(trigger_parts(result), trigger_parts(reference), "trigger dropped")


def trigger_parts(result: Result) -> Parts | None:
    """Count the trigger efficiency of each chamber; None if it was not measured."""
    return _parts(result, "trigger_{}_by_chamber", EFFICIENCY, lambda view: view)


def wrong_bx(result: Result) -> list[PlaceTest]:
    """Test whether the best primitives of each chamber are at BX 0 as often as those of its peers.

    Args:
        result: With the group 'trigger', else nothing is tested.

    Returns:
        One test per chamber with primitives; the reason tells at which BX most of them are.
    """
    crossings = _parts(result, "bx_{}_by_chamber", RIGHT, in_right_crossing)
    return low_parts(crossings, "wrong BX", _most_frequent(result))


def _parts(
    result: Result, name: str, what: str, counted: Callable[[AnyArray], AnyArray]
) -> Parts | None:
    """Count passed and total of each chamber for each kind of primitives that was measured."""
    names = {title: name.format(source) for source, title in SOURCES.items()}
    measured = {title: each for title, each in names.items() if each in result.counts}
    if not measured:
        return None
    views = [counted(np.asarray(result.counts[each].view())) for each in measured.values()]
    cells = np.stack([of_chambers(view) for view in views], axis=1)
    return Parts(
        what,
        (tuple(measured),) * 4,
        np.arange(len(measured)),
        cells[..., 1],
        cells.sum(axis=-1),
    )


def _most_frequent(result: Result) -> dict[int, str]:
    """Tell of each chamber at which BX most primitives are, where that is not 0."""
    found: dict[int, str] = {}
    for source, title in SOURCES.items():
        name = f"bx_{source}_by_chamber"
        if name not in result.counts:
            continue
        counts = of_chambers(np.asarray(result.counts[name].view()))
        middle = counts.shape[1] // 2
        most = counts.argmax(axis=1)
        for at in np.flatnonzero((most != middle) & (counts.max(axis=1) > 0)):
            part = counts[at, most[at]] / counts[at].sum()
            text = f"{percent(part)} at BX {most[at] - middle:+d} ({title})"
            found.setdefault(int(at), f"shifted: {text}")
    return found
