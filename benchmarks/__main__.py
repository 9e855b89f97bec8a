"""Print how fast a run is beside bare reading: `python -m benchmarks [--events N] [--record]`.

Of the golden events, repeated, and of a choice of them most of which have a pair.
`--compare REV` times this version, as the working tree has it, beside a revision of git instead:
all in turn and on the same events, so that the ratios hold where times do not.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from contextlib import ExitStack
from pathlib import Path

import uproot

from benchmarks import subjects
from benchmarks.history import append
from benchmarks.pairs import with_pairs
from benchmarks.sample import GOLDEN, repeat
from benchmarks.timing import Subject, Times, one_core, rounds, spread
from benchmarks.versions import Version, beside, checkout, print_beside, this_version

BARE, UNPACKING = "bare uproot reading", "decompression alone"
READING, NTUPLE = "reading of a run", "reading of a run, RNTuple"
COMMAND, PROPAGATION = "dtperf run, the command", "propagation of probes to all stations"
GENERATION = "dtperf generate, lean events"
ONCE = {COMMAND, PROPAGATION, GENERATION}
"""What is timed of the golden sample only."""
USUAL, RICH = "golden", "pair-rich"
SHARES = {USUAL: None, RICH: 0.85}
"""Of the golden events that are taken, so many have a pair; None: all are taken as they are."""


def main() -> None:
    """Measure, and print a table a sample."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=400_000, help="events in each sample")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is timed")
    parser.add_argument("--only", nargs="*", help="parts of the names of what is timed")
    parser.add_argument("--sample", nargs="*", choices=SHARES, default=[*SHARES])
    parser.add_argument("--compare", metavar="REV", help="a revision to time beside this version")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--record", action="store_true", help="append them to the history")
    options = parser.parse_args()
    if options.compare and (options.json or options.record):
        parser.error("--compare prints, and goes with neither --json nor --record")
    one_core()
    with ExitStack() as stack:
        before = None
        if options.compare:
            before = stack.enter_context(checkout(options.compare))
            print(f"now: {this_version().label}\nbefore: {before.label}")
        ratios: dict[str, float] = {}
        yardstick = 0.0
        for name in options.sample:
            with tempfile.TemporaryDirectory() as directory:
                timed = measured(name, Path(directory), options, before)
            prefix = "" if name == USUAL else f"{name}: "  # the history's names are older
            ratios |= {prefix + n: spread(each, timed[BARE])[0] for n, each in timed.items()}
            if timed and not yardstick:
                yardstick = timed[UNPACKING].rate
    if options.json:
        options.json.write_text(json.dumps({"events": options.events, "ratios": ratios}, indent=1))
    if options.record:
        append("first pass", ratios, yardstick)


def measured(
    name: str, folder: Path, options: argparse.Namespace, before: Version | None
) -> dict[str, Times]:
    """Write a sample, time what is to be timed of it, and print a table.

    Returns:
        Times by name; nothing if another version was timed beside this one.
    """
    share = SHARES[name]
    only = slice(None) if share is None else with_pairs(GOLDEN, share)
    sample = repeat(GOLDEN, folder / "sample.root", options.events, only=only)
    with uproot.open(sample) as file:
        events = file["Events"].num_entries
    ntuple = repeat(GOLDEN, folder / "ntuple.root", options.events, form="rntuple", only=only)
    sizes = [path.stat().st_size / events for path in (sample, ntuple)]
    told = "{:.0f} bytes each as TTree, {:.0f} as RNTuple, one core\n".format(*sizes)
    print(f"\n{name}: {events:,} events, {told}", flush=True)

    def make(place: Path, tree: Path | None = None) -> dict[str, Subject]:
        found = chosen(sample, ntuple, events, options.only, place, tree)
        return {n: each for n, each in found.items() if share is None or n not in ONCE}

    if before is not None:
        print_beside(beside(make, folder, before.tree, options.rounds))
        return {}
    timed = rounds(make(folder), options.rounds)
    print_table(timed)
    if timed.keys() >= {READING, NTUPLE}:
        # rates, so that the TTree's over the RNTuple's is the CPU time the other way round
        told = "{:.2f} ({:.2f} to {:.2f})".format(*spread(timed[READING], timed[NTUPLE]))
        print(f"\nCPU time of reading the RNTuple over that of the TTree: {told}", flush=True)
    return timed


def chosen(
    sample: Path,
    ntuple: Path,
    events: int,
    only: list[str] | None,
    folder: Path,
    tree: Path | None = None,
) -> dict[str, Subject]:
    """List what is timed; bare reading and decompression, to compare with, always are.

    Args:
        sample: A file of events, as TTree.
        ntuple: The same events, as RNTuple.
        events: In each.
        only: Parts of names; None: all.
        folder: For what is written.
        tree: The checkout whose code is timed; None: this one.
    """
    config = "reference_2023"
    place = (sample, config)
    fewer = events // 4
    found = {
        BARE: Subject(subjects.bare_reading, place, events),
        UNPACKING: Subject(subjects.decompression, place, events),
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
    found = {name: each._replace(tree=tree) for name, each in found.items()}
    if only is None:
        return found
    always = (BARE, UNPACKING)
    return {n: each for n, each in found.items() if n in always or any(o in n for o in only)}


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
