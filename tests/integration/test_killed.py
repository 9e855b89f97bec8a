"""Clients and workers that are killed: every run ends, and ends with the same counts."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from distributed import Client

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.execution.checkpoint import newest
from dtperf.execution.runner import Progress
from dtperf.execution.task_sizes import Backlog
from dtperf.results.result import Result
from tests.helpers.runs import assert_same, with_run
from tests.integration.commands import Command, finished
from tests.integration.processes import pids

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]

CHUNK, SMALL = 80, 20
"""Events; small ones let a run last long enough to be ended after its first save."""
EVENTS = 4000
EXECUTORS = ["iterative", "futures", "dask"]


def assert_books(result: Result) -> None:
    assert result.totals["events"] == result.ledger.events("read") == EVENTS
    assert all(row.status == "read" for row in result.ledger)


@pytest.fixture(scope="module")
def seconds(client: Client, files: Path, reference_config: AnalysisConfig) -> float:
    """How long an undisturbed run takes."""
    config = with_run(reference_config, chunksize=CHUNK)
    dtperf.run(config, files, client=client)
    start = time.monotonic()
    dtperf.run(config, files, client=client)
    return time.monotonic() - start


@pytest.mark.parametrize("seed", range(8))
def test_a_worker_is_killed(
    seed: int,
    seconds: float,
    client: Client,
    files: Path,
    reference_config: AnalysisConfig,
    golden_result: Result,
) -> None:
    chance = random.Random(seed)
    victim = chance.choice(pids(client))
    when = chance.uniform(0, seconds)
    killer = threading.Timer(when, os.kill, args=(victim, signal.SIGKILL))
    killer.start()
    try:
        result = dtperf.run(with_run(reference_config, chunksize=CHUNK), files, client=client)
    finally:
        killer.join()
    assert_same(result, golden_result)
    assert_books(result)


NOTING = """
import dtperf

class Noting(dtperf.SegmentEfficiency):
    def process(self, events):
        found = super().process(events)
        with open({path!r}, "a") as notes:
            notes.write("x")
        return found
"""


def test_what_a_killed_worker_costs(
    client: Client,
    files: Path,
    reference_config: AnalysisConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    victim = pids(client)[0]
    killed = threading.Event()
    notes, processor = tmp_path / "notes", tmp_path / "noting.py"
    processor.write_text(NOTING.format(path=str(notes)))
    sizes = []
    next_task = Backlog.next_task

    def noted(backlog: Backlog, workers: int, *, last: bool) -> tuple[dict[int, Any], float]:
        task = next_task(backlog, workers, last=last)
        sizes.append(len(task[0]))
        return task

    def kill(progress: Progress) -> None:
        if progress.done > EVENTS / 2 and not killed.is_set():
            killed.set()
            os.kill(victim, signal.SIGKILL)

    monkeypatch.setattr(Backlog, "next_task", noted)
    config = with_run(reference_config, chunksize=SMALL)
    result = dtperf.run(
        config, files, client=client, processor=f"{processor}:Noting", on_progress=kill
    )
    assert killed.is_set()
    assert_books(result)
    again = notes.stat().st_size - len(result.ledger)
    # what was being measured, and a finished one or two that were not summed yet
    assert 0 <= again <= 3 * max(sizes)
    assert max(sizes) < len(result.ledger) / 2


def options(executor: str, chunksize: int = CHUNK) -> list[str]:
    return ["--executor", executor, "--workers", "2", "--chunksize", str(chunksize)]


@pytest.fixture(scope="module")
def duration(files: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """How long the whole command takes, by executor."""
    seconds = {}
    for executor in EXECUTORS:
        out = tmp_path_factory.mktemp("warm") / "out"
        start = time.monotonic()
        code, text = finished("run", "reference_2023", files, "-o", out, *options(executor))
        assert code == 0, text
        seconds[executor] = time.monotonic() - start
    return seconds


@pytest.mark.parametrize("seed", range(6))
def test_the_client_is_killed(
    seed: int,
    duration: dict[str, float],
    files: Path,
    tmp_path: Path,
    golden_result: Result,
) -> None:
    chance = random.Random(seed)
    executor = EXECUTORS[seed % 3]
    arguments = ["run", "reference_2023", files, "-o", tmp_path / "out", *options(executor)]
    begun = Command(arguments)
    time.sleep(chance.uniform(0.3, 1.0) * duration[executor])
    begun.kill()
    begun.wait()
    assert begun.strays() == []
    code, text = finished(*arguments, "--resume")
    assert code == 0, text
    result = Result.load(tmp_path / "out")
    assert_same(result, golden_result)
    assert_books(result)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("end", ["Ctrl-C", "SIGTERM"])
def test_the_user_or_the_batch_system_ends_it(
    end: str,
    executor: str,
    files: Path,
    tmp_path: Path,
    golden_result: Result,
) -> None:
    out = tmp_path / "out"
    arguments = ["run", "reference_2023", files, "-o", out, *options(executor, SMALL)]
    begun = Command(arguments)
    deadline = time.monotonic() + 240
    while newest(out) is None and begun.process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    if end == "Ctrl-C":
        begun.interrupt()
    else:
        begun.process.terminate()
    code, text = begun.wait(240)
    assert code == 130, text
    assert "Traceback" not in text
    assert "go on with --resume" in text
    assert begun.strays() == []
    kept = newest(out)
    assert kept is not None
    done = Result.load(kept).ledger
    assert 0 < len(done) < EVENTS // SMALL
    code, text = finished(*arguments, "--resume")
    assert code == 0, text
    result = Result.load(out)
    assert_same(result, golden_result)
    assert_books(result)
    # what was done before was not read again
    assert set(done) <= set(result.ledger)
