"""Print what many chunks cost on Dask: `python -m benchmarks.chunks [--chunks N] [--part MB]`.

Nothing is read: each chunk gives the histograms of the golden events, so that all of the time is
that of handing out, summing, and keeping account. With `--part` each sends so many megabytes, too,
as a chunk of a skim does whose directory its worker does not see.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from distributed import Client
from distributed.deploy.subprocess import SubprocessCluster

import dtperf
from benchmarks.stub import EVENTS, chunks, golden_output, measure_and_send, measure_nothing
from dtperf.execution.attempt import SIDE_OUTPUT
from dtperf.execution.checkpoint import open_run
from dtperf.execution.dask_pool import DaskPool
from dtperf.execution.executor import ChunkExecutor, Update
from dtperf.execution.provenance import code_version
from dtperf.execution.record import RunRecord

MB = 1e6


def main() -> None:
    """Run, and print time and memory at each tenth of the way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=40_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--part", type=float, default=0.0)
    options = parser.parse_args()
    config = dtperf.load_config("reference_2023", ["run.executor=dask"])
    print("| chunks | ms a chunk | client MB | scheduler MB | tasks kept | worker MB |")
    print("|---:|---:|---:|---:|---:|---:|")
    with (
        tempfile.TemporaryDirectory() as place,
        SubprocessCluster(
            n_workers=options.workers,
            worker_kwargs={"nthreads": 1},
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        Client(cluster) as client,
        open_run(Path(place) / "out", config, code_version(), resume=False, force=False) as out,
    ):
        client.run(golden_output)
        books = RunRecord(config, out, lambda _: None, code_version())
        meter = _Meter(client, options.chunks)

        sent = set[str]()

        def note(progressed: Update) -> None:
            sent.update((progressed.output or {}).pop(SIDE_OUTPUT, ()))
            books.add(progressed)
            meter.add(len(progressed.ended))

        executor = ChunkExecutor(pool=DaskPool(client), on_progress=note)
        work = partial(measure_and_send, round(options.part * MB)) if options.part else None
        executor(chunks(options.chunks), work or measure_nothing, None)
        assert len(sent) == (options.chunks if options.part else 0)
        result = books.result()
        assert result.totals["events"] == options.chunks * EVENTS
        assert result.totals["pairs"] == options.chunks * golden_output()["totals"]["pairs"]


class _Meter:
    def __init__(self, client: Client, total: int) -> None:
        self._client = client
        self._step = max(total // 10, 1)
        self._done = self._told = 0
        self._start = time.perf_counter()

    def add(self, number: int) -> None:
        self._done += number
        if self._done - self._told >= self._step:
            self._tell()

    def _tell(self) -> None:
        now = time.perf_counter()
        each = (now - self._start) / (self._done - self._told)
        scheduler, tasks = self._client.run_on_scheduler(_scheduler_load)
        worker = max(self._client.run(_memory).values())
        print(
            f"| {self._done:,} | {1e3 * each:.1f} | {_memory():.0f} | {scheduler:.0f} "
            f"| {tasks} | {worker:.0f} |",
            flush=True,
        )
        self._told, self._start = self._done, time.perf_counter()


def _memory() -> float:
    return float(psutil.Process().memory_info().rss / MB)


def _scheduler_load(dask_scheduler: Any) -> tuple[float, int]:
    return _memory(), len(dask_scheduler.tasks)


if __name__ == "__main__":
    main()
