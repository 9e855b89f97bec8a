"""Print how fast a run is beside bare reading: `python -m benchmarks [--events N]`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import uproot

import dtperf
from benchmarks.sample import repeat
from dtperf.config import AnalysisConfig
from dtperf.kernels.crossings import find_crossings
from dtperf.kernels.pairs import find_pairs
from dtperf.nanoaod import ColumnFilter, MuonDPGSchema
from dtperf.selection.extrapolation import extrapolate
from dtperf.selection.flatten import flatten
from dtperf.selection.tagging import pair_limits, passing_limits
from processors.segment_efficiency import SegmentEfficiency

GOLDEN = Path(__file__).parents[1] / "tests/data/golden_input.root"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=400_000, help="events in the sample")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is timed")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core for all
    with tempfile.TemporaryDirectory() as directory:
        sample = repeat(GOLDEN, Path(directory) / "sample.root", options.events)
        config = dtperf.load_config("reference_2023")
        columns = ColumnFilter.of(SegmentEfficiency(config).columns)
        with uproot.open(sample) as file:
            events = file["Events"].num_entries
        print(f"{events:,} events, {sample.stat().st_size / events:.0f} bytes each, one core\n")
        timed = {
            "bare uproot reading": lambda: read(sample, columns, config.run.chunksize),
            "dtperf.run": lambda: dtperf.run(config, sample),
            "dtperf run, the command": lambda: command(sample, Path(directory) / "out"),
            "kernels alone": kernels(sample, columns, config),
        }
        table(timed, events, options.rounds)


def read(path: Path, columns: ColumnFilter, chunksize: int) -> None:
    """Read the branches that the analysis reads into awkward arrays."""
    with uproot.open(path) as file:
        for _ in file["Events"].iterate(filter_branch=columns, step_size=chunksize):
            pass


def command(path: Path, out: Path) -> None:
    """Run the command as a user does, with its start-up."""
    run = [sys.executable, "-c", "from dtperf.cli import main; main()", "run", "reference_2023"]
    subprocess.run([*run, str(path), "-o", str(out), "--force"], check=True, capture_output=True)


def kernels(path: Path, columns: ColumnFilter, config: AnalysisConfig) -> Callable[[], object]:
    """Prepare the search for pairs and segments on flat arrays that are in memory."""
    from coffea.nanoevents import NanoEventsFactory

    events = NanoEventsFactory.from_root(
        {str(path): "Events"}, schemaclass=MuonDPGSchema, preload=columns
    ).events()
    flat = flatten(events, config.selection.tag.trigger)
    pairs = pair_limits(config.selection)
    passing = passing_limits(config.selection, truncate=True)

    def search() -> object:
        found = find_pairs(flat.muons, pairs)
        event, probe = found.event[found.selected], found.probe[found.selected]
        crossed = extrapolate(flat, event, probe)
        masks = flat.muons.trkMu_stationMask[probe]
        place = (crossed.matches, crossed.begins, crossed.ends)
        return find_crossings(masks, *place, flat.segments, event, passing)

    return search


def table(timed: dict[str, Callable[[], object]], events: int, rounds: int) -> None:
    """Time everything in turn, after one round that does not count, and print medians."""
    seconds: dict[str, list[float]] = {name: [] for name in timed}
    for number in range(rounds + 1):
        for name, work in timed.items():
            begin = time.perf_counter()
            work()
            if number:
                seconds[name].append(time.perf_counter() - begin)
    bare = seconds["bare uproot reading"]
    print("| | events/s | of bare reading (least to most) |")
    print("|---|---:|---:|")
    for name, times in seconds.items():
        ratios = sorted(b / t for b, t in zip(bare, times, strict=True))
        spread = f"{median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        print(f"| {name} | {events / median(times):,.0f} | {spread} |")
    start_up = median(seconds["dtperf run, the command"]) - median(seconds["dtperf.run"])
    print(f"\nThe command starts up and saves in {start_up:.1f} s.")


if __name__ == "__main__":
    main()
