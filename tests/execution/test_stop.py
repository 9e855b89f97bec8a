"""The stop button, and Ctrl-C: SIGINT to the whole process group, in the middle of a run."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

import psutil
import pytest

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.execution.checkpoint import newest
from dtperf.results.result import Result
from tests.helpers.golden import GOLDEN
from tests.helpers.runs import assert_same, with_run

EVENTS, CHUNK = 4000, 20


def limit_s() -> float:
    """Return what two seconds are of a machine that does nothing else."""
    return 2.0 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


PROGRAM = """
import sys, time
import dtperf
from dtperf.errors import Stopped

golden, executor, out, runs = sys.argv[1:]
options = [f"run.executor={executor}", "run.workers=2", "run.chunksize=20"]

def tell(progress):
    if progress.stage == "measuring" and progress.done:
        print("RUNNING", flush=True)

if __name__ == "__main__":
    config = dtperf.load_config("reference_2023", options)
    for number in range(int(runs)):
        try:
            dtperf.run(config, golden, out=f"{out}/{number}", on_progress=tell)
            print("FINISHED", flush=True)
        except Stopped as stopped:
            print("STOPPED", time.time(), stopped, flush=True)
    print("END", flush=True)
"""


class Stoppable:
    """A program that runs the analysis some times, each of which is stopped."""

    def __init__(self, executor: str, out: Path, runs: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(GOLDEN), executor, str(out), str(runs)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self._lines: IO[str] = self.process.stdout
        self.text: list[str] = []
        """What it has said, but for its own marks."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def until(self, *marks: str) -> str:
        """Read on to a line that begins with one of some marks."""
        for line in self._lines:
            if line.startswith(marks):
                return line
            if not line.startswith("RUNNING"):
                self.text.append(line)
        raise AssertionError(f"it ended before {marks}:\n{''.join(self.text)}")

    def stop(self) -> tuple[float, str]:
        """Press stop in the middle of a run; give the seconds that it took, and what was said."""
        self.until("RUNNING")
        time.sleep(random.uniform(0, 0.2))
        start = time.time()
        os.killpg(self.process.pid, signal.SIGINT)
        mark, when, message = self.until("STOPPED", "FINISHED", "END").split(maxsplit=2)
        assert mark == "STOPPED"
        return float(when) - start, message.strip()

    def end(self) -> list[str]:
        """Wait for its end; give what else it said."""
        self.until("END")
        self.process.wait(60)
        return self.text

    def left(self) -> list[psutil.Process]:
        """List the processes of its session that outlive it by more than some time."""
        deadline = time.monotonic() + 20
        while (found := [*self._session()]) and time.monotonic() < deadline:
            time.sleep(0.2)
        return found

    def _session(self) -> Iterator[psutil.Process]:
        for process in psutil.process_iter():
            try:
                if os.getsid(process.pid) == self.process.pid:
                    yield process
            except ProcessLookupError:
                continue


@pytest.mark.parametrize("executor", ["iterative", "futures", "dask"])
def test_a_run_stops_at_once_and_says_what_is_kept(
    executor: str, tmp_path: Path, reference_config: AnalysisConfig, golden_result: Result
) -> None:
    with Stoppable(executor, tmp_path, 1) as begun:
        seconds, message = begun.stop()
        assert seconds < limit_s()
        assert begun.end() == []
        assert begun.left() == []
    out = tmp_path / "0"
    kept = newest(out)
    assert kept is not None
    events = Result.load(kept).ledger.events("read")
    assert 0 < events < EVENTS
    assert message == (
        f"Stopped at {events:,} of 4,000 events; they are kept in {out}: go on with resume=True"
    )
    config = with_run(reference_config, executor=executor, workers=2, chunksize=CHUNK)
    assert_same(dtperf.run(config, GOLDEN, out=out, resume=True), golden_result)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_no_stop_of_many_is_lost(tmp_path: Path) -> None:
    """One of 15 was raised in a destructor of Dask's, and the run went on to its end."""
    with Stoppable("dask", tmp_path, 15) as begun:
        stops = [begun.stop() for _ in range(15)]
        assert [seconds for seconds, _ in stops if seconds > limit_s()] == []
        assert begun.end() == []
        assert begun.left() == []
