"""Print what the groups of measurements cost beside the default: `python -m benchmarks.details`.

Of events of full content, with few pairs and with many. `dt_performance` measures all groups. Each
is timed beside the default, in turn, on one core, in processes of their own; bare reading and
unpacking are of the same branches. `--compare` names a revision of git, whose runs of the default
and of all groups are timed beside ours instead. `--memory` times both as they are on a worker that
has no more, beside one that has enough.
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import dtperf
from benchmarks import subjects
from benchmarks.pairs import with_pairs
from benchmarks.sample import repeat
from benchmarks.timing import Subject, one_core, rounds, spread
from benchmarks.versions import beside, checkout, print_beside
from dtperf.config import AnalysisConfig
from dtperf.measurements import BY_GROUP
from dtperf.synthetic import Settings, generate

SHARES = {"lean": 0.05, "rich": 0.85}
"""Of the events that have a pair."""
SINGLE_MUONS = {"lean": 0.95, "rich": 0.0}
"""As the generator takes them, so that few events are left out."""
DEFAULT, ALL = "reference_2023", "dt_performance"


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
    parser.add_argument("--compare", metavar="REV", help="a revision to time beside this version")
    parser.add_argument("--memory", type=float, metavar="GB", help="of a worker, to be timed")
    options = parser.parse_args()
    if options.compare and options.memory:
        parser.error("--memory is of this version: it does not go with --compare")
    one_core()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        before = stack.enter_context(checkout(options.compare)) if options.compare else None
        for name in options.sample:
            sample = make_sample(name, Path(folder) / name, options.events)
            print(f"\n{options.events:,} events, {SHARES[name]:.0%} with a pair\n")
            if before is not None:
                make = partial(whole_runs, sample, options.events)
                print_beside(beside(make, sample.parent, before.tree, options.rounds))
                continue
            if options.memory:
                print_limited(sample, options)
                continue
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


def whole_runs(sample: Path, events: int, _: Path, tree: Path | None) -> dict[str, Subject]:
    """List the runs of one version that are timed beside those of another."""
    return {
        name: Subject(subjects.run, (sample, name), events, tree=tree) for name in (DEFAULT, ALL)
    }


def print_limited(sample: Path, options: argparse.Namespace) -> None:
    """Time the default and all groups with little memory in turn with enough, and print a table."""
    limit = int(1e9 * options.memory)
    print("| | CPU time over that with enough | peak memory, MB | with enough |")
    print("|---|---:|---:|---:|")
    for name in (DEFAULT, ALL):
        timed = rounds(
            {
                "enough": Subject(subjects.run, (sample, name), options.events),
                "little": Subject(subjects.run_within, (sample, name, limit), options.events),
            },
            options.rounds,
        )
        ratio = "{:.2f} ({:.2f} to {:.2f})".format(*spread(timed["enough"], timed["little"]))
        peaks = [timed[which].peak_bytes / 1e6 for which in ("little", "enough")]
        print("| `{}` | {} | {:,.0f} | {:,.0f} |".format(name, ratio, *peaks), flush=True)


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


if __name__ == "__main__":
    main()
