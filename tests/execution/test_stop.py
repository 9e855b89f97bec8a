"""The stop button, and Ctrl-C: SIGINT to the whole process group, in the middle of a run."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import IO, Any, Self

import psutil
import pytest
from jupyter_client.manager import KernelManager
from traitlets.config import Config

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.errors import Stopped
from dtperf.execution import checkpoint, record
from dtperf.execution.checkpoint import newest
from dtperf.execution.clusters.client import WORKER_S
from dtperf.results.result import Result
from tests.helpers.golden import GOLDEN
from tests.helpers.jupyter import apart
from tests.helpers.runs import assert_same, with_run

EVENTS, CHUNK, HELD = 4000, 20, 3000
"""Events; a run that has measured so many of them does not go on before it is stopped."""
LIMIT_S = 60.0
"""A stop takes some tenths of a second, and on a busy machine some seconds."""
HELD_S = 90.0

PROGRAM = """
import sys, time
import dtperf
from dtperf.errors import Stopped

golden, executor, out, runs, held, held_s = sys.argv[1:]
options = [f"run.executor={executor}", "run.workers=2", "run.chunksize=20"]

def tell(progress):
    if progress.stage == "measuring" and progress.done:
        print("RUNNING", flush=True)
        if int(held) <= progress.done < progress.total:
            time.sleep(float(held_s))

if __name__ == "__main__":
    config = dtperf.load_config("reference_2023", options)
    for number in range(int(runs)):
        try:
            dtperf.run(config, golden, out=f"{out}/{number}", on_progress=tell)
            print("FINISHED", flush=True)
        except Stopped as stopped:
            print("STOPPED", stopped, flush=True)
    print("END", flush=True)
"""


class Stoppable:
    """A program that runs the analysis some times, each of which is stopped."""

    def __init__(self, executor: str, out: Path, runs: int) -> None:
        words = map(str, (GOLDEN, executor, out, runs, HELD, HELD_S))
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *words],
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
        start = time.monotonic()
        os.killpg(self.process.pid, signal.SIGINT)
        mark, _, message = self.until("STOPPED", "FINISHED", "END").partition(" ")
        assert mark == "STOPPED"
        return time.monotonic() - start, message.strip()

    def end(self) -> list[str]:
        """Wait for its end; give what else it said."""
        self.until("END")
        self.process.wait(240)
        return self.text

    def left(self) -> list[psutil.Process]:
        """List the processes of its session that outlive it by more than some time."""
        deadline = time.monotonic() + LIMIT_S
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


@pytest.mark.parametrize(
    "executor",
    ["iterative", *(pytest.param(each, marks=pytest.mark.slow) for each in ("futures", "dask"))],
)
def test_a_run_stops_at_once_and_says_what_is_kept(
    executor: str, tmp_path: Path, reference_config: AnalysisConfig, golden_result: Result
) -> None:
    with Stoppable(executor, tmp_path, 1) as begun:
        seconds, message = begun.stop()
        assert seconds < LIMIT_S
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


@pytest.mark.parametrize("place", [(record, "added"), (checkpoint, "_save")])
def test_a_stop_while_a_chunk_is_added_or_saved_loses_nothing(
    place: tuple[Any, str],
    tmp_path: Path,
    reference_config: AnalysisConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A machine that is busy spends long there, before anything has been saved."""
    begun: Any = getattr(*place)

    def stopped(*arguments: Any) -> Any:
        monkeypatch.undo()
        os.kill(os.getpid(), signal.SIGINT)
        return begun(*arguments)

    monkeypatch.setattr(*place, stopped)
    monkeypatch.setattr(checkpoint, "SHORTEST_S", 0.0)
    config = with_run(reference_config, executor="iterative", chunksize=1000)
    with pytest.raises(Stopped, match=r"^Stopped at 1,000 of 4,000 events; they are kept"):
        dtperf.run(config, GOLDEN, out=tmp_path)
    kept = newest(tmp_path)
    assert kept is not None
    assert Result.load(kept).totals["events"] == 1000


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_no_stop_of_many_is_lost(tmp_path: Path) -> None:
    """One of 15 was raised in a destructor of Dask's, and the run went on to its end."""
    with Stoppable("dask", tmp_path, 15) as begun:
        stops = [begun.stop() for _ in range(15)]
        assert [seconds for seconds, _ in stops if seconds > LIMIT_S] == []
        assert begun.end() == []
        assert begun.left() == []


CELLS = (
    f"""
import time
import dtperf
from distributed import Client

def tell(progress):
    if progress.stage == "measuring" and progress.done:
        print("RUNNING", flush=True)
        if {HELD} <= progress.done < progress.total:
            time.sleep({HELD_S})

def run(**options):
    return dtperf.run(config, {str(GOLDEN)!r}, on_progress=tell, **options).totals["pairs"]

config = dtperf.load_config("reference_2023", ["run.executor=dask", "run.chunksize=20"])
""",
    "run()",
    "client = Client(n_workers=2, dashboard_address='127.0.0.1:0')",
    "run(client=client)",
    "run(client=client)",
    "client.close()",
)


class Notebook:
    """A kernel that Jupyter would start, and its stop button."""

    def __init__(self, config: Config) -> None:
        self._manager = KernelManager(config=config)
        self._manager.start_kernel(stderr=subprocess.DEVNULL)
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=120)

    def run(self, code: str, *, stop: bool = False) -> tuple[float, list[str]]:
        """Run a cell; give the seconds from the stop, else the start; and the traceback."""
        cell, start, lines = self._client.execute(code), time.monotonic(), []
        while True:
            message = self._client.get_iopub_msg(timeout=300)
            content = message["content"]
            if message["parent_header"].get("msg_id") != cell:
                continue
            if stop and "RUNNING" in content.get("text", ""):
                stop, start = False, time.monotonic()
                self._manager.interrupt_kernel()
            if message["msg_type"] == "error":
                lines = content["traceback"]
            if content.get("execution_state") == "idle":
                return time.monotonic() - start, lines

    def close(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        self._client.context.term()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_the_stop_button_of_a_notebook(tmp_path: Path) -> None:
    """It ends the workers of a user's own client, too, and dtperf says so when it is next used."""
    with apart(tmp_path) as config, closing(Notebook(config)) as notebook:
        begin, own, start, run, again, close = CELLS
        assert notebook.run(begin)[1] == []
        for cell in (own, run):
            if cell is run:
                assert notebook.run(start)[1] == []
            seconds, [line] = notebook.run(cell, stop=True)
            assert seconds < LIMIT_S
            assert re.fullmatch(
                r"Stopped at [\d,]+ of 4,000 events; nothing is kept: give out=… to go on later",
                line,
            )
        seconds, lines = notebook.run(again)
        assert "the client has no workers" in lines[-1]
        assert seconds < WORKER_S + LIMIT_S
        assert notebook.run(close)[1] == []
