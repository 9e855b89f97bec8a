"""Print what the groups of measurements cost beside the default: `python -m benchmarks.details`.

Of events of full content, with few pairs and with many. `dt_performance` measures all groups. Each
is timed beside the default, in turn, on one core, in processes of their own; bare reading and
unpacking are of the same branches. `--before` names a checkout of another version, whose default
is timed beside ours.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

import dtperf
from benchmarks import subjects
from benchmarks.pairs import with_pairs
from benchmarks.sample import repeat
from benchmarks.timing import Subject, one_core, rounds, spread
from dtperf.config import AnalysisConfig
from dtperf.measurements import BY_GROUP
from dtperf.synthetic import Settings, generate

SHARES = {"lean": 0.05, "rich": 0.85}
"""Of the events that have a pair."""
SINGLE_MUONS = {"lean": 0.95, "rich": 0.0}
"""As the generator takes them, so that few events are left out."""
DEFAULT, ALL = "reference_2023", "dt_performance"
RUNS = """
import sys, time, dtperf
for _ in sys.stdin:
    begin = time.process_time()
    dtperf.run("reference_2023", sys.argv[1])
    print(time.process_time() - begin, flush=True)
"""
"""A program that measures the default once for each line that it gets, and prints its CPU time."""


class Cost(NamedTuple):
    """Of the events of one sample, read by one config."""

    bytes: float
    """Compressed, that are read of an event."""
    subjects: dict[str, Subject]


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, help="events in each sample")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is timed")
    parser.add_argument("--sample", nargs="*", choices=SHARES, default=[*SHARES])
    parser.add_argument("--groups", nargs="*", default=[*BY_GROUP][1:], help="which groups")
    parser.add_argument("--before", type=Path, help="a checkout of another version")
    options = parser.parse_args()
    one_core()
    with tempfile.TemporaryDirectory() as folder:
        for name in options.sample:
            sample = make_sample(name, Path(folder) / name, options.events)
            print(f"\n{options.events:,} events, {SHARES[name]:.0%} with a pair\n")
            if options.before is not None:
                print_before(sample, options.before, options.rounds)
            print_costs(costs(sample, options.events, options.groups), options.rounds)


def make_sample(name: str, folder: Path, events: int) -> Path:
    """Write a sample of full content: some thousand events, again and again."""
    physics = {"single_muon_fraction": SINGLE_MUONS[name]}
    made = generate(
        Settings.model_validate({"events": 8000, "content": "full", "physics": physics}), folder
    )
    small = folder / made.files[0].name
    return repeat(small, folder / "sample.root", events, 4000, only=with_pairs(small, SHARES[name]))


def costs(sample: Path, events: int, groups: list[str]) -> dict[str, Cost]:
    """List what is timed: bare reading and a run of the default, of all groups, and of each."""
    configs = {DEFAULT: dtperf.load_config(DEFAULT), ALL: dtperf.load_config(ALL)}
    for group in groups:
        configs[group] = dtperf.load_config(DEFAULT, [f"measurements.groups=[{group}]"])
    return {name: cost(sample, config, events) for name, config in configs.items()}


def cost(sample: Path, config: AnalysisConfig, events: int) -> Cost:
    """Read a chunk of a sample, to know the bytes, and list what is timed."""
    ledger = dtperf.run(config, sample, limit_chunks=1).ledger
    read = sum(row.bytes for row in ledger) / sum(row.events for row in ledger)
    works = {
        "bare": subjects.bare_reading,
        "unpack": subjects.decompression,
        "run": subjects.run,
    }
    timed = {name: Subject(work, (sample, config), events) for name, work in works.items()}
    return Cost(read, timed)


def print_costs(found: dict[str, Cost], number: int) -> None:
    """Time each config in turn with the default, and print a table."""
    print("| | bytes an event | unpacking alone, events/s | bare reading | run |", end=" ")
    print("run / bare reading | of the default | peak memory, MB |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for name, each in found.items():
        timed = rounds({**each.subjects, DEFAULT: found[DEFAULT].subjects["run"]}, number)
        bare, unpack, run, default = timed.values()
        of_bare, of_default = spread(run, bare)[0], spread(run, default)[0]
        print(
            f"| `{name}` | {each.bytes:,.0f} | {unpack.rate:,.0f} | {bare.rate:,.0f} "
            f"| {run.rate:,.0f} | {of_bare:.2f} | {of_default:.2f} | {run.peak_bytes / 1e6:,.0f} |",
            flush=True,
        )


def print_before(sample: Path, before: Path, number: int) -> None:
    """Time the default's run by this version and by another, in turn."""
    with ExitStack() as stack:
        ours, theirs = (
            stack.enter_context(_started(tree, sample))
            for tree in (Path(__file__).parents[1], before.resolve())
        )
        ratios = sorted([_cpu_s(ours) / _cpu_s(theirs) for _ in range(number + 1)][1:])
    told = f"{median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    print(f"CPU time of a run of the default over that of {before}: {told}\n", flush=True)


def _started(tree: Path, sample: Path) -> subprocess.Popen[str]:
    """Start `RUNS` with the code of a checkout."""
    return subprocess.Popen(
        [sys.executable, "-c", RUNS, str(sample)],
        cwd=tree,  # it comes before PYTHONPATH
        env={**os.environ, "PYTHONPATH": str(tree)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _cpu_s(program: subprocess.Popen[str]) -> float:
    """Return the CPU time of one more run."""
    assert program.stdin is not None
    assert program.stdout is not None
    print(file=program.stdin, flush=True)
    return float(program.stdout.readline())


if __name__ == "__main__":
    main()
