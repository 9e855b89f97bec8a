"""Keep what primitives, segments, hits and digis tell, and give it back as events.

Crossings need the primitives of the events that are kept, and more columns of their segments. All
other tables are of all events, whether there is a tag in them or not: then all events are kept,
with all their segments. Rows are kept, not counts: so that every cut can move.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dtperf.config import AnalysisConfig
from dtperf.measurements import Measurement
from dtperf.selection.cuts import TableName
from dtperf.selection.details.branches import (
    DIGI_DTYPES,
    EXPECTED_DTYPES,
    HIT_DTYPES,
    MUON_ID_DTYPES,
    PRIMITIVES,
    RANGE_DTYPES,
    RPC_HIT_DTYPES,
    RPC_POINT_DTYPES,
    STANDALONE,
    STORED,
    THETA_DTYPES,
    THETA_PRIMITIVES,
    TRACK_SLOPES,
    detail_branches,
)
from dtperf.selection.details.layer_table import HIT_COLUMNS
from dtperf.selection.details.rpc import has_rpcs
from dtperf.selection.details.standalone import MATCH_DTYPES, MUON_DTYPES
from dtperf.selection.flat_collection import Collection, collection

if TYPE_CHECKING:
    import awkward as ak

__all__ = [
    "DETAILS",
    "OF_PROBES",
    "OF_RPCS",
    "Details",
    "as_events",
    "keeps_all_events",
    "kept_details",
    "lacking_details",
]

OF_RPCS = ("dtToRpc", "rpcRecHit")
"""Collections that only newer files have: their measurements are made where they are."""

DETAILS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "muon": {**MUON_DTYPES, **MUON_ID_DTYPES},
        "muon_matches": dict.fromkeys(TRACK_SLOPES.values(), np.float32),
        "dtSegment": {
            **RANGE_DTYPES,
            **{stored.branch: np.float32 for stored in STORED.values()},
        },
        "muon_staMatches": MATCH_DTYPES,
        "dtSegment_hits": {**HIT_DTYPES, **dict(HIT_COLUMNS.values())},
        "dtSegment_extr": {**EXPECTED_DTYPES, "ExpPos": np.float32},
        "dtDigi": DIGI_DTYPES,
        **dict(zip(OF_RPCS, (RPC_POINT_DTYPES, RPC_HIT_DTYPES), strict=True)),
        **{source.collection: source.dtypes for source in PRIMITIVES.values()},
        **{source.collection: THETA_DTYPES for source in THETA_PRIMITIVES.values()},
    }
)
"""Columns that are kept where a measurement needs them, with their types, by collection."""

OF_PROBES: frozenset[TableName] = frozenset(("pairs", "crossings"))
"""Tables of which the events with a tag and a probe have all rows."""


class Details(NamedTuple):
    """Columns of some events beside those that pairs and crossings need."""

    all_events: bool = False
    """Whether all events are kept, with all their segments."""
    collections: Mapping[str, Collection] = MappingProxyType({})
    """Flat columns of all events, by collection."""


def keeps_all_events(config: AnalysisConfig) -> bool:
    """Return whether there are measurements of all events, or such that number segments.

    Tracks tell their segments by their numbers in the event, which must have all of them then.
    """
    columns = config.filled_columns()
    of_all = any(columns[table] for table in columns.keys() - OF_PROBES)
    return of_all or not detail_branches(columns).isdisjoint(STANDALONE)


def lacking_details(kept: AnalysisConfig, measured: Mapping[str, Measurement]) -> list[str]:
    """Return the names of those measurements that need more than what a config has kept."""
    has, has_all = detail_branches(kept.filled_columns()), keeps_all_events(kept)
    return [
        name
        for name, each in measured.items()
        if not has >= detail_branches({each.table: each.columns})
        or not (has_all or each.table in OF_PROBES)
    ]


def kept_details(events: Any, config: AnalysisConfig) -> Details:
    """Take the columns that the measurements of a config need.

    Args:
        events: NanoEvents.
        config: The analysis.

    Raises:
        InputError: A column is not there.
    """
    wanted = _wanted(config)
    if not has_rpcs(events):
        wanted = {name: dtypes for name, dtypes in wanted.items() if name not in OF_RPCS}
    if config.extrapolation != "ntuple":
        wanted.pop("muon_matches", None)
    found = {name: collection(events, name, dtypes) for name, dtypes in wanted.items()}
    return Details(keeps_all_events(config), found)


def _wanted(config: AnalysisConfig) -> dict[str, dict[str, Any]]:
    branches = detail_branches(config.filled_columns())
    wanted = {
        name: {field: kind for field, kind in fields.items() if f"{name}_{field}" in branches}
        for name, fields in DETAILS.items()
    }
    return {name: fields for name, fields in wanted.items() if fields}


def as_events(
    columns: Mapping[str, Any], collections: Mapping[str, tuple[Any, Mapping[str, Any]]]
) -> ak.Array:
    """Return an awkward array that `dtperf.tag_and_probe` takes like NanoEvents, without copies.

    Args:
        columns: By name, each of shape (events,).
        collections: Offsets of shape (events + 1,) and columns, by name.
    """
    import awkward as ak  # needed where a skim has details

    contents = [ak.contents.NumpyArray(values) for values in columns.values()]
    contents += [_lists(*each) for each in collections.values()]
    return ak.Array(ak.contents.RecordArray(contents, [*columns, *collections]))


def _lists(offsets: Any, columns: Mapping[str, Any]) -> ak.contents.Content:
    import awkward as ak

    fields: Iterable[Any] = (ak.contents.NumpyArray(values) for values in columns.values())
    records = ak.contents.RecordArray([*fields], [*columns], length=int(offsets[-1]))
    return ak.contents.ListOffsetArray(ak.index.Index64(offsets.astype(np.int64)), records)
