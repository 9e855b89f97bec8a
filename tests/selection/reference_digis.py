"""Find digis, mean timers and RPC crossings in slow, plain loops: the oracle of their kernels.

Written from the description of the columns, and from no code of dtperf but its table of cells.
"""

from __future__ import annotations

import math

from dtperf.detector import Chamber
from tests.selection.detail_branches import OF_EVENTS, PLACE, Event, Row, entries, exists
from tests.selection.detail_cells import cells_of

__all__ = ["digis", "mean_timers", "rpc_crossings"]

NOMINAL_NS, NEAR_NS = 387.0, 40.0
HALF_CELL_UM = 21_000.0
STRIP_CM, STRIPS = 3.0, 4.0


def mean_timers(layers: list[Row]) -> list[Row]:
    """Return the mean timers of the layers of one segment."""
    found = []
    for first in layers:
        row = [first, *(_layer(layers, first, later) for later in (1, 2))]
        sides = [each["side"] if each else 0 for each in row]
        if sides in ([1, 2, 1], [2, 1, 2]):
            t1, t2, t3 = (each["time"] for each in row if each)
            timer = (t1 + t3) / 2 + t2
            found.append(
                {
                    **first,
                    "mean_timer": timer,
                    "is_of_signal": abs(timer - NOMINAL_NS) <= NEAR_NS,
                    "drift_velocity": HALF_CELL_UM / timer if timer else math.nan,
                }
            )
    return found


def _layer(layers: list[Row], first: Row, later: int) -> Row | None:
    """Return the layer that many behind one of the same superlayer."""
    wanted = first["superlayer"], first["layer"] + later
    return next((each for each in layers if (each["superlayer"], each["layer"]) == wanted), None)


def digis(
    event: Event, segments: list[Row], noise_window_ns: tuple[float, float]
) -> tuple[list[Row], int]:
    """Return the digis of cells that exist, and the number of the others."""
    found = []
    all_digis = entries(event, "dtDigi")
    for digi in all_digis:
        place = tuple(digi[name] for name in PLACE)
        superlayer, layer, wire = (digi[name] for name in ("superLayer", "layer", "wire"))
        is_layer = superlayer in (1, 2, 3) and layer in (1, 2, 3, 4)
        if not (exists(*place) and is_layer):
            continue
        first, number, _ = cells_of(place, superlayer, layer)
        if not first <= wire < first + number:
            continue
        has_segment = any(segment["place"] == place for segment in segments)
        start, stop = noise_window_ns
        found.append(
            {
                **dict(zip(PLACE, place, strict=True)),
                "chamber": Chamber(*place).code,
                "superlayer": superlayer,
                "layer": layer,
                "wire": wire,
                "time": digi["time"],
                "has_segment": has_segment,
                "is_noise": not has_segment and start <= digi["time"] < stop,
                **{column: event[branch] for column, branch in OF_EVENTS.items()},
            }
        )
    return found, len(all_digis) - len(found)


def rpc_crossings(event: Event) -> list[Row]:
    """Return the points where segments cross rolls."""
    found = []
    hits = [each for each in entries(event, "rpcRecHit") if each["bx"] == 0]
    for point in entries(event, "dtToRpc"):
        here = [
            each
            for each in hits
            if each["rawId"] == point["rawId"] and not math.isnan(each["coordX"])
        ]
        x = point["coordX"]
        hit = min(here, key=lambda each: abs(each["coordX"] - x), default=None)
        size = hit["clusterSize"] if hit else 0
        dx = hit["coordX"] - x if hit else math.nan
        found.append(
            {
                "station": point["station"],
                "wheel": point["ring"],
                **{name: point[name] for name in ("sector", "layer", "subsector", "roll")},
                "x": x,
                "y": point["coordY"],
                "dx": dx,
                "cluster_size": size,
                "has_hit": abs(dx) <= (STRIPS + size / 2) * STRIP_CM,
                **{column: event[branch] for column, branch in OF_EVENTS.items()},
            }
        )
    return found
