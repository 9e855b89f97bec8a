"""What the benchmarks time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import uproot

import dtperf
from dtperf.config import AnalysisConfig

# What else is imported is imported by the subject that needs it: another version, which
# `--compare` times, may not have it, and its other subjects are timed all the same.

__all__ = [
    "bare_reading",
    "bulk_reading",
    "command",
    "decompression",
    "generation",
    "kernels",
    "propagation",
    "run",
    "run_within",
]

Work = Callable[[], object]
Config = AnalysisConfig | str
"""A config, or its name: those of another version are read by that version."""
EVENTS_AT_ONCE = 200_000


def _columns(config: Config) -> Any:
    from dtperf.nanoaod import ColumnFilter
    from dtperf.results.event_sample import EVENT_BRANCHES
    from processors.segment_efficiency import SegmentEfficiency

    processor = SegmentEfficiency(dtperf.load_config(config))
    return ColumnFilter.of(processor.columns | processor.optional_columns | {*EVENT_BRANCHES})


def bare_reading(path: Path, config: Config) -> Work:
    """Read the branches of the analysis into awkward arrays, with uproot alone."""
    columns = _columns(config)

    def read() -> None:
        with uproot.open(path) as file:
            for _ in file["Events"].iterate(filter_branch=columns, step_size=EVENTS_AT_ONCE):
                pass

    return read


def decompression(path: Path, config: Config) -> Work:
    """Decompress the baskets of these branches, one after the other, into one buffer."""
    import cramjam

    blocks = []
    with uproot.open(path) as file:
        tree = file["Events"]
        with path.open("rb") as raw:
            for branch in filter(_columns(config), tree.branches):
                for number in range(branch.num_baskets):
                    raw.seek(int(branch.member("fBasketSeek")[number]))
                    basket = raw.read(int(branch.member("fBasketBytes")[number]))
                    key = int.from_bytes(basket[14:16], "big")
                    size = int.from_bytes(basket[6:10], "big")
                    blocks.append((basket[key + 9 :], size))
    buffer = np.empty(max(size for _, size in blocks), dtype=np.uint8)

    def decompress() -> None:
        for block, size in blocks:
            cramjam.zstd.decompress_into(block, buffer[:size])

    return decompress


def bulk_reading(path: Path, config: Config) -> Work:
    """Read the branches as a run does, into coffea's events, without measuring."""
    from dtperf.execution.attempt import keep_freed  # which other versions have elsewhere
    from dtperf.execution.chunk_meta import ChunkMeta
    from dtperf.execution.chunks import read_events
    from dtperf.execution.planning import ReadRanges, plan
    from dtperf.filesets import resolve
    from dtperf.filesets.check import check_files
    from dtperf.nanoaod.open_files import close_all
    from dtperf.results.ledger import Ledger

    keep_freed()
    columns = _columns(config)

    def read() -> None:
        files = [each.file for each in check_files(resolve(path, "Events", 60)).files]
        for item in plan(
            files, ReadRanges(Ledger([])), EVENTS_AT_ONCE, columns, lambda _: ChunkMeta()
        ):
            read_events(item)
        close_all()

    return read


def run(path: Path, config: Config) -> Work:
    """Measure, from files to the result."""
    loaded = dtperf.load_config(config)
    return lambda: dtperf.run(loaded, path)


def run_within(path: Path, config: Config, memory: int) -> Work:
    """Measure as on a worker that has so many bytes of memory."""
    from dtperf.execution import pools

    pools.memory_of_machine = lambda: memory
    return run(path, config)


def command(path: Path, out: Path) -> Work:
    """Run the command as a user does, with its start-up and the saving."""
    program = "from dtperf.cli import main; main()"
    words = ["run", "reference_2023", str(path), "-o", str(out), "--force"]
    return lambda: subprocess.run(
        [sys.executable, "-c", program, *words], check=True, capture_output=True
    )


def kernels(path: Path, config: Config) -> Work:
    """Search for pairs and segments on flat arrays that are in memory."""
    from coffea.nanoevents import NanoEventsFactory

    from dtperf.nanoaod import MuonDPGSchema
    from dtperf.selection.crossings import find_crossings
    from dtperf.selection.extrapolation import extrapolate
    from dtperf.selection.flatten import flatten
    from dtperf.selection.pairs import find_pairs
    from dtperf.selection.tagging import pair_limits, passing_limits

    config = dtperf.load_config(config)
    events = NanoEventsFactory.from_root(
        {str(path): "Events"}, schemaclass=MuonDPGSchema, preload=_columns(config)
    ).events()
    flat = flatten(events, config.selection.tag.trigger)
    pairs = pair_limits(config)
    passing = passing_limits(config)

    def search() -> object:
        found = find_pairs(flat.muons, pairs)
        event, probe = found.event[found.selected], found.probe[found.selected]
        crossed = extrapolate(flat, event, probe)
        masks = flat.muons.trkMu_stationMask[probe]
        place = (crossed.matches, crossed.begins, crossed.ends)
        return find_crossings(masks, *place, flat.segments, event, passing)

    return search


def propagation(probes: int) -> Work:
    """Propagate probes within |eta| < 1.2 to all stations."""
    from dtperf.detector import frame_table
    from dtperf.detector.edges import ACCEPT_CM
    from dtperf.detector.layers import layers
    from dtperf.detector.propagation import propagate

    rng = np.random.default_rng(1)
    pt, eta, phi, dxy, dz = (
        column.astype(np.float32)
        for column in (
            rng.uniform(20, 60, probes),
            rng.uniform(-1.2, 1.2, probes),
            rng.uniform(-np.pi, np.pi, probes),
            np.zeros(probes),
            rng.normal(0, 3.5, probes),
        )
    )
    charge = rng.choice([-1, 1], probes).astype(np.int32)
    return lambda: propagate(pt, eta, phi, charge, dxy, dz, layers(), frame_table(), ACCEPT_CM)


def generation(directory: Path, events: int) -> Work:
    """Write synthetic events, transport and all."""
    from dtperf.synthetic import Settings, generate

    return lambda: generate(Settings(events=events), directory, force=True)
