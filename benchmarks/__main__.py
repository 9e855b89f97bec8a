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
from typing import NamedTuple

import numpy as np
import uproot

import dtperf
from benchmarks.sample import repeat
from dtperf.config import AnalysisConfig
from dtperf.field import layers
from dtperf.geometry import frame_table
from dtperf.geometry.edges import ACCEPT_CM
from dtperf.kernels.crossings import find_crossings
from dtperf.kernels.pairs import find_pairs
from dtperf.kernels.propagate import propagate
from dtperf.nanoaod import ColumnFilter, MuonDPGSchema
from dtperf.selection.extrapolation import extrapolate
from dtperf.selection.flatten import flatten
from dtperf.selection.tagging import pair_limits, passing_limits
from dtperf.synthetic import Settings, generate
from processors.segment_efficiency import SegmentEfficiency

BARE, RUN, COMMAND = "bare uproot reading", "dtperf.run", "dtperf run, the command"
GOLDEN = Path(__file__).parents[1] / "tests/data/golden_input.root"


class Timed(NamedTuple):
    """What is timed, and how many events (or probes) it does."""

    work: Callable[[], object]
    items: int


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
            BARE: Timed(lambda: read(sample, columns, config.run.chunksize), events),
            RUN: Timed(lambda: dtperf.run(config, sample), events),
            COMMAND: Timed(lambda: command(sample, Path(directory) / "out"), events),
            "kernels alone": Timed(kernels(sample, columns, config), events),
            "propagation of probes to all stations": Timed(propagation(events), events),
            "dtperf generate, lean events written": Timed(
                generation(Path(directory) / "made", events // 4), events // 4
            ),
        }
        table(timed, options.rounds)


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


def propagation(probes: int) -> Callable[[], object]:
    """Prepare the propagation of probes within |eta| < 1.2."""
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


def generation(directory: Path, events: int) -> Callable[[], object]:
    """Prepare the writing of synthetic events, transport and all."""
    return lambda: generate(Settings(events=events), directory, force=True)


def table(timed: dict[str, Timed], rounds: int) -> None:
    """Time everything in turn, after one round that does not count, and print medians."""
    seconds: dict[str, list[float]] = {name: [] for name in timed}
    for number in range(rounds + 1):
        for name, each in timed.items():
            begin = time.perf_counter()
            each.work()
            if number:
                seconds[name].append(time.perf_counter() - begin)
    rates = {
        name: [timed[name].items / second for second in times] for name, times in seconds.items()
    }
    print("| | events/s | of bare reading (least to most) |")
    print("|---|---:|---:|")
    for name, mine in rates.items():
        ratios = sorted(rate / bare for rate, bare in zip(mine, rates[BARE], strict=True))
        spread = f"{median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        print(f"| {name} | {median(mine):,.0f} | {spread} |")
    start_up = median(seconds[COMMAND]) - median(seconds[RUN])
    print(f"\nThe command starts up and saves in {start_up:.1f} s.")


if __name__ == "__main__":
    main()
