"""What the columns of each table are, in words: ``COLUMNS["crossings"]["dx"]``."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dtperf.selection.columns import CROSSING_COLUMNS, PAIR_COLUMNS
from dtperf.selection.cuts import TableName
from dtperf.selection.segment_columns import LAYER_COLUMNS, MATCHED_COLUMNS, SEGMENT_COLUMNS
from dtperf.selection.trigger_columns import TRIGGER_COLUMNS, TRIGGER_TO_SEGMENT_COLUMNS

__all__ = ["COLUMNS"]

COLUMNS: Mapping[TableName, Mapping[str, str]] = MappingProxyType(
    {
        "pairs": PAIR_COLUMNS,
        "crossings": {
            **CROSSING_COLUMNS,
            **MATCHED_COLUMNS,
            **TRIGGER_COLUMNS,
            **TRIGGER_TO_SEGMENT_COLUMNS,
        },
        "segments": SEGMENT_COLUMNS,
        "layers": LAYER_COLUMNS,
    }
)
"""Column to its description, by table."""
