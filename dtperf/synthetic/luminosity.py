"""Compute runs, luminosity blocks and event numbers from the index of an event alone."""

from __future__ import annotations

import numpy as np

from dtperf.synthetic.stages import Events
from dtperf.typing import F64, I64, U32, U64, Integers

__all__ = [
    "BUNCHES",
    "FIRST_RUN",
    "PILE_UP_PER_LUMINOSITY",
    "START_LUMINOSITY_HZ_PER_UB",
    "instantaneous_luminosity",
    "make_events",
    "run_numbers",
]


FIRST_RUN = 367080
"""A run of 2023."""
RUN_SPACING = 5
BUNCHES = 3564
"""Places for bunches in the LHC, numbered from 1."""
EVENT_SPACING = 997
SEED_SPACING, SEEDS = 1 << 43, 1 << 20
"""Event numbers of a seed, and seeds before they repeat: samples can be measured together."""
START_LUMINOSITY_HZ_PER_UB = 20_000.0
"""2e34 / (cm² s), as at the start of a fill of 2023."""
END_LUMINOSITY_HZ_PER_UB = 12_000.0
PILE_UP_PER_LUMINOSITY = 80_000.0 / (2400 * 11_245.0)
"""Inelastic cross section, 80 mb, over 2,400 colliding bunches with 11,245 turns/s; in ub s."""


def _hashed(index: I64, salt: int) -> U64:
    # SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): the index-th number of a stream is a formula
    golden = np.uint64(0x9E3779B97F4A7C15)
    state = (index.astype(np.uint64) + np.uint64(salt << 48) + np.uint64(1)) * golden
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def run_numbers(runs: int, first_run: int) -> U32:
    """Return numbers of successive runs: increasing, with gaps."""
    position = np.arange(runs, dtype=np.int64)
    gaps = (_hashed(position, 1) % np.uint64(RUN_SPACING)).astype(np.int64)
    gaps[:1] = 0
    return np.asarray(first_run + RUN_SPACING * position + gaps, dtype=np.uint32)


def instantaneous_luminosity(luminosity_block: Integers, lumi_blocks_per_run: int) -> F64:
    """Return the luminosity in Hz/ub in the middle of luminosity blocks, numbered from 1.

    It falls exponentially in a run of `lumi_blocks_per_run` blocks.
    """
    elapsed = (luminosity_block - 0.5) / lumi_blocks_per_run
    fall = END_LUMINOSITY_HZ_PER_UB / START_LUMINOSITY_HZ_PER_UB
    return np.asarray(START_LUMINOSITY_HZ_PER_UB * fall**elapsed)


def make_events(
    first_event: int,
    n: int,
    *,
    total_events: int,
    runs: int,
    first_run: int,
    lumi_blocks_per_run: int,
    seed: int = 1,
) -> Events:
    """Make the event-level branches of the n events from index `first_event` on.

    Runs have equal numbers of events, to within one, and so have the blocks of a run. Each seed
    has event numbers of its own. The unit of lumi_instLumi is taken to be Hz/ub, 1e30 / (cm²
    s).
    """
    index = np.arange(first_event, first_event + n, dtype=np.int64)
    run = index * runs // total_events
    run_start = -(-run * total_events // runs)
    run_stop = -(-(run + 1) * total_events // runs)
    block = 1 + (index - run_start) * lumi_blocks_per_run // (run_stop - run_start)
    luminosity = instantaneous_luminosity(block, lumi_blocks_per_run)
    jitter = _hashed(index, 2) % np.uint64(EVENT_SPACING)
    offset = np.uint64((seed - 1) % SEEDS * SEED_SPACING)
    bunch = 1 + _hashed(index, 3) % np.uint64(BUNCHES)
    return Events(
        run=run_numbers(runs, first_run)[run],
        luminosityBlock=block.astype(np.uint32),
        event=1 + index.astype(np.uint64) * np.uint64(EVENT_SPACING) + jitter + offset,
        bunchCrossing=bunch.astype(np.uint32),
        lumi_instLumi=luminosity,
        lumi_avgPileUp=PILE_UP_PER_LUMINOSITY * luminosity,
    )
