"""How fast a machine is at the moment: by decompression alone, which no change of ours moves."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks import subjects
from benchmarks.sample import GOLDEN, repeat

__all__ = ["decompression_rate"]

EVENTS, ROUNDS = 80_000, 5


def decompression_rate() -> float:
    """Return how many of the golden events are decompressed in a second of CPU time."""
    with tempfile.TemporaryDirectory() as folder:
        sample = repeat(GOLDEN, Path(folder) / "sample.root", EVENTS)
        work = subjects.decompression(sample, "reference_2023")
    seconds = []
    for _ in range(ROUNDS + 1):
        begin = time.process_time()
        work()
        seconds.append(time.process_time() - begin)
    return EVENTS / median(seconds[1:])
