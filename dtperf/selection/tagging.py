"""Run the tag-and-probe on NanoEvents: from events to pairs and crossings."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from dtperf.selection.branches import isolations
from dtperf.selection.columns import (
    Make,
    crossing_columns,
    kinematics,
    pair_columns,
    station_limits,
)
from dtperf.selection.crossings import find_crossings
from dtperf.selection.cuts import TableName
from dtperf.selection.details.best import Stored
from dtperf.selection.details.digis import digi_table
from dtperf.selection.details.layer_table import layer_table
from dtperf.selection.details.mean_timers import mean_timer_table
from dtperf.selection.details.probes import probe_columns, station_columns
from dtperf.selection.details.rpc import rpc_table
from dtperf.selection.details.segments import matched_columns, segment_table
from dtperf.selection.details.theta_trigger import stored_theta, theta_columns
from dtperf.selection.details.trigger import stored_primitives, trigger_columns
from dtperf.selection.extrapolation import extrapolate
from dtperf.selection.flatten import FlatEvents, flatten
from dtperf.selection.luminosity import with_luminosity, within
from dtperf.selection.pairs import PairLimits, find_pairs, is_repeated
from dtperf.selection.segments import PassingLimits
from dtperf.selection.tables import Table

if TYPE_CHECKING:
    from dtperf.selection.cuts import TagAndProbe

__all__ = ["Tables", "find_tables", "pair_limits", "passing_limits", "tag_and_probe"]


TABLES: tuple[TableName, ...] = get_args(TableName)


class Tables(Mapping[str, Table]):
    """The tables that all measurements are made from, as attributes and by name.

    Segments and layers are found when they are first asked for: hits and digis are most of a file.
    """

    def __init__(self, events: Any, flat: FlatEvents, config: TagAndProbe) -> None:
        """Find pairs and crossings.

        Args:
            events: Those in the luminosity mask.
            flat: The same events.
            config: The analysis.
        """
        self._inputs = events, flat
        self._selection = config.selection
        self.events = len(events)
        """Number of events in the luminosity mask."""
        self.anomalies = flat.anomalies
        """Number of entries that no detector writes, by kind of anomaly.

        Primitives, hits and digis are counted when a column of theirs is first used.
        """
        self._primitives = stored_primitives(events, self.anomalies)
        self._theta = stored_theta(events, self.anomalies)
        seen = trigger_columns(self._primitives) | theta_columns(self._theta)
        seen |= matched_columns(events, flat) | station_columns(events, flat)
        self.pairs, self.crossings = find_tables(flat, config, seen, probe_columns(events))

    pairs: Table
    """One row for each tag and probe considered."""
    crossings: Table
    """One row for each selected pair x station x chamber crossed, or station not crossed."""

    def all_anomalies(self, columns: Mapping[TableName, Collection[str]]) -> dict[str, int]:
        """Return the anomalies that are counted once these columns are used, by table."""
        used = {column for name in TABLES for column in columns[name]}
        read: Mapping[str, Stored[Any]] = {**self._primitives, **self._theta}
        for name, stored in read.items():
            if any(column.startswith(f"{name}_") for column in used):
                stored.primitives  # noqa: B018  # counts them
        if columns["layers"] or columns["mean_timers"]:
            self.layers  # noqa: B018
        if columns["digis"]:
            self.digis  # noqa: B018
        return self.anomalies

    def forget(self, name: str) -> None:
        """Forget a table of details, all of whose uses are over: it is made anew if need be."""
        if name not in ("pairs", "crossings"):
            self.__dict__.pop(name, None)

    @cached_property
    def segments(self) -> Table:
        """One row for each segment of a chamber."""
        return segment_table(*self._inputs, self.crossings, self._primitives, self._theta)

    @cached_property
    def layers(self) -> Table:
        """One row for each layer of a view of a segment where it crosses a cell."""
        table, anomalies = layer_table(*self._inputs, self.segments, self._selection)
        self.anomalies.update(anomalies)
        return table

    @cached_property
    def mean_timers(self) -> Table:
        """One row for three layers in a row with hits on alternating sides."""
        return mean_timer_table(self.layers)

    @cached_property
    def digis(self) -> Table:
        """One row for each digi of a cell that exists."""
        table, anomalies = digi_table(*self._inputs, self._selection.layers)
        self.anomalies.update(anomalies)
        return table

    @cached_property
    def rpc_crossings(self) -> Table:
        """One row for each point where a DT segment crosses a roll of the barrel."""
        return rpc_table(*self._inputs)

    def __getitem__(self, name: str) -> Table:
        """Return a table by its name."""
        if name not in TABLES:
            raise KeyError(name)
        table: Table = getattr(self, name)
        return table

    def __iter__(self) -> Iterator[str]:
        """Return the names of the tables."""
        return iter(TABLES)

    def __len__(self) -> int:
        """Return the number of tables."""
        return len(TABLES)


def tag_and_probe(events: Any, config: TagAndProbe) -> Tables:
    """Select pairs and match segments to their probes.

    Args:
        events: NanoEvents made with `dtperf.nanoaod.MuonDPGSchema`, or a slice of them.
        config: The analysis.

    Returns:
        Tables whose columns `dtperf.selection.columns` describes.

    Raises:
        InputError: A column that the selection needs is not there.
    """
    selection = config.selection
    used = frozenset().union(*config.filled_columns().values())
    known = with_luminosity(events, config.luminosity_by_block, used)
    inside = within(known, selection.luminosity_mask)
    flat = flatten(inside, selection.tag.trigger, config.extrapolation, isolations(config))
    return Tables(inside, flat, config)


def find_tables(
    flat: FlatEvents,
    config: TagAndProbe,
    more: Make | None = None,
    more_of_pairs: Make | None = None,
) -> tuple[Table, Table]:
    """Select pairs and match segments to their probes, in flat arrays.

    Args:
        flat: The events.
        config: The analysis.
        more: How further columns of crossings are made.
        more_of_pairs: How further columns of pairs are made.

    Returns:
        Pairs and crossings, as `Tables` has them.
    """
    candidates = find_pairs(flat.muons, pair_limits(config))
    selected = np.flatnonzero(candidates.selected)
    if config.selection.pair.unique_probe:
        repeated = is_repeated(candidates.probe[selected], len(flat.muons.pt))
        candidates.selected[selected[repeated]] = False
        selected = selected[~repeated]
    event, probe = candidates.event[selected], candidates.probe[selected]
    limits = passing_limits(config)
    crossed = extrapolate(flat, event, probe)
    masks = flat.muons.trkMu_stationMask[probe]
    crossed_matches = (crossed.matches, crossed.begins, crossed.ends)
    crossings = find_crossings(masks, *crossed_matches, flat.segments, event, limits)
    of_pairs = pair_columns(flat, candidates) | (more_of_pairs or {})
    pairs = Table(len(candidates.event), of_pairs)
    columns = crossing_columns(flat, crossed, crossings, selected, station_limits(config))
    return pairs, Table(len(crossings.pair), columns | (more or {}), parent=pairs, link="candidate")


def pair_limits(config: TagAndProbe) -> PairLimits:
    """Return the cuts on tag, probe and pair, in the precision in which they are applied."""
    selection = config.selection
    tag, probe, pair = selection.tag, selection.probe, selection.pair
    return PairLimits(
        tag_max_iso=np.float32(tag.max_iso),
        tag_min_pt=np.float32(tag.min_pt),
        probe_max_iso=np.float32(probe.max_iso),
        probe_min_pt=np.float32(probe.min_pt),
        probe_min_layers=probe.min_tracker_layers,
        probe_min_pixel_hits=probe.min_pixel_hits,
        min_mass=np.float32(pair.min_mass),
        max_mass=np.float32(pair.max_mass),
        max_abs_dz=np.float32(pair.max_abs_dz),
        min_dr=np.float32(pair.min_dr),
        charges=-1 if pair.charge == "opposite" else 1,
        kinematics=kinematics(config.compatibility),
    )


def passing_limits(config: TagAndProbe) -> PassingLimits:
    """Return the cuts on the segment, in the precision in which they are applied."""
    passing = config.selection.passing
    return PassingLimits(
        max_dx=np.float32(passing.max_dx),
        max_dy=np.float32(np.nan if passing.max_dy is None else passing.max_dy),
        max_dr=np.float32(passing.max_dr),
        truncate=config.compatibility.truncate_extrapolation,
        nearest=passing.choice == "nearest",
    )
