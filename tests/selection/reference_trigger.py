"""Find the primitives of chambers in slow, plain loops: the oracle of their fast kernels.

Written from the description of the columns, and from no code of dtperf.
"""

from __future__ import annotations

import math

from tests.selection.detail_branches import (
    FIRST_SECTOR,
    PRIMITIVES,
    Event,
    Row,
    entries,
    exists,
)

__all__ = ["is_good", "trigger"]


def is_good(primitive: Row, name: str) -> bool:
    """Tell whether a primitive is of a chamber of the trigger, which has twelve sectors."""
    sector = primitive["sector"] - FIRST_SECTOR[name] + 1
    is_somewhere = sector <= 12 and exists(primitive["wheel"], sector, primitive["station"])
    return is_somewhere and 0 <= primitive["quality"] <= 6


def trigger(
    event: Event, place: tuple[int, int, int] | None, station: int, segment: Row | None
) -> Row:
    """Return the columns about all kinds of primitives of a chamber."""
    columns: Row = {}
    for name, collection in PRIMITIVES.items():
        good = [each for each in entries(event, collection) if is_good(each, name)]
        here = [each for each in good if place and _is_of(each, name, place)]
        best, now = _best(here), _best([each for each in here if each["bx"] == 0])
        others = {each["station"] for each in good} - {station}
        angle = math.degrees(now["dirLoc_phi"]) if now else math.nan
        columns |= {
            f"{name}_bx": best["bx"] if best else -99,
            f"{name}_quality": best["quality"] if best else -1,
            f"{name}_passing": now is not None,
            f"{name}_any_passing": best is not None,
            f"{name}_bx0_quality": now["quality"] if now else -1,
            f"{name}_x": now["posLoc_x"] if now else math.nan,
            f"{name}_angle": now["dirLoc_phi"] if now else math.nan,
            f"{name}_is_preceded": now is not None and any(each["bx"] < 0 for each in here),
            f"{name}_other_stations": len(others),
            f"{name}_has_other_stations": len(others) >= 2,
            f"{name}_dx": now["posLoc_x"] - segment["mid_x"] if now and segment else math.nan,
            f"{name}_dangle": angle - segment["angle"] if segment else math.nan,
        }
        if collection == "ltTwinMuxOut":
            columns[f"{name}_rpc_bit"] = now["rpcBit"] if now else -1
    return columns


def _is_of(primitive: Row, name: str, place: tuple[int, int, int]) -> bool:
    """Tell whether a primitive is of a chamber; the second MB4 count to the first."""
    wheel, sector, station = place
    sector = {13: 4, 14: 10}.get(sector, sector)
    sector += FIRST_SECTOR[name] - 1
    return (primitive["wheel"], primitive["sector"], primitive["station"]) == (
        wheel,
        sector,
        station,
    )


def _best(primitives: list[Row]) -> Row | None:
    """Return the first of those of the highest quality."""
    best = None
    for each in primitives:
        if best is None or each["quality"] > best["quality"]:
            best = each
    return best
