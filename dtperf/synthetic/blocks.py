"""Make one block of events, stage by stage: ``make_block(settings, 0)``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from dtperf.synthetic.detector import by_code
from dtperf.synthetic.identify import identify
from dtperf.synthetic.luminosity import make_events, run_numbers
from dtperf.synthetic.matching import MuonSegments, muon_segments, station_mask, used_segments
from dtperf.synthetic.physics import make_muons
from dtperf.synthetic.rows import BLOCK_EVENTS, stream
from dtperf.synthetic.segments import make_segments
from dtperf.synthetic.settings import Settings
from dtperf.synthetic.stages import DrawnCrossings, DrawnSegments, DrawnTracks, Events, TrueMuons
from dtperf.synthetic.tracks import reconstruct
from dtperf.synthetic.transport import transport_reconstructed, transport_true
from dtperf.synthetic.truth import TruthCrossings
from dtperf.typing import F64, AnyArray

__all__ = ["EventBlock", "make_block"]

MARGIN_CM = 12.0
"""How far beyond the edges of its middle plane a muon may cross one of its superlayers."""


class EventBlock(NamedTuple):
    """A block of events, as each stage made it."""

    events: Events
    muons: TrueMuons
    tracks: DrawnTracks
    identity: Mapping[str, AnyArray]
    """Further columns of the muons."""
    matches: DrawnCrossings
    """Where the tracks are extrapolated to."""
    segments: DrawnSegments
    muon_segments: MuonSegments
    truth: TruthCrossings


def make_block(settings: Settings, block: int) -> EventBlock:
    """Make block number `block`, from 0, of the events: whole, also where the sample ends in it."""
    events = _events(settings, block)
    muons = make_muons(stream(settings.seed, block, "physics"), events, settings.physics)
    tracks = reconstruct(stream(settings.seed, block, "tracks"), muons)
    crossings = transport_true(stream(settings.seed, block, "transport"), muons, MARGIN_CM)
    segments, truth = make_segments(
        stream(settings.seed, block, "segments"),
        muons.offsets,
        crossings,
        _run_fraction(settings, events),
        settings.detector,
    )
    matches = transport_reconstructed(tracks, settings.muons.field_scale)
    mask = station_mask(segments, matches, muons.offsets)
    own = muon_segments(segments, muons.offsets)
    if settings.muons.segment_in_standalone:
        event = np.repeat(np.arange(len(muons.offsets) - 1), np.diff(own.offsets[muons.offsets]))
        code = segments.code[segments.offsets[event] + own.segment]
        efficiency = by_code(settings.muons.segment_in_standalone, 1.0)[code]
        own = used_segments(stream(settings.seed, block, "standalone"), own, efficiency)
    identity = identify(
        stream(settings.seed, block, "identify"),
        muons,
        tracks,
        mask,
        np.diff(own.offsets),
        settings.muons,
    )
    return EventBlock(events, muons, tracks, identity, matches, segments, own, truth)


def _events(settings: Settings, block: int) -> Events:
    first = block * BLOCK_EVENTS
    n = min(BLOCK_EVENTS, settings.events - first)
    events = make_events(
        first,
        n,
        total_events=settings.events,
        runs=settings.runs,
        first_run=settings.first_run,
        lumi_blocks_per_run=settings.lumi_blocks_per_run,
        seed=settings.seed,
    )
    # a block is made whole, so that where the sample ends changes none of its events
    columns: Any = (np.pad(column, (0, BLOCK_EVENTS - n), mode="edge") for column in events)
    return Events(*columns)


def _run_fraction(settings: Settings, events: Events) -> F64:
    index = np.searchsorted(run_numbers(settings.runs, settings.first_run), events.run)
    return index / max(settings.runs - 1, 1)
