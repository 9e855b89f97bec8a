"""What the columns of each table are, in words: ``COLUMNS["crossings"]["dx"]``."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dtperf.selection.columns import CROSSING_COLUMNS, PAIR_COLUMNS
from dtperf.selection.cuts import TableName
from dtperf.selection.details.digis import DIGI_COLUMNS
from dtperf.selection.details.layer_table import LAYER_COLUMNS
from dtperf.selection.details.mean_timers import MEAN_TIMER_COLUMNS
from dtperf.selection.details.probes import PROBE_COLUMNS, STATION_COLUMNS
from dtperf.selection.details.rpc import RPC_COLUMNS
from dtperf.selection.details.segments import MATCHED_COLUMNS, SEGMENT_COLUMNS
from dtperf.selection.details.theta_trigger import THETA_COLUMNS
from dtperf.selection.details.trigger import TRIGGER_COLUMNS, TRIGGER_TO_SEGMENT_COLUMNS

__all__ = ["COLUMNS"]

COLUMNS: Mapping[TableName, Mapping[str, str]] = MappingProxyType(
    {
        "pairs": {**PAIR_COLUMNS, **PROBE_COLUMNS},
        "crossings": {
            **CROSSING_COLUMNS,
            **PROBE_COLUMNS,
            **MATCHED_COLUMNS,
            **STATION_COLUMNS,
            **TRIGGER_COLUMNS,
            **TRIGGER_TO_SEGMENT_COLUMNS,
            **THETA_COLUMNS,
        },
        "segments": SEGMENT_COLUMNS,
        "layers": LAYER_COLUMNS,
        "mean_timers": MEAN_TIMER_COLUMNS,
        "digis": DIGI_COLUMNS,
        "rpc_crossings": RPC_COLUMNS,
    }
)
"""Column to its description, by table."""
