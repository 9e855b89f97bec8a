"""Print what threads that decompress save of a run's time: `python -m benchmarks.threads`."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import median

import uproot
from loky import cpu_count

import dtperf
from benchmarks import subjects
from benchmarks.history import append
from benchmarks.sample import GOLDEN, repeat
from benchmarks.timing import Subject, rounds
from benchmarks.yardstick import decompression_rate

COMPRESSIONS = {"ZLIB": uproot.ZLIB(6), "LZMA": uproot.LZMA(9)}


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000, help="events in each sample")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is timed")
    parser.add_argument("--record", action="store_true", help="append the ratios to the history")
    options = parser.parse_args()
    print(f"{options.events:,} events, {cpu_count()} cores, in this process\n")
    print("| compression | wall, one thread, s | with threads, of that (least to most) | CPU |")
    print("|---|---:|---:|---:|")
    found = {}
    for name, compression in COMPRESSIONS.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "sample.root"
            sample = repeat(GOLDEN, path, options.events, compression=compression)
            timed = rounds(
                {
                    threads: Subject(
                        subjects.run,
                        (sample, dtperf.load_config("reference_2023", [f"run.workers={threads}"])),
                        options.events,
                    )
                    for threads in ("1", "null")
                },
                options.rounds,
            )
        one, more = timed["1"], timed["null"]
        walls = [b / a for a, b in zip(one.wall_s, more.wall_s, strict=True)]
        cpus = [b / a for a, b in zip(one.cpu_s, more.cpu_s, strict=True)]
        found[f"run of {name} with threads / without, wall"] = median(walls)
        ratio = f"{median(walls):.2f} ({min(walls):.2f} to {max(walls):.2f})"
        print(f"| {name} | {median(one.wall_s):.2f} | {ratio} | {median(cpus):.2f} |")
    if options.record:
        append("threads", found, decompression_rate())


if __name__ == "__main__":
    main()
