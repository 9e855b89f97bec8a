"""Some events in memory, counted again and again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dtperf.config import AnalysisConfig
from dtperf.exploring.layout import Layout
from dtperf.exploring.pairing import FIRES, Found, prepare, search
from dtperf.exploring.places import (
    Known,
    Rows,
    entry_table,
    muon_table,
    places,
    row_places,
    row_table,
    shifts,
)
from dtperf.kernels.pairs import PairLimits
from dtperf.selection.extrapolation import ProbeMatches, extrapolate
from dtperf.selection.flatten import FlatEvents
from dtperf.selection.luminosity import is_certified
from dtperf.selection.tagging import pair_limits
from dtperf.skim.columns import Columns, view
from dtperf.skim.thin import expanded

__all__ = ["Block"]

Column = npt.NDArray[Any]


class Block:
    """Columns, and what was found of them; for one thread at a time."""

    def __init__(self, batch: pa.RecordBatch, limits: PairLimits) -> None:
        """Find what no cut changes.

        Args:
            batch: The events, as `dtperf.skim.columns` has them.
            limits: The loosest cuts that they will be measured with.
        """
        self._batch = batch
        self._muon_offsets = np.asarray(batch.column("muon").offsets)
        flat = expanded(self.columns)
        self.tags, self.probes, self.entries = prepare(flat.muons, self._fires(), limits)
        self._possible = np.flatnonzero(self.probes.is_possible)
        self._crossed: ProbeMatches | None = None
        crossed = self._extrapolated(flat)
        usable = _usable(crossed)
        most = int(usable.max(initial=0))
        self._n_crossed = np.zeros(len(self.probes.muon), dtype=np.min_scalar_type(most))
        self._n_crossed[self._possible] = usable
        self.most_rows = most + 4
        """As many rows as one probe has at most."""
        self._of_tags: dict[Layout, Column] = {}
        self._of_pairs: dict[Layout, Column] = {}
        self._rows: dict[Layout, Rows] = {}
        self._cuts: object = None

    @property
    def columns(self) -> Columns:
        """The events."""
        return view(self._batch)

    @property
    def branches(self) -> frozenset[str]:
        """Branches of the events themselves."""
        return frozenset(self._batch.schema.names)

    @property
    def nbytes(self) -> int:
        """Memory that its events take, which may be that of a file."""
        return int(self._batch.nbytes)

    @property
    def nbytes_found(self) -> int:
        """Memory that takes what was found of them, and is kept."""
        kept = (self.tags, self.probes, self.entries, self._crossed, self._n_crossed)
        return _nbytes((*kept, self._of_tags, self._of_pairs, self._rows))

    def flat(self, config: AnalysisConfig) -> FlatEvents:
        """Give flat arrays; muons of events that are not certified have not fired."""
        selection = config.selection
        flat = expanded(self.columns, selection.tag.trigger)
        certified = self._certified(selection.luminosity_mask)
        if not len(certified):
            return flat
        inside = np.repeat(certified, np.diff(flat.muons.offsets))
        return flat._replace(muons=flat.muons._replace(fires=flat.muons.fires & inside))

    def search(self, config: AnalysisConfig) -> Found:
        """Look for pairs."""
        selection = config.selection
        return search(
            self._muon_offsets,
            self.tags,
            self.probes,
            self.entries,
            pair_limits(selection),
            FIRES[selection.tag.trigger],
            self._certified(selection.luminosity_mask),
        )

    def crossings(self, found: Found) -> int:
        """Count the chambers that selected probes cross."""
        return int(self._n_crossed[found.probes].sum(dtype=np.int64))

    def look_up(
        self, layouts: Mapping[str, Layout], config: AnalysisConfig
    ) -> tuple[dict[Layout, Column], dict[Layout, Column], dict[Layout, Rows]]:
        """Give the places of muons and entries, what pairs add, and the rows of probes.

        Args:
            layouts: The measurements.
            config: The cuts; rows stay as they are until a cut changes that they depend on.
        """
        selection = config.selection
        cuts = (selection.station, selection.passing, config.compatibility)
        if cuts != self._cuts:
            self._rows, self._cuts = {}, cuts
        of_pairs = {
            layout: layout.kind
            for layout in layouts.values()
            if layout.kind in ("muons", "entries") and layout not in self._of_tags
        }
        of_rows = [
            layout
            for layout in layouts.values()
            if layout.kind == "rows" and layout not in self._rows
        ]
        if of_pairs or of_rows:
            self._place(of_pairs, of_rows, config)
        return self._of_tags, self._of_pairs, self._rows

    def _place(
        self, of_pairs: Mapping[Layout, str], of_rows: list[Layout], config: AnalysisConfig
    ) -> None:
        flat, known = expanded(self.columns), Known()
        shifting = [each for each in of_rows if each.of_pair and each not in self._of_pairs]
        tables = {}
        if "muons" in of_pairs.values():
            tables["muons"] = muon_table(flat)
        if "entries" in of_pairs.values() or shifting:
            tables["entries"] = entry_table(flat, self.tags, self.probes, self.entries)
        for layout, kind in of_pairs.items():
            self._of_tags[layout] = places(layout, tables[kind], known)
        for layout in shifting:
            self._of_pairs[layout] = shifts(layout, tables["entries"], known)
        if not of_rows:
            return
        probes = self.probes.muon[self._possible]
        rows = row_table(flat, probes, self._extrapolated(flat), config)
        numbers = np.append(self._possible, len(self.probes.muon))
        for layout in of_rows:
            self._rows[layout] = row_places(layout, rows, numbers, known)

    def _extrapolated(self, flat: FlatEvents) -> ProbeMatches:
        if self._crossed is not None:
            return self._crossed
        probes = self.probes.muon[self._possible].astype(np.int64)
        event = np.searchsorted(self.probes.offsets, self._possible, side="right") - 1
        crossed = extrapolate(flat, event, probes)
        if flat.stored is None:
            self._crossed = crossed  # propagation takes long
        return crossed

    def _fires(self) -> npt.NDArray[np.uint8]:
        muons = self.columns.collections["muon"].columns
        fired = np.zeros(len(muons["pt"]), dtype=np.uint8)
        for name, trigger in (("firesIsoTrig", "isolated"), ("firesTrig", "single")):
            if name in muons:
                fired |= np.where(muons[name], np.uint8(FIRES[trigger]), np.uint8(0))
        return fired

    def _certified(self, mask: Any) -> npt.NDArray[np.bool_]:
        if mask is None:
            return np.empty(0, dtype=np.bool_)
        return is_certified(self.columns.events, mask)


def _usable(crossed: ProbeMatches) -> npt.NDArray[np.int64]:
    """Count the usable matches of each probe."""
    total = np.concatenate([[0], np.cumsum(crossed.matches.code >= 0)])
    return np.asarray(total[crossed.ends] - total[crossed.begins])


def _nbytes(value: Any) -> int:
    """Add up the memory of arrays, each once."""
    return sum({id(each): each.nbytes for each in _arrays(value)}.values())


def _arrays(value: Any) -> Iterator[Column]:
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, Mapping | tuple):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _arrays(each)
