"""Print how a run would scale: `python -m benchmarks.scaling [--size 672GB]`.

Costs are measured on real chunks, histograms and a real scheduler. Workers are simulated: each
takes the next task as soon as the scheduler, which does one thing at a time, has handed it out.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from statistics import median
from typing import NamedTuple

from dask.utils import parse_bytes

import dtperf
from benchmarks.queueing import Costs, simulate
from benchmarks.sample import GOLDEN, repeat
from benchmarks.stub import chunks, golden_output
from dtperf.config import AnalysisConfig
from dtperf.execution.attempt import Outcome
from dtperf.execution.clusters import local_client
from dtperf.execution.dask_tasks import pack, unpack
from dtperf.execution.executor import ChunkResult, Update
from dtperf.execution.outputs import added
from dtperf.execution.record import RunRecord
from dtperf.synthetic import Settings, generate

WORKERS = (1, 2, 4, 8, 16, 32, 64, 92, 128, 256, 512, 1000)
MEASURED_EVENTS = 50_000
"""Of a chunk whose time is measured."""
TALK = "the talk: 7 minutes on 92 CPUs, 120 minutes on one (19 %)"
STARTUP_S = 10.0
"""Imports, files of a built fileset, and workers that are there already."""


class Sample(NamedTuple):
    """What reading costs."""

    seconds_per_event: Sequence[float]
    read_bytes_per_event: float


def main() -> None:
    """Measure, simulate, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="672GB", help="of all files")
    parser.add_argument("--event-size", type=int, help="bytes; else that of a full synthetic event")
    parser.add_argument("--chunksize", type=int, default=50_000)
    options = parser.parse_args()
    config = dtperf.load_config("reference_2023", [f"run.chunksize={MEASURED_EVENTS}"])
    with tempfile.TemporaryDirectory() as folder:
        sample = measure_reading(config, Path(folder))
        event_bytes = options.event_size or full_event_bytes(Path(folder))
        costs = measure_costs(config)
    events = parse_bytes(options.size) // event_bytes
    print_assumptions(options.size, event_bytes, events, sample, costs)
    numbers = -(-events // options.chunksize)
    rng = Random(1)
    times = [options.chunksize * rng.choice(sample.seconds_per_event) for _ in range(numbers)]
    print(f"\n{numbers:,} chunks of {options.chunksize:,} events; {TALK}\n")
    print("| workers | seconds | parallel efficiency | events/s | GB/s read |")
    print("|---:|---:|---:|---:|---:|")
    for workers in WORKERS:
        seconds = simulate(workers, times, costs)
        efficiency = sum(times) / (seconds * workers)
        read = sample.read_bytes_per_event * events / seconds / 1e9
        print(
            f"| {workers:,} | {seconds:,.1f} | {efficiency:.0%} | {events / seconds:,.0f} "
            f"| {read:.2f} |"
        )
    print(
        f"\nTo this comes the start, about {STARTUP_S:.0f} s with workers that are there already."
    )


def measure_reading(config: AnalysisConfig, folder: Path) -> Sample:
    """Run over the golden events, repeated, twice, and keep the second time of each chunk."""
    file = repeat(GOLDEN, folder / "sample.root", 20 * MEASURED_EVENTS)
    for _ in range(2):
        result = dtperf.run(config, file)
    rows = [row for row in result.ledger if row.events]
    return Sample(
        [row.seconds / row.events for row in rows],
        sum(row.bytes for row in rows) / sum(row.events for row in rows),
    )


def full_event_bytes(folder: Path) -> int:
    """Make a few full events, and see how large they are in a file."""
    made = generate(Settings(events=2000, content="full"), folder / "full")
    return made.bytes // 2000


def measure_costs(config: AnalysisConfig) -> Costs:
    """Measure what a chunk costs beside reading and measuring."""
    output = golden_output()
    packed = pack(output)
    total = unpack(packed)
    rows = 1000
    items = [*chunks(rows)]
    outcome = Outcome(None, 1000, 1.0, "worker:1")
    ended = [ChunkResult(item, outcome, item.filename, 1, 1.0) for item in items]
    book = RunRecord(config, None, lambda _: None, "")
    return Costs(
        hand_out_s=hand_out_seconds(),
        pack_s=timed(lambda: pack(output)),
        unpack_s=timed(lambda: unpack(packed)),
        add_s=timed(lambda: added([output], total)),
        client_chunk_s=timed(lambda: book.add(Update(None, ended))) / rows,
    )


def hand_out_seconds(tasks: int = 3000) -> float:
    """Time tasks that do nothing, in a real scheduler with two workers, all on this machine."""
    with local_client(2) as client:
        client.gather(client.map(abs, range(100), pure=False))
        begin = time.perf_counter()
        client.gather(client.map(abs, range(tasks), pure=False))
        return (time.perf_counter() - begin) / tasks


def timed(action: Callable[[], object], rounds: int = 15) -> float:
    """Return the median time of an action."""
    seconds = []
    for _ in range(rounds):
        begin = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - begin)
    return median(seconds)


def print_assumptions(size: str, event_bytes: int, events: int, sample: Sample, c: Costs) -> None:
    """Print what goes into the simulation."""
    speed = 1 / median(sample.seconds_per_event)
    for line in (
        f"{size} at {event_bytes:,} bytes an event: {events:,} events",
        f"of these {sample.read_bytes_per_event:,.0f} bytes an event are read (declared columns)",
        f"one core: {speed:,.0f} events/s, files in its cache: a site's storage must not be slower",
        f"{len(sample.seconds_per_event)} measured chunk times, drawn at random",
        f"scheduler: {1e3 * c.hand_out_s:.2f} ms a task",
        f"worker: {1e3 * c.pack_s:.1f} ms to pack histograms, {1e3 * c.add_s:.1f} ms to add them",
        f"{1e3 * c.unpack_s:.1f} ms to unpack them, by a worker for each task, the client a sum",
        f"client: {1e6 * c.client_chunk_s:.0f} us a row",
        "all workers are there from the start, none fails, the network takes no time",
    ):
        print(f"- {line}")


if __name__ == "__main__":
    main()
