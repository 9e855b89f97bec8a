"""The way of a first pass, for measurements that must look at tables of pairs and crossings."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dtperf.config import AnalysisConfig
from dtperf.kernels.crossings import find_crossings
from dtperf.kernels.pairs import find_pairs
from dtperf.measurements import Measurement
from dtperf.measurements.booking import book
from dtperf.measurements.declaration import Histogram
from dtperf.selection.columns import crossing_columns, pair_columns
from dtperf.selection.extrapolation import extrapolate
from dtperf.selection.flatten import FlatEvents
from dtperf.selection.table import Table
from dtperf.selection.tagging import pair_limits, passing_limits

__all__ = ["book_anew"]


def book_anew(
    flat: FlatEvents, config: AnalysisConfig, measurements: Mapping[str, Measurement]
) -> dict[str, Histogram]:
    """Select pairs, match segments and book.

    Args:
        flat: The events.
        config: The cuts.
        measurements: Declarations by name.

    Returns:
        What `book` gives, as `dtperf.selection.tag_and_probe` has its tables.
    """
    candidates = find_pairs(flat.muons, pair_limits(config.selection))
    selected = np.flatnonzero(candidates.selected)
    event, probe = candidates.event[selected], candidates.probe[selected]
    limits = passing_limits(config.selection, config.compatibility.truncate_extrapolation)
    crossed = extrapolate(flat, event, probe)
    masks = flat.muons.trkMu_stationMask[probe]
    place = (crossed.matches, crossed.begins, crossed.ends)
    found = find_crossings(masks, *place, flat.segments, event, limits)
    pairs = Table(len(candidates.event), pair_columns(flat, candidates))
    columns = crossing_columns(flat, crossed, found, selected, config.selection.station)
    rows = Table(len(found.pair), columns, parent=pairs, link="candidate")
    return book(measurements, {"pairs": pairs, "crossings": rows})
