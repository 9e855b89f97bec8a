"""Chambers in which many cells are dead, weak or noisy."""

from __future__ import annotations

from collections import Counter, defaultdict

from dtperf.detector import Place
from dtperf.diagnostics.cells import NEEDED, CellFlag, cells_of_chambers, find
from dtperf.diagnostics.flags.low import LOW_MARGIN
from dtperf.diagnostics.flags.model import Flag, PlaceTest, percent
from dtperf.results.result import Result

__all__ = ["ill_cells"]

MOST_NAMED = 3


def ill_cells(result: Result) -> list[PlaceTest]:
    """Count the dead, weak and noisy cells of each chamber, as `dtperf.diagnostics.cells` finds.

    Args:
        result: With the group 'cells', else nothing is tested.

    Returns:
        One test per chamber that has any. Each cell is named with a chance of 1 % for a false
        alarm in the whole detector, whatever their number: the p-value is the smallest of them,
        times the number of cells. It matters if they are more than `LOW_MARGIN` of the chamber.
    """
    if any(name not in result.counts for name in NEEDED):
        return []
    survey = find(result)
    found: dict[Place, list[CellFlag]] = defaultdict(list)
    for each in survey.flags:
        found[Place(*each.place)].append(each)
    sizes = cells_of_chambers()
    return [
        _test(place, cells, sizes[place.chambers[0]], survey.cells)
        for place, cells in found.items()
    ]


def _test(place: Place, cells: list[CellFlag], size: int, every: int) -> PlaceTest:
    number = Counter(each.kind for each in cells)
    counted = ", ".join(
        f"{number[kind]} {kind}" for kind in ("dead", "weak", "noisy") if number[kind]
    )
    named = ", ".join(f"SL{c.superlayer} L{c.layer} wire {c.wire}" for c in cells[:MOST_NAMED])
    more = ", …" if len(cells) > MOST_NAMED else ""
    part = len({each[:4] for each in cells}) / size
    reason = f"{counted} of {size} cells ({percent(part)}): {named}{more}"
    p_value = min(min(each.p_value for each in cells) * every, 1.0)
    return PlaceTest(Flag(place, "ill cells", reason, p_value, loss=part), part > LOW_MARGIN)
