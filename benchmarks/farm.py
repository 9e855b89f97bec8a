"""Print how a real scheduler keeps many workers busy: `python -m benchmarks.farm [--workers N]`.

Scheduler, client and connections are real; workers are threads that sleep, in a few processes. What
comes out stands beside what `benchmarks.queueing` simulates with the costs that were measured.

On a machine that others use, too, `--stretch 5` makes whatever sleeps, and all times of the rules,
five times as long: scheduler and client then have what a fifth of a core does in that time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
from distributed import Client

import benchmarks.stub_workers
import dtperf
from benchmarks.queueing import Costs, simulate
from benchmarks.stub import EVENTS, chunks
from benchmarks.stub_workers import ADD_S, PACK_S, UNPACK_S, chunk_seconds, sleep_through
from dtperf.execution import dask_pool, dask_queue, task_sizes
from dtperf.execution.dask_pool import DaskPool
from dtperf.execution.executor import ChunkExecutor, Update
from dtperf.execution.record import RunRecord

MB = 1e6
START_S = 900.0
IDLE_S = 10.0


def main() -> None:
    """Run, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=92)
    parser.add_argument("--processes", type=int, default=10, help="that the workers are in")
    parser.add_argument("--seconds", type=float, default=30.0, help="that the sample lasts them")
    parser.add_argument("--chunk", type=float, default=0.1, help="seconds of a chunk")
    parser.add_argument("--stretch", type=float, default=1.0, help="times that all is slower")
    parser.add_argument("--kill", action="store_true", help="then again, killing one process")
    options = parser.parse_args()
    number = round(options.seconds * options.workers / options.chunk)
    stretch(options.stretch)
    with (
        scheduler() as address,
        Client(address) as client,
        stub_workers(address, options.workers, options.processes) as processes,
    ):
        wait_for(client, options.workers)
        # imports, on the scheduler and by each process
        ChunkExecutor(pool=DaskPool(client))(
            chunks(5 * options.workers), partial(sleep_through, 0.01), None
        )
        client.run_on_scheduler(_count_tasks)
        measure(client, processes, number, options)
        if options.kill:
            print("\nthe same, with one in so many processes killed in mid-run:\n")
            killer = threading.Timer(options.stretch * options.seconds / 2, processes[0].kill)
            killer.start()
            measure(client, processes, number, options)


def stretch(times: float) -> None:
    """Make all that the rules wait for, or reckon with, so many times as long."""
    os.environ["DTPERF_STRETCH"] = str(times)
    for module, names in (
        (benchmarks.stub_workers, ["STRETCH"]),
        (dask_pool, ["WAIT_S", "CHECK_S"]),
        (dask_queue, ["LATE_S"]),
        (task_sizes, ["TASK_S", "HAND_OUT_S"]),
    ):
        for name in names:
            setattr(module, name, times * getattr(module, name))


