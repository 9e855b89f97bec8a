"""Print how time grows with files, chunks and workers: `python -m benchmarks.growth`."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import numpy as np

import dtperf
from benchmarks.history import append
from benchmarks.sample import GOLDEN, repeat
from benchmarks.yardstick import decompression_rate

__all__ = ["fit"]

FILES = (1, 2, 4, 8)
CHUNKS = (1, 2, 4, 8, 16)
"""Of each file."""


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=256_000, help="events in each file")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is timed")
    parser.add_argument("--record", action="store_true", help="append the ratios to the history")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = [
            repeat(GOLDEN, Path(folder) / f"{number}.root", options.events, number=number)
            for number in range(max(FILES))
        ]
        by_files = growth(FILES, options.rounds, lambda n: cpu_s(files[:n], 10**9))
        size = options.events
        by_chunks = growth(CHUNKS, options.rounds, lambda n: cpu_s(files[:4], -(-size // n)))
        shares = speed_up(files, options.rounds)
    table("files", FILES, by_files, f"of {options.events:,} events")
    table("chunks of a file", CHUNKS, by_chunks, f"4 files of {options.events:,} events")
    slope, start, worst = fit(FILES, by_files)
    print(f"\nFiles: {slope:.3f} s each, {start:+.3f} s at 0, at most {worst:.1%} off that line")
    slope, start, worst = fit([4 * n for n in CHUNKS], by_chunks)
    print(f"Chunks: {1e3 * slope:.1f} ms each, {start:+.3f} s at 0, at most {worst:.1%} off")
    cores = os.cpu_count() or 1
    print(
        f"Two processes beside one, on {cores} cores: {median(shares):.2f} times as fast ", end=""
    )
    print(f"({min(shares):.2f} to {max(shares):.2f})")
    if options.record:
        append("growth", {"two processes / one": median(shares)}, decompression_rate())


def growth(numbers: Sequence[int], rounds: int, seconds: Callable[[int], float]) -> list[float]:
    """Time each number in turn, after a round that does not count; the least of each."""
    times = [[seconds(number) for number in numbers] for _ in range(rounds + 1)][1:]
    return [min(each) for each in zip(*times, strict=True)]


def cpu_s(files: list[Path], chunksize: int) -> float:
    """Return the CPU time of a run in this process."""
    config = dtperf.load_config("reference_2023", [f"run.chunksize={chunksize}"])
    begin = time.process_time()
    dtperf.run(config, files)
    return time.process_time() - begin


def speed_up(files: list[Path], rounds: int) -> list[float]:
    """Return how much faster two processes measure than one, both with the pool's overhead."""
    ratios = []
    for number in range(rounds + 1):
        rates = [rate(files, workers) for workers in (1, 2)]
        if number:
            ratios.append(rates[1] / rates[0])
    return ratios


def rate(files: list[Path], workers: int) -> float:
    """Return files a second, from all files and from a quarter: what starting costs drops out."""
    options = [f"run.workers={workers}", "run.executor=futures", "run.chunksize=64000"]
    config = dtperf.load_config("reference_2023", options)

    def seconds(some: list[Path]) -> float:
        begin = time.perf_counter()
        dtperf.run(config, some)
        return time.perf_counter() - begin

    few = files[: len(files) // 4]
    return (len(files) - len(few)) / (seconds(files) - seconds(few))


def fit(numbers: Sequence[float], seconds: Sequence[float]) -> tuple[float, float, float]:
    """Draw a line through times: its slope, where it begins, and how far off the worst one is."""
    slope, start = np.polyfit(numbers, seconds, 1)
    line = slope * np.asarray(numbers) + start
    return float(slope), float(start), float(np.max(np.abs(np.asarray(seconds) / line - 1)))


def table(name: str, numbers: Sequence[int], seconds: Sequence[float], what: str) -> None:
    """Print times and what each more costs."""
    print(f"\n| {name} ({what}) | CPU s | s each |\n|---:|---:|---:|")
    for number, second in zip(numbers, seconds, strict=True):
        print(f"| {number} | {second:.3f} | {second / number:.3f} |")


if __name__ == "__main__":
    main()
