"""Print how fast a run is beside bare reading: `python -m benchmarks [--events N] [--record]`.

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
from benchmarks.sample import GOLDEN, repeat
from benchmarks.timing import Subject, Times, one_core, rounds, spread
from benchmarks.versions import beside, checkout, print_beside, this_version

BARE, UNPACKING = "bare uproot reading", "decompression alone"
READING, NTUPLE = "reading of a run", "reading of a run, RNTuple"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=400_000, help="events in the sample")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is timed")
    parser.add_argument("--only", nargs="*", help="parts of the names of what is timed")
    parser.add_argument("--compare", metavar="REV", help="a revision to time beside this version")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--record", action="store_true", help="append them to the history")
    options = parser.parse_args()
    if options.compare and (options.json or options.record):
        parser.error("--compare prints, and goes with neither --json nor --record")
    one_core()
    with ExitStack() as stack:
        if options.compare:
            before = stack.enter_context(checkout(options.compare))
            print(f"now: {this_version().label}\nbefore: {before.label}")
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        sample = repeat(GOLDEN, Path(directory) / "sample.root", options.events)
        with uproot.open(sample) as file:
            events = file["Events"].num_entries
        ntuple = repeat(GOLDEN, sample.with_name("ntuple.root"), options.events, form="rntuple")
        sizes = [path.stat().st_size / events for path in (sample, ntuple)]
        told = "{:.0f} bytes each as TTree, {:.0f} as RNTuple, one core\n".format(*sizes)
        print(f"{events:,} events, {told}")

        def make(folder: Path, tree: Path | None = None) -> dict[str, Subject]:
            return chosen(sample, ntuple, events, options.only, folder, tree)

        if options.compare:
            print_beside(beside(make, sample.parent, before.tree, options.rounds))
            return
        timed = rounds(make(sample.parent), options.rounds)
    print_table(timed)
    if timed.keys() >= {READING, NTUPLE}:
        # rates, so that the TTree's over the RNTuple's is the CPU time the other way round
        told = "{:.2f} ({:.2f} to {:.2f})".format(*spread(timed[READING], timed[NTUPLE]))
        print(f"\nCPU time of reading the RNTuple over that of the TTree: {told}")
    ratios = {name: spread(each, timed[BARE])[0] for name, each in timed.items()}
    if options.json:
        options.json.write_text(json.dumps({"events": events, "ratios": ratios}, indent=1))
    if options.record:
        append("first pass", ratios, timed[UNPACKING].rate)


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
        "dtperf run, the command": Subject(subjects.command, (sample, folder / "out"), events),
        "kernels alone": Subject(subjects.kernels, place, events),
        "propagation of probes to all stations": Subject(subjects.propagation, (events,), events),
        "dtperf generate, lean events": Subject(
            subjects.generation, (folder / "made", fewer), fewer
        ),
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
