"""Print how fast a run is beside bare reading: `python -m benchmarks [--events N] [--record]`.

Of the golden events, repeated, and of a choice of them most of which have a pair.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import uproot

import dtperf
from benchmarks import subjects
from benchmarks.history import append
from benchmarks.pairs import with_pairs
from benchmarks.sample import repeat
from benchmarks.timing import Subject, Times, one_core, rounds, spread

BARE = "bare uproot reading"
READING, NTUPLE = "reading of a run", "reading of a run, RNTuple"
COMMAND, PROPAGATION = "dtperf run, the command", "propagation of probes to all stations"
GENERATION = "dtperf generate, lean events"
ONCE = {COMMAND, PROPAGATION, GENERATION}
"""What is timed of the golden sample only."""
FILE = Path(__file__).parents[1] / "tests/data/golden_input.root"
GOLDEN, RICH = "golden", "pair-rich"
SHARES = {GOLDEN: None, RICH: 0.85}
"""Of the golden events that are taken, so many have a pair; None: all are taken as they are."""


def main() -> None:
    """Measure, and print a table a sample."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=400_000, help="events in each sample")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is timed")
    parser.add_argument("--only", nargs="*", help="parts of the names of what is timed")
    parser.add_argument("--sample", nargs="*", choices=SHARES, default=[*SHARES])
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--record", action="store_true", help="append them to the history")
    options = parser.parse_args()
    one_core()
    ratios: dict[str, float] = {}
    for name in options.sample:
        with tempfile.TemporaryDirectory() as directory:
            timed = measured(name, Path(directory), options)
        prefix = "" if name == GOLDEN else f"{name}: "  # the history's names are older than these
        ratios |= {prefix + n: spread(each, timed[BARE])[0] for n, each in timed.items()}
    if options.json:
        options.json.write_text(json.dumps({"events": options.events, "ratios": ratios}, indent=1))
    if options.record:
        append("first pass", ratios)


def measured(name: str, folder: Path, options: argparse.Namespace) -> dict[str, Times]:
    """Write a sample, time what is to be timed of it, and print a table."""
    share = SHARES[name]
    only = slice(None) if share is None else with_pairs(FILE, share)
    sample = repeat(FILE, folder / "sample.root", options.events, only=only)
    with uproot.open(sample) as file:
        events = file["Events"].num_entries
    ntuple = repeat(FILE, folder / "ntuple.root", options.events, form="rntuple", only=only)
    sizes = [path.stat().st_size / events for path in (sample, ntuple)]
    told = "{:.0f} bytes each as TTree, {:.0f} as RNTuple, one core\n".format(*sizes)
    print(f"\n{name}: {events:,} events, {told}", flush=True)
    subjects_of = chosen(sample, ntuple, events, options.only)
    if share is not None:
        subjects_of = {n: each for n, each in subjects_of.items() if n not in ONCE}
    timed = rounds(subjects_of, options.rounds)
    print_table(timed)
    if timed.keys() >= {READING, NTUPLE}:
        # rates, so that the TTree's over the RNTuple's is the CPU time the other way round
        told = "{:.2f} ({:.2f} to {:.2f})".format(*spread(timed[READING], timed[NTUPLE]))
        print(f"\nCPU time of reading the RNTuple over that of the TTree: {told}", flush=True)
    return timed


def chosen(sample: Path, ntuple: Path, events: int, only: list[str] | None) -> dict[str, Subject]:
    """List what is timed; bare reading always is."""
    config = dtperf.load_config("reference_2023")
    folder, place = sample.parent, (sample, config)
    fewer = events // 4
    found = {
        BARE: Subject(subjects.bare_reading, place, events),
        "decompression alone": Subject(subjects.decompression, place, events),
        READING: Subject(subjects.bulk_reading, place, events),
        f"{BARE}, RNTuple": Subject(subjects.bare_reading, (ntuple, config), events),
        NTUPLE: Subject(subjects.bulk_reading, (ntuple, config), events),
        "dtperf.run": Subject(subjects.run, place, events),
        "dtperf.run, RNTuple": Subject(subjects.run, (ntuple, config), events),
        COMMAND: Subject(subjects.command, (sample, folder / "out"), events),
        "kernels alone": Subject(subjects.kernels, place, events),
        PROPAGATION: Subject(subjects.propagation, (events,), events),
        GENERATION: Subject(subjects.generation, (folder / "made", fewer), fewer),
    }
    if only is None:
        return found
    return {n: each for n, each in found.items() if n == BARE or any(o in n for o in only)}


def print_table(timed: dict[str, Times]) -> None:
    """Print rates, ratios and memory."""
    print("| | events/s of CPU time | of bare reading (least to most) | peak memory, MB |")
    print("|---|---:|---:|---:|")
    for name, each in timed.items():
        middle, least, most = spread(each, timed[BARE])
        ratio = f"{middle:.2f} ({least:.2f} to {most:.2f})"
        print(f"| {name} | {each.rate:,.0f} | {ratio} | {each.peak_bytes / 1e6:,.0f} |")


if __name__ == "__main__":
    main()