@contextmanager
def scheduler() -> Iterator[str]:
    """Start a scheduler in a process of its own, whose log nobody keeps; gives its address."""
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--no-dashboard"]
    with tempfile.TemporaryDirectory() as folder:
        about = Path(folder, "scheduler.json")
        where = ["--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(about)]
        with subprocess.Popen([*command, *where], stderr=subprocess.DEVNULL) as process:
            try:
                deadline = time.monotonic() + START_S
                while not about.exists() and time.monotonic() < deadline:
                    time.sleep(0.5)
                yield json.loads(about.read_text())["address"]
            finally:
                process.kill()


@contextmanager
def stub_workers(address: str, workers: int, processes: int) -> Iterator[list[psutil.Popen]]:
    """Start workers, spread over processes; end them afterwards."""
    edges = [workers * n // processes for n in range(processes + 1)]
    command = [sys.executable, "-m", "benchmarks.stub_workers", address]
    started = []
    try:
        for first, stop in pairwise(edges):
            its = [*command, str(first), str(stop - first)]
            started.append(psutil.Popen(its, stderr=subprocess.DEVNULL))
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait()


def wait_for(client: Client, workers: int) -> None:
    """Wait until all workers have come."""
    deadline = time.monotonic() + START_S
    while (found := len(client.nthreads())) < workers:
        if time.monotonic() > deadline:
            raise SystemExit(f"{found} of {workers} workers have come in {START_S:.0f} s")
        time.sleep(0.5)


def measure(client: Client, processes: list[psutil.Popen], number: int, options: Any) -> None:
    """Run over chunks that are slept through, and print what it took."""
    config = dtperf.load_config("reference_2023", ["run.executor=dask"])
    books = RunRecord(config, None, lambda _: None, "")
    items = [*chunks(number)]
    first: list[float] = []
    counted, busy = [0], [0.0]

    def note(progressed: Update) -> None:
        if progressed.ended and not first:
            first.append(time.perf_counter())
        if progressed.output:
            counted[0] += progressed.output.pop("stub").chunks
        busy[0] += sum(each.outcome.seconds for each in progressed.ended)
        books.add(progressed)

    idle = _idle_load(client)
    load_before = client.run_on_scheduler(_load)
    begin, cpu, theirs = time.perf_counter(), time.process_time(), _cpu_seconds(processes)
    pool = DaskPool(client)
    executor = ChunkExecutor(pool=pool, on_progress=note)
    executor(items, partial(sleep_through, options.chunk), None)
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    theirs = _cpu_seconds(processes) - theirs
    load = client.run_on_scheduler(_load)
    scheduler = load["cpu"] - load_before["cpu"]
    of_tasks = max(scheduler - idle * seconds, 0.0)
    tasks = load["tasks"] - load_before["tasks"]
    assert counted[0] == number
    assert books.result().totals["events"] == number * EVENTS
    chunk_times = [chunk_seconds(options.chunk, item) for item in items]
    needed = sum(chunk_times)
    costs = Costs(of_tasks / tasks, PACK_S, UNPACK_S, ADD_S, cpu / number)
    stretch(1 / options.stretch)
    said = simulate(options.workers, chunk_times, costs)
    stretch(options.stretch)
    whole = options.stretch * needed / options.workers
    for name, value in (
        ("workers, chunks, tasks and sums", f"{options.workers:,}, {number:,}, {tasks:,}"),
        ("load of the machine", "{:.1f} {:.1f} {:.1f}".format(*psutil.getloadavg())),
        ("wall seconds, to the first chunk", f"{seconds:.1f}, {first[0] - begin:.2f}"),
        ("efficiency", f"{whole / seconds:.1%}"),
        ("workers at a chunk", f"{busy[0] / options.workers / seconds:.1%} of the time"),
        ("simulated efficiency", f"{needed / options.workers / said:.1%}"),
        ("CPU ms a task, scheduler", f"{1e3 * of_tasks / tasks:.2f}"),
        ("CPU of a core, scheduler without tasks", f"{idle:.1%}"),
        ("CPU us a chunk, client", f"{1e6 * cpu / number:.0f}"),
        ("CPU of a core, scheduler", f"{scheduler / seconds:.0%}"),
        ("CPU of a core, client", f"{cpu / seconds:.0%}"),
        ("CPU of a core, stub workers", f"{theirs / seconds:.0%}"),
        ("memory MB, client", f"{_memory():.0f}"),
        ("memory MB, scheduler", f"{load['memory']:.0f}"),
    ):
        print(f"| {name} | {value} |", flush=True)


def _idle_load(client: Client) -> float:
    """Return what part of a core the scheduler takes that only hears of its workers."""
    begin, before = time.perf_counter(), client.run_on_scheduler(_load)["cpu"]
    time.sleep(IDLE_S)
    after = client.run_on_scheduler(_load)["cpu"]
    return float((after - before) / (time.perf_counter() - begin))


def _cpu_seconds(processes: list[psutil.Popen]) -> float:
    total = 0.0
    for process in processes:
        if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            times = process.cpu_times()
            total += times.user + times.system
    return total


def _memory() -> float:
    return float(psutil.Process().memory_info().rss / MB)


def _count_tasks(dask_scheduler: Any) -> None:
    """Make the scheduler count what it hands out."""
    to_message = dask_scheduler._task_to_msg
    dask_scheduler.handed_out = 0

    def counting(task: Any) -> Any:
        dask_scheduler.handed_out += 1
        return to_message(task)

    dask_scheduler._task_to_msg = counting


def _load(dask_scheduler: Any) -> dict[str, float]:
    return {
        "cpu": time.process_time(),
        "memory": _memory(),
        "tasks": dask_scheduler.handed_out,
    }


if __name__ == "__main__":
    main()
