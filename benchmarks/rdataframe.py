"""Print how a compiled RDataFrame program compares: `python -m benchmarks.rdataframe`.

Needs ROOT in the same environment (`pip install ROOT`) and a C++ compiler.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import uproot

import dtperf
from benchmarks import subjects
from benchmarks.history import append
from benchmarks.sample import GOLDEN, repeat
from benchmarks.timing import Subject, one_core, rounds, spread
from benchmarks.yardstick import decompression_rate

SOURCE = Path(__file__).parent / "rdataframe.cpp"
FLAGS = "-O3 -march=native"


def main() -> None:
    """Compare counts, then times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=400_000, help="events in the sample")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is timed")
    parser.add_argument("--record", action="store_true", help="append the ratio to the history")
    options = parser.parse_args()
    if find_spec("ROOT") is None:
        parser.exit(1, "ROOT is not installed here: pip install ROOT\n")
    one_core()
    config = dtperf.load_config("reference_2023")
    with tempfile.TemporaryDirectory() as folder:
        sample = repeat(GOLDEN, Path(folder) / "sample.root", options.events)
        with uproot.open(sample) as file:
            events = file["Events"].num_entries
        build = Path(folder) / "build"
        build.mkdir()
        compare(sample, build)
        timed = rounds(
            {
                "RDataFrame, one loop in C++, -O3": Subject(loop, (sample, build), events),
                "dtperf.run": Subject(subjects.run, (sample, config), events),
            },
            options.rounds,
        )
    theirs, ours = timed.values()
    print("\n| | events/s of CPU time | peak memory, MB |\n|---|---:|---:|")
    for name, each in timed.items():
        print(f"| {name} | {each.rate:,.0f} | {each.peak_bytes / 1e6:,.0f} |")
    middle, least, most = spread(ours, theirs)
    print(f"\ndtperf is {middle:.2f} times as fast ({least:.2f} to {most:.2f})")
    if options.record:
        append("RDataFrame", {"dtperf.run / RDataFrame": middle}, decompression_rate())


def loop(sample: Path, build: Path) -> Callable[[], object]:
    """Compile the program, and give its loop over the events."""
    root = compiled(build)

    def work() -> object:
        found = root.tnp.Loop()
        root.tnp.run(str(sample), found)
        return found

    return work


def compiled(build: Path) -> Any:
    """Compile the program with the compiler's own optimisation, not that of the interpreter."""
    import ROOT

    ROOT.gROOT.SetBatch(True)
    ROOT.gSystem.SetBuildDir(str(build))
    ROOT.gSystem.SetFlagsOpt(FLAGS)
    if not ROOT.gSystem.CompileMacro(str(SOURCE), "kO"):
        raise RuntimeError(f"{SOURCE.name} does not compile: is there a C++ compiler?")
    return ROOT


def compare(sample: Path, build: Path) -> None:
    """Check that both count the same."""
    theirs = loop(sample, build)()
    ours = dtperf.run(dtperf.load_config("reference_2023"), sample)
    for name in ("by_chamber", "pair_mass", "acceptance_map", "inside_chambers", "probe_phi", "t0"):
        mine = np.asarray(ours.counts[name].view(flow=True)).ravel(order="F")
        counted = np.asarray(theirs.counts[name])
        if counted.sum() != mine.sum() or sorted(counted[counted > 0]) != sorted(mine[mine > 0]):
            raise RuntimeError(f"{name}: RDataFrame has {counted.sum()} entries, we {mine.sum()}")
    print(f"{theirs.pairs:,} pairs, {theirs.crossings:,} crossings; six histograms compared")


if __name__ == "__main__":
    main()
