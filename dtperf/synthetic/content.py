"""Fill the collections that the analysis does not read, so that events have their real size."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtperf.nanoaod.branches import branch_table
from dtperf.synthetic.columns import local_ranges
from dtperf.synthetic.content_cells import IS_THETA, cells_of, expected_hits
from dtperf.synthetic.content_digis import digis
from dtperf.synthetic.content_hits import HITS_TRUTH, hit_columns, hits
from dtperf.synthetic.content_random import random_collections
from dtperf.synthetic.content_rpc import RPC_TRUTH, Made, rpc_content
from dtperf.synthetic.content_trigger import TRIGGER_TRUTH, trigger_primitives
from dtperf.synthetic.readout import Readout
from dtperf.synthetic.rows import EventRows, counts_to_offsets
from dtperf.synthetic.stages import DrawnSegments
from dtperf.typing import I64, AnyArray

DEFAULT = Readout()

__all__ = ["content_truth", "with_content"]


def content_truth(readout: Readout) -> dict[str, dict[str, Any]]:
    """Return what was put into the collections beside the segments, by subject.

    Where a place has values of its own, those of `readout` hold, which the settings tell.
    """
    return {
        "hits": {**HITS_TRUTH, "hit_resolution_cm": readout.hit_resolution_cm},
        "digis": {
            "without_hit": readout.digi_without_hit,
            "noise_per_event": readout.noise_digis,
        },
        "trigger": TRIGGER_TRUTH,
        "rpc": RPC_TRUTH,
    }


def with_content(
    rng: np.random.Generator,
    rows: EventRows,
    segments: DrawnSegments,
    readout: Readout = DEFAULT,
) -> EventRows:
    """Return events with digis, hits, trigger primitives, RPC, GEM and CSC added.

    What hangs on DT segments (hits, digis, trigger, RPC) follows from them, in the conventions
    of CMS that `dtperf.nanoaod.conventions` states; the rest is drawn for itself, plausible in
    number and value and no more. `rows` are a whole block, of `lean_rows`, and stay as they
    are; `segments` are those of the block, and `readout` what makes content of them. The hits of
    a segment in dead or blind cells are missing, also from what it has of them.
    """
    event = np.repeat(np.arange(rows.events), np.diff(segments.offsets))
    cells = cells_of(segments)
    hit = hits(rng, segments, cells, readout)
    of_hit, of_hits = hit_columns(segments, cells, hit, readout)
    of_extrapolation, extrapolations = expected_hits(segments, cells)
    rpc = rpc_content(rng, rows.events, segments, event, readout)
    collections: dict[str, Made] = {
        **trigger_primitives(rng, segments, event, hit.is_hit, rpc.layers_in_time, readout),
        **random_collections(rng, rows),
        "dtSegment_hits": (event[of_hit], of_hits),
        "dtSegment_extr": (event[of_extrapolation], extrapolations),
        "dtDigi": digis(rng, rows.events, segments, cells, hit, event, readout),
        "rpcRecHit": rpc.hits,
        "dtToRpc": rpc.expected,
        "rpcDigi": rpc.digis,
    }
    offsets, values = dict(rows.offsets), dict(rows.values)
    for collection, (events_of, columns) in collections.items():
        offsets[collection], sorted_columns = _by_event(events_of, columns, rows.events)
        values |= _typed(collection, sorted_columns)
    for name, parent in (("seg2D_hits", of_hit), ("seg4D_extr", of_extrapolation)):
        limits = counts_to_offsets(np.bincount(parent, minlength=len(event)))
        begin, end = local_ranges(segments.offsets, limits)
        values |= {f"dtSegment_{name}_begin": begin, f"dtSegment_{name}_end": end}
    if readout.dead_cells or readout.cell_efficiency:
        for name, is_of_view in (("phi", ~IS_THETA), ("z", IS_THETA)):
            column = f"dtSegment_seg2D_{name}_nHits"
            counts = hit.is_hit[:, is_of_view].sum(axis=1)
            values[column] = np.minimum(values[column], counts).astype(values[column].dtype)
    return EventRows(offsets, values)


def _by_event(
    event: I64, columns: dict[str, AnyArray], events: int
) -> tuple[I64, dict[str, AnyArray]]:
    offsets = counts_to_offsets(np.bincount(event, minlength=events))
    if np.all(event[1:] >= event[:-1]):
        return offsets, columns
    order = np.argsort(event, kind="stable")
    return offsets, {name: column[order] for name, column in columns.items()}


def _typed(collection: str, columns: dict[str, AnyArray]) -> dict[str, AnyArray]:
    names = {f"{collection}_{name}": column for name, column in columns.items()}
    table = branch_table("B")
    return {name: column.astype(table[name].dtype) for name, column in names.items()}
