"""Run the tag-and-probe on NanoEvents: from events to pairs and crossings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dtperf.selection.branches import isolations
from dtperf.selection.columns import crossing_columns, kinematics, pair_columns, station_limits
from dtperf.selection.crossings import find_crossings
from dtperf.selection.extrapolation import extrapolate
from dtperf.selection.flatten import FlatEvents, flatten
from dtperf.selection.luminosity import within
from dtperf.selection.pairs import PairLimits, find_pairs, is_repeated
from dtperf.selection.segments import PassingLimits
from dtperf.selection.tables import Table

if TYPE_CHECKING:
    from dtperf.selection.cuts import TagAndProbe

__all__ = ["Tables", "find_tables", "pair_limits", "passing_limits", "tag_and_probe"]


class Tables(NamedTuple):
    """The two tables that all measurements are made from."""

    pairs: Table
    """One row for each tag and probe considered."""
    crossings: Table
    """One row for each selected pair x station x chamber crossed, or station not crossed."""
    anomalies: dict[str, int]
    """Number of entries that no detector writes, by kind of anomaly."""
    events: int
    """Number of events in the luminosity mask."""


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
    inside = within(events, selection.luminosity_mask)
    flat = flatten(inside, selection.tag.trigger, config.extrapolation, isolations(config))
    return Tables(*find_tables(flat, config), flat.anomalies, len(inside))


def find_tables(flat: FlatEvents, config: TagAndProbe) -> tuple[Table, Table]:
    """Select pairs and match segments to their probes, in flat arrays.

    Args:
        flat: The events.
        config: The analysis.

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
    pairs = Table(len(candidates.event), pair_columns(flat, candidates))
    columns = crossing_columns(flat, crossed, crossings, selected, station_limits(config))
    return pairs, Table(len(crossings.pair), columns, parent=pairs, link="candidate")


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
