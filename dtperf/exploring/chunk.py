"""Some events in memory, measured again and again.

The steps are those of `dtperf.selection.tag_and_probe`. Each keeps what it found until one of the
cuts changes that it depends on: pairs, then crossings, then the regions of the chambers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from dtperf.config import AnalysisConfig, StationCuts
from dtperf.kernels.crossings import Crossings, find_crossings
from dtperf.kernels.pairs import Candidates, find_pairs
from dtperf.measurements import Measurement
from dtperf.measurements.booking import book
from dtperf.selection.columns import crossing_columns, pair_columns
from dtperf.selection.extrapolation import ProbeMatches, extrapolate
from dtperf.selection.flatten import FlatEvents, flatten
from dtperf.selection.luminosity import is_certified
from dtperf.selection.table import Table
from dtperf.selection.tagging import pair_limits, passing_limits

__all__ = ["Chunk"]

CUT_COLUMNS = ("is_eligible", "is_in_eta", "is_fiducial")
"""The columns of the crossings that depend on `selection.station`."""

Found = TypeVar("Found")


class _Pairs(NamedTuple):
    candidates: Candidates
    table: Table
    selected: npt.NDArray[np.intp]
    crossed: ProbeMatches


class _Crossings(NamedTuple):
    found: Crossings
    table: Table


class _Step:
    """What was found last, and for which cuts."""

    def __init__(self) -> None:
        self._cuts: object = None
        self._found: Any = None

    def get(self, cuts: object, find: Callable[[], Found]) -> Found:
        """Find anew if the cuts are others than the last time."""
        if self._found is None or cuts != self._cuts:
            self._found = None  # its memory first
            self._found, self._cuts = find(), cuts
        found: Found = self._found
        return found


class Chunk:
    """Flat events and what was found in them last; for one thread at a time."""

    def __init__(self, flat: FlatEvents, events: int, certified: int) -> None:
        """Use `Chunk.of`."""
        self.flat = flat
        self.events = events
        """Events that were read."""
        self.certified = certified
        """Those in the luminosity mask, which are all that is kept."""
        self._pairs, self._crossings = _Step(), _Step()

    @classmethod
    def of(cls, events: Any, config: AnalysisConfig) -> Chunk:
        """Take what the measurement needs out of NanoEvents."""
        selection, read = config.selection, len(events)
        if selection.luminosity_mask is not None:
            events = events[is_certified(events, selection.luminosity_mask)]
        flat = flatten(events, selection.tag.trigger, config.extrapolation)
        return cls(flat, read, len(events))

    @property
    def nbytes(self) -> int:
        """Memory that the events take."""
        return _nbytes(self.flat)

    def measure(
        self, config: AnalysisConfig, measurements: Mapping[str, Measurement]
    ) -> dict[str, Any]:
        """Give what `SegmentEfficiency.process` gives."""
        selection = config.selection
        cuts = (selection.tag, selection.probe, selection.pair)
        pairs = self._pairs.get(cuts, lambda: self._find_pairs(config))
        passing = (cuts, selection.passing, config.compatibility)
        base = self._crossings.get(passing, lambda: self._cross(pairs, config))
        crossings = self._in_regions(pairs, base, selection.station)
        return {
            "histograms": book(measurements, {"pairs": pairs.table, "crossings": crossings}),
            "totals": {
                "events": self.events,
                "certified": self.certified,
                "pairs": len(pairs.selected),
                "crossings": int((base.table["match"] >= 0).sum()),
            },
            "anomalies": self.flat.anomalies,
        }

    def _find_pairs(self, config: AnalysisConfig) -> _Pairs:
        flat = self.flat
        candidates = find_pairs(flat.muons, pair_limits(config.selection))
        selected = np.flatnonzero(candidates.selected)
        crossed = extrapolate(flat, candidates.event[selected], candidates.probe[selected])
        table = Table(len(candidates.event), pair_columns(flat, candidates))
        return _Pairs(candidates, table, selected, crossed)

    def _cross(self, pairs: _Pairs, config: AnalysisConfig) -> _Crossings:
        candidates, table, selected, crossed = pairs
        event, probe = candidates.event[selected], candidates.probe[selected]
        limits = passing_limits(config.selection, config.compatibility.truncate_extrapolation)
        masks = self.flat.muons.trkMu_stationMask[probe]
        place = (crossed.matches, crossed.begins, crossed.ends)
        found = find_crossings(masks, *place, self.flat.segments, event, limits)
        columns = crossing_columns(self.flat, crossed, found, selected, config.selection.station)
        rows = Table(len(found.pair), columns, parent=table, link="candidate")
        return _Crossings(found, rows)

    def _in_regions(self, pairs: _Pairs, base: _Crossings, cuts: StationCuts) -> Table:
        """Give the same crossings with other cuts of the station; other columns are made once."""
        table = base.table
        own = [name for name in table if not table.inherits(name)]
        columns = crossing_columns(self.flat, pairs.crossed, base.found, pairs.selected, cuts)
        make = {name: _taken_from(table, name) for name in own}
        make |= {name: columns[name] for name in CUT_COLUMNS}
        return Table(table.rows, make, parent=pairs.table, link="candidate")


def _taken_from(table: Table, name: str) -> Callable[[Table], npt.NDArray[Any]]:
    return lambda _: table[name]


def _nbytes(value: Any) -> int:
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, dict):
        return sum(map(_nbytes, value.values()))
    return sum(map(_nbytes, value)) if isinstance(value, tuple) else 0
