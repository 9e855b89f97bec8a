"""Work is handed out by time: about two seconds, less at the end, each chunk once."""

from __future__ import annotations

import os
import signal
import time
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import dask
import pytest
from coffea.processor.executor import WorkItem
from hypothesis import given, settings
from hypothesis import strategies as st

from dtperf.execution import dask_tasks, task_sizes
from dtperf.execution.attempt import Outcome
from dtperf.execution.clusters import local_client
from dtperf.execution.dask_pool import DaskPool
from dtperf.execution.task_sizes import SHARES, TASK_S, Backlog
from tests.helpers.chunks import counted, items, run
from tests.helpers.troubled_chunks import slow_later


def chunk(number: int, events: int = 100) -> WorkItem:
    return WorkItem("d", "f", "Events", number * events, (number + 1) * events, bytes(16))


def timed(seconds: float, waiting: int) -> Backlog:
    backlog = Backlog()
    backlog.note(chunk(0), Outcome(None, 0, seconds, ""))
    for ticket in range(waiting):
        backlog.add(ticket, chunk(ticket))
    return backlog


@pytest.mark.parametrize(("seconds", "expected"), [(0.1, 20), (0.5, 4), (1.9, 1), (60.0, 1)])
def test_a_task_lasts_two_seconds(seconds: float, expected: int) -> None:
    taken, limit = timed(seconds, 1000).next_task(4, last=False)
    assert [*taken] == [*range(expected)]
    assert limit >= TASK_S


def test_the_first_task_is_a_chunk() -> None:
    backlog = Backlog()
    for ticket in range(1000):
        backlog.add(ticket, chunk(ticket))
    taken, _ = backlog.next_task(4, last=False)
    assert [*taken] == [0]


def test_many_workers_get_longer_tasks_than_the_scheduler_can_hand_out() -> None:
    taken, _ = timed(0.1, 1_000_000).next_task(10_000, last=False)
    assert len(taken) * 0.1 / 10_000 >= task_sizes.HAND_OUT_S


@settings(deadline=None)
@given(
    seconds=st.floats(0.001, 10),
    waiting=st.integers(1, 2000),
    workers=st.integers(1, 200),
    is_timed=st.booleans(),
)
def test_each_chunk_is_handed_out_once_and_the_end_is_shared(
    seconds: float, waiting: int, workers: int, is_timed: bool
) -> None:
    backlog = timed(seconds, waiting)
    if not is_timed:
        backlog = Backlog()
        for ticket in range(waiting):
            backlog.add(ticket, chunk(ticket))
    order, sizes = list[int](), list[int]()
    while backlog:
        taken, _ = backlog.next_task(workers, last=True)
        order += taken
        sizes.append(len(taken))
    assert order == [*range(waiting)]
    # no task has more than its share of what was left, beside what a scheduler can hand out
    least = workers * task_sizes.HAND_OUT_S / seconds if is_timed else 0
    left = waiting
    for size in sizes:
        assert size <= max(1, left / (SHARES * workers) + 1e-6, least + 1e-6)
        left -= size


def test_what_there_was_no_time_for_comes_next() -> None:
    backlog = timed(0.1, 100)
    taken, _ = backlog.next_task(1, last=False)
    backlog.put_back([*taken.items()][5:])
    again, _ = backlog.next_task(1, last=False)
    assert [*again] == [*range(5, 25)]


def test_what_may_kill_goes_alone() -> None:
    backlog = timed(0.1, 100)
    taken, _ = backlog.next_task(1, last=False)
    backlog.suspect(taken.values())
    for ticket, item in taken.items():
        backlog.add(ticket, item)
    assert len(backlog) == 100
    for ticket in range(20):
        alone, _ = backlog.next_task(1, last=False)
        assert [*alone] == [ticket]


def test_the_halves_of_what_may_kill_go_alone() -> None:
    backlog, whole = timed(0.1, 100), chunk(0, 100)
    backlog.suspect([whole])
    halves = replace(whole, entrystop=50), replace(whole, entrystart=50)
    for ticket, item in enumerate((chunk(1), *halves), 200):
        backlog.add(ticket, item)
    assert [[*backlog.next_task(1, last=False)[0]] for _ in range(2)] == [[201], [202]]


def test_a_task_stops_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(item: WorkItem) -> dict[str, Any]:
        time.sleep(0.05)
        return counted(item)

    monkeypatch.setattr(dask_tasks, "_own_name", lambda: "w")
    chunks = dask_tasks.pack_items(items(50))
    done = dask_tasks.measure("t", 0, dask_tasks.sealed(slow), chunks, 0.1)
    number = sum(each is not None for each in done.outcomes)
    assert 1 <= number < 50
    assert len(done.outcomes) == len(done.has_sent) == 50
    assert dask_tasks.unpack(done.output) == dict.fromkeys(range(number), 1)


def test_what_a_processor_returned_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {"chunks": 1}

    def same(_: WorkItem) -> dict[str, Any]:
        return {"out": kept, "bytes": 1}

    monkeypatch.setattr(dask_tasks, "_own_name", lambda: "w")
    monkeypatch.setattr(dask_tasks, "_load", lambda _: same)
    done = dask_tasks.measure("t", 0, b"", dask_tasks.pack_items(items(5)), 100.0)
    assert dask_tasks.unpack(done.output) == {"chunks": 5}
    assert kept == {"chunks": 1}


def test_few_chunks_are_taken_in_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_sizes, "GROWTH", 20)
    handed_in = ended = most = 0
    with local_client(1) as client, closing(DaskPool(client)) as pool:
        pool.begin(counted)
        while ended < 100:  # chunks take so little that it could have a hundred thousand
            before = handed_in
            while handed_in - ended < pool.capacity and handed_in - before < 10_000:
                pool.submit(handed_in, chunk(handed_in))
                handed_in += 1
            most = max(most, handed_in - before)
            ended += sum(len(each.outcomes) for each in pool.collect(1.0, last=False))
    assert most < 10_000


@pytest.mark.slow
def test_chunks_that_become_slow_are_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_sizes, "TASK_S", 0.1)
    with local_client(2) as client:
        total, ended = run(slow_later, 90, DaskPool(client))
    assert total == dict.fromkeys(range(90), 1)
    assert [each.attempts for each in ended] == [1] * 90


def kills(seen: Path, item: WorkItem) -> dict[str, Any]:
    if item.entrystart == 70:
        with (seen / "deaths").open("a") as file:
            file.write("x")
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.01)
    return counted(item)


@pytest.mark.slow
@pytest.mark.timeout(900)  # workers end and start, which takes minutes on a busy machine
def test_of_a_task_that_kills_only_the_guilty_chunk_is_lost(tmp_path: Path) -> None:
    soon = {"distributed.scheduler.allowed-failures": 1}
    with dask.config.set(soon), local_client(1) as client:
        total, ended = run(partial(kills, tmp_path), 100, DaskPool(client), retries=1)
    lost = [each.item.entrystart for each in ended if each.outcome.error]
    assert lost == [70]
    assert total == dict.fromkeys([*range(70), *range(71, 100)], 1)
