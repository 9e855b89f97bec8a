"""Chunks are tried until they are read, and counted once, whatever dies meanwhile."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import dask
import pytest
from coffea.processor.executor import WorkItem
from numba.core import event

from dtperf.config import load_config
from dtperf.errors import Cause, InputError
from dtperf.execution import dask_queue
from dtperf.execution.clusters import local_client
from dtperf.execution.dask_pool import DaskPool
from dtperf.execution.executor import ChunkExecutor
from dtperf.execution.pools import MOST_THREADS, InProcessPool, ProcessPool
from dtperf.execution.workplace import worker_pool
from dtperf.filesets.replicas import Replicas
from tests.helpers.chunks import FAR, HOME, REPLICA, counted, items, run
from tests.helpers.troubled_chunks import kill_always, kill_once, late_once


class Flaky:
    """Fails as told, attempt after attempt; then it works."""

    def __init__(self, *causes: Cause) -> None:
        self.causes = list(causes)
        self.asked: list[str] = []

    def __call__(self, item: WorkItem) -> dict[str, Any]:
        self.asked.append(item.usermeta.source)
        if self.causes:
            raise InputError("no", self.causes.pop(0))
        return counted(item)


def test_all_chunks_are_summed() -> None:
    total, ended = run(counted, 30)
    assert total == dict.fromkeys(range(30), 1)
    assert [each.attempts for each in ended] == [1] * 30


def test_a_server_that_comes_back() -> None:
    flaky = Flaky("unreachable", "timeout", "unreachable")
    total, [ended] = run(flaky)
    assert total == {0: 1}
    assert (ended.attempts, ended.outcome.error, ended.source) == (4, None, HOME)


def test_a_server_that_stays_away() -> None:
    flaky = Flaky(*["unreachable"] * 9)
    total, [ended] = run(flaky, retries=2)
    assert not total
    assert ended.attempts == len(flaky.asked) == 3
    assert ended.outcome.error is not None
    assert ended.outcome.error.cause == "unreachable"


@pytest.mark.parametrize("cause", ["corrupt", "missing", "changed", "refused"])
def test_what_no_patience_mends_is_asked_of_each_server_once(cause: Cause) -> None:
    flaky = Flaky(cause, cause, cause, cause)
    _, [ended] = run(flaky, sources=(HOME, REPLICA, FAR), retries=0)
    assert flaky.asked == [HOME, REPLICA, FAR]
    assert ended.outcome.error is not None
    flaky = Flaky(cause)
    total, [ended] = run(flaky, sources=(HOME, REPLICA, FAR))
    assert flaky.asked == [HOME, REPLICA]
    assert (total, ended.source) == ({0: 1}, REPLICA)


def test_servers_take_turns_and_bad_ones_drop_out() -> None:
    flaky = Flaky("unreachable", "corrupt", "timeout")
    total, [ended] = run(flaky, sources=(HOME, REPLICA))
    assert flaky.asked == [HOME, REPLICA, HOME, HOME]
    assert total == {0: 1}
    assert ended.attempts == 4


def test_our_own_mistakes_are_not_repeated() -> None:
    def wrong(item: WorkItem) -> Any:
        raise ZeroDivisionError

    _, [ended] = run(wrong, sources=(HOME, REPLICA))
    assert ended.attempts == 1
    assert ended.outcome.error is not None
    assert ended.outcome.error.cause == "failed"


def test_waits_double(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = []
    monkeypatch.setattr("dtperf.execution.pools.time.sleep", waits.append)
    clock = [0.0]
    monkeypatch.setattr("dtperf.execution.executor.time.monotonic", lambda: clock[0] + sum(waits))
    executor = ChunkExecutor(pool=InProcessPool(), replicas=lambda _: Replicas([HOME], 3, 0.1))
    executor(items(1), Flaky("timeout", "timeout", "timeout"), None)
    assert [round(wait, 6) for wait in waits] == [0.1, 0.2, 0.4]


@pytest.fixture
def processes() -> Iterator[ProcessPool]:
    pool = ProcessPool(2)
    yield pool
    pool.close()


@pytest.fixture
def workers() -> Iterator[DaskPool]:
    with local_client(2) as client:
        yield DaskPool(client)


def test_processes_that_die_are_replaced(processes: ProcessPool, tmp_path: Path) -> None:
    total, ended = run(partial(kill_once, tmp_path, {3, 11}), 20, processes)
    assert total == dict.fromkeys(range(20), 1)
    assert all(each.outcome.error is None for each in ended)
    assert {path.name for path in tmp_path.iterdir()} == {"3", "11"}


def compile_slowly(seen: Path, item: WorkItem) -> dict[str, Any]:
    """Compile until the main process has heard of it."""

    class Dispatcher:
        py_func = compile_slowly

    with event.trigger_event("numba:compile", {"dispatcher": Dispatcher}):
        while not seen.exists():
            time.sleep(0.01)
    return counted(item)


def test_processes_tell_that_they_compile(processes: ProcessPool, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    processes.begin(partial(compile_slowly, seen))
    processes.submit(0, items(1)[0])
    while (name := processes.compiling()) == "":
        assert not processes.collect(0.01, last=True)
    assert name == "compile_slowly"
    seen.touch()
    while not processes.collect(0.01, last=True):
        pass
    assert processes.compiling() == ""


@pytest.mark.timeout(900)  # workers end and start, which takes minutes on a busy machine
def test_a_chunk_that_kills_every_process_is_given_up(
    processes: ProcessPool,
) -> None:
    total, ended = run(partial(kill_always, 2), 5, processes, retries=0)
    lost = ended[2].outcome.error
    assert lost is not None
    assert lost.cause == "worker-lost"
    assert "events 2 to 3" in str(lost)
    assert "4 processes died that had nothing else" in str(lost)
    assert [total[n] for n in range(5)] == [1, 1, 0, 1, 1]
    assert [n for n in range(5) if ended[n].outcome.error is not None] == [2]


def test_dask_workers_that_die_are_replaced(workers: DaskPool, tmp_path: Path) -> None:
    total, ended = run(partial(kill_once, tmp_path, {3, 40}), 60, workers)
    assert total == dict.fromkeys(range(60), 1)
    assert len(ended) == 60


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_dask_gives_up_a_chunk_that_kills_every_worker() -> None:
    # two of them rather than four
    soon = {"distributed.scheduler.allowed-failures": 1}
    with dask.config.set(soon), local_client(2) as client:
        total, ended = run(partial(kill_always, 2), 8, DaskPool(client), retries=0)
    errors = {n: each.outcome.error for n, each in enumerate(ended) if each.outcome.error}
    assert 2 in errors
    assert errors[2].cause == "worker-lost"
    assert total == {n: 1 for n in range(8) if n not in errors}


@pytest.mark.slow
def test_a_late_chunk_is_done_elsewhere_and_counted_once(
    workers: DaskPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_queue, "LATE_S", 1.0)
    total, _ = run(partial(late_once, tmp_path), 20, workers)
    (tmp_path / "over").touch()
    assert total == dict.fromkeys(range(20), 1)


def test_dask_keeps_nothing_of_what_is_done(workers: DaskPool) -> None:
    total, _ = run(counted, 200, workers)
    assert sum(total.values()) == 200

    def left(dask_scheduler: Any) -> list[str]:
        return [str(key) for key in dask_scheduler.tasks]

    client = workers._client
    deadline = time.monotonic() + 240
    while client.run_on_scheduler(left) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert client.run_on_scheduler(left) == []


@pytest.mark.parametrize(("workers", "threads"), [(1, 1), (3, 3), (100, MOST_THREADS)])
def test_threads_of_this_process(workers: int, threads: int) -> None:
    seen: list[int] = []

    def see(item: WorkItem) -> dict[str, Any]:
        seen.append(item.usermeta.threads)
        return counted(item)

    config = load_config("reference_2023", [f"run.workers={workers}"])
    with worker_pool(config) as pool:
        assert run(see, 2, pool)[0] == Counter({0: 1, 1: 1})
    assert seen == [threads, threads]


def test_what_threads_take_is_counted() -> None:
    def spin() -> None:
        end = time.thread_time() + 0.5
        while time.thread_time() < end:
            pass

    def let_another_spin(item: WorkItem) -> dict[str, Any]:
        thread = threading.Thread(target=spin)
        thread.start()
        thread.join()
        return counted(item)

    [alone] = run(let_another_spin, pool=InProcessPool(1))[1]
    [shared] = run(let_another_spin, pool=InProcessPool(2))[1]
    assert alone.outcome.cpu_seconds < 0.4 < shared.outcome.cpu_seconds
