"""A block of events in memory, which is counted again for each set of cuts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from dtperf.config import AnalysisConfig
from dtperf.selection.arrays import Matches
from dtperf.selection.branches import TRACKER_ISO, isolations
from dtperf.selection.extrapolation import ProbeMatches, extrapolate
from dtperf.selection.flatten import FlatEvents
from dtperf.selection.luminosity import is_certified
from dtperf.selection.pairs import PairLimits, is_repeated
from dtperf.selection.segments import count_double
from dtperf.selection.tables import Table
from dtperf.selection.tagging import Tables, pair_limits, tag_and_probe
from dtperf.skim.columns import Columns, numbers, view
from dtperf.skim.details import as_events
from dtperf.skim.recut.bins import (
    BinCache,
    bin_indices,
    entry_table,
    muon_table,
    pair_shifts,
    row_table,
)
from dtperf.skim.recut.counting import SelectedRows
from dtperf.skim.recut.crossed import CrossingRows
from dtperf.skim.recut.layout import CounterLayout
from dtperf.skim.recut.pairs import FIRES, SearchResult, prepare, search
from dtperf.skim.recut.row_bits import OF_STATION, mask_of
from dtperf.skim.thin import by_either_isolation, expanded
from dtperf.typing import I64, U8, AnyArray, Bools

__all__ = ["Block"]


class Block:
    """Columns of events, and results that later cuts use again; for one thread at a time."""

    def __init__(self, batch: pa.RecordBatch, limits: PairLimits) -> None:
        """Compute what no cut changes.

        `batch` is as `dtperf.skim.columns` has it; `limits` are the loosest cuts that will
        be applied.
        """
        self._batch = batch
        self._muon_offsets = numbers(batch.column("muon").offsets)
        flat = expanded(self.columns)
        muons = by_either_isolation(flat)
        self.tags, self.probes, self.entries = prepare(muons, self._fires(), limits)
        self.possible = np.flatnonzero(self.probes.is_possible)
        """Indices of the probes that a tag may select."""
        self._propagated: ProbeMatches | None = None
        usable = _usable(self._tracks(flat)[1])
        most = int(usable.max(initial=0))
        self._n_crossed = np.zeros(len(self.probes.muon), dtype=np.min_scalar_type(most))
        self._n_crossed[self.possible] = usable
        self.most_rows = most + 4
        """Maximum number of rows of one probe."""
        self._of_tags: dict[CounterLayout, AnyArray] = {}
        self._of_pairs: dict[CounterLayout, AnyArray] = {}
        self._rows: CrossingRows | None = None

    @property
    def segment_offsets(self) -> AnyArray:
        """Segments offsets[i] to offsets[i + 1] belong to event i, shape (events + 1,)."""
        return numbers(self._batch.column("dtSegment").offsets)

    @property
    def columns(self) -> Columns:
        """The events."""
        return view(self._batch)

    @property
    def branches(self) -> frozenset[str]:
        """Names of the event-level branches and of the collections."""
        return frozenset(self._batch.schema.names)

    def tables(self, config: AnalysisConfig) -> Tables:
        """Return all tables, made anew."""
        columns = self.columns
        return tag_and_probe(as_events(columns.events, columns.collections), config)

    @property
    def has_tracker_iso(self) -> bool:
        """Whether its muons have the isolation by tracks."""
        muon = self._batch.schema.field("muon").type.value_type
        return bool(muon.get_field_index(TRACKER_ISO) >= 0)

    @property
    def nbytes(self) -> int:
        """Memory of its events, in bytes; it may be that of a file."""
        return int(self._batch.nbytes)

    @property
    def nbytes_found(self) -> int:
        """Memory of the results that are kept for later cuts, in bytes."""
        kept = (self.tags, self.probes, self.entries, self._propagated, self._n_crossed)
        rows = self._rows.arrays if self._rows is not None else ()
        return _nbytes((*kept, self._of_tags, self._of_pairs, rows))

    def flat(self, config: AnalysisConfig) -> FlatEvents:
        """Return flat arrays; muons of events that are not certified have not fired."""
        selection = config.selection
        flat = expanded(self.columns, selection.tag.trigger, isolations(config))
        certified = self._certified(selection.luminosity_mask)
        if not len(certified):
            return flat
        inside = np.repeat(certified, np.diff(flat.muons.offsets))
        return flat._replace(muons=flat.muons._replace(fires=flat.muons.fires & inside))

    def search(self, config: AnalysisConfig) -> SearchResult:
        """Find the pairs."""
        selection = config.selection
        tags, probes = self.tags, self.probes
        if selection.tag.iso == "tracker":
            tags = tags._replace(iso=self._tracker_iso()[tags.muon])
        if selection.probe.iso == "tracker":
            probes = probes._replace(iso=self._tracker_iso()[probes.muon])
        found = search(
            self._muon_offsets,
            tags,
            probes,
            self.entries,
            pair_limits(config),
            FIRES[selection.tag.trigger],
            self._certified(selection.luminosity_mask),
        )
        if selection.pair.unique_probe:
            first = ~is_repeated(found.probes, len(probes.muon))
            found = found._replace(selected=found.selected[first], probes=found.probes[first])
        return found

    def totals(self, found: SearchResult, among: SelectedRows) -> dict[str, int]:
        """Count pairs and crossings of a `search`, as `dtperf.selection.totals` does."""
        repeated = is_repeated(found.probes, len(self.probes.muon))
        first, counts = mask_of(("is_first",)), mask_of(OF_STATION)
        return {
            "pairs": len(found.probes),
            "repeated_probes": int(repeated.sum()),
            "crossings": int(self._n_crossed[found.probes].sum(dtype=np.int64)),
            "double_crossings": int(count_double(among.flags, first, counts)),
        }

    def bins_for(
        self, layouts: Mapping[str, CounterLayout], config: AnalysisConfig
    ) -> tuple[dict[CounterLayout, AnyArray], dict[CounterLayout, AnyArray], CrossingRows]:
        """Return the bins of muons and entries, what pairs add to bins, and the rows of probes."""
        of_tags = [x for x in layouts.values() if x.kind in ("muons", "entries")]
        of_rows = [x for x in layouts.values() if x.kind == "rows"]
        crossed, self._rows = self._rows, None  # half of a change must not stay
        if crossed is not None:
            crossed.apply_cuts(self, config)
        ready = crossed.bin_indices if crossed is not None else {}
        new = [layout for layout in of_tags if layout not in self._of_tags]
        new_rows = [layout for layout in of_rows if layout not in ready]
        if new or new_rows or crossed is None:
            cache: BinCache = {}
            flat = expanded(self.columns)
            self._add_bins(new, [x for x in new_rows if x.of_pair], flat, cache)
            if new_rows or crossed is None:
                table = row_table(flat, *self._tracks(flat), config)
                crossed = crossed or CrossingRows(self, flat, table, config)
                crossed.add(new_rows, table, cache)
        self._rows = crossed
        return self._of_tags, self._of_pairs, crossed

    def _add_bins(
        self,
        of_tags: list[CounterLayout],
        shifting: list[CounterLayout],
        flat: FlatEvents,
        cache: BinCache,
    ) -> None:
        if any(layout.kind == "muons" for layout in of_tags):
            muons = muon_table(flat)
        if shifting or any(layout.kind == "entries" for layout in of_tags):
            entries = entry_table(flat, self.tags, self.probes, self.entries)
        for layout in of_tags:
            table = muons if layout.kind == "muons" else entries
            self._of_tags[layout] = bin_indices(layout, table, cache)
        for layout in shifting:
            self._of_pairs[layout] = pair_shifts(layout, entries, cache)

    def matches(self, flat: FlatEvents) -> Matches:
        """Return what the possible probes cross, of their own propagation or of the file."""
        return self._tracks(flat)[1].matches

    def some_rows(self, chosen: AnyArray, config: AnalysisConfig) -> tuple[Table, AnyArray]:
        """Return the table of crossings of some possible probes, chosen by increasing indices.

        With it goes the best segment of each row, among those of all events, or -1.
        """
        probes = self.possible[chosen]
        event = np.searchsorted(self.probes.offsets, probes, side="right") - 1
        events, number = np.unique(event, return_inverse=True)
        columns = view(self._batch.take(pa.array(events)))
        flat = expanded(columns)
        begins = flat.muons.offsets[number] - self._muon_offsets[event]
        muons = self.probes.muon[probes] + begins
        crossed = self._propagated
        if crossed is None:
            crossed = extrapolate(flat, number, muons)
        else:
            crossed = crossed._replace(begins=crossed.begins[chosen], ends=crossed.ends[chosen])
        table = row_table(flat, muons, crossed, config)
        begins = self.segment_offsets[event] - flat.segments.offsets[number]
        segment = table["segment"]
        return table, np.where(segment < 0, -1, segment + begins[table["pair"]])

    def _tracks(self, flat: FlatEvents) -> tuple[AnyArray, ProbeMatches]:
        """Return the possible probes as muons, and what they cross."""
        probes = self.probes.muon[self.possible].astype(np.int64)
        if self._propagated is not None:
            return probes, self._propagated
        event = np.searchsorted(self.probes.offsets, self.possible, side="right") - 1
        crossed = extrapolate(flat, event, probes)
        if flat.stored is None:
            self._propagated = crossed  # propagating takes long
        return probes, crossed

    def _tracker_iso(self) -> AnyArray:
        return numbers(self._batch.column("muon").values.field(TRACKER_ISO))

    def _fires(self) -> U8:
        muons = self.columns.collections["muon"].columns
        fired = np.zeros(len(muons["pt"]), dtype=np.uint8)
        for name, trigger in (("firesIsoTrig", "isolated"), ("firesTrig", "single")):
            if name in muons:
                fired |= np.where(muons[name], np.uint8(FIRES[trigger]), np.uint8(0))
        return fired

    def _certified(self, mask: Any) -> Bools:
        if mask is None:
            return np.empty(0, dtype=np.bool_)
        return is_certified(self.columns.events, mask)


def _usable(crossed: ProbeMatches) -> I64:
    """Return the number of usable matches of each probe."""
    total = np.concatenate([[0], np.cumsum(crossed.matches.code >= 0)])
    return np.asarray(total[crossed.ends] - total[crossed.begins])


def _nbytes(value: Any) -> int:
    """Return the memory of arrays in bytes, each counted once."""
    return sum({id(each): each.nbytes for each in _arrays(value)}.values())


def _arrays(value: Any) -> Iterator[AnyArray]:
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, Mapping | tuple):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _arrays(each)
