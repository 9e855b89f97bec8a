"""What chunks send by themselves: each alone, none lost, none counted twice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from coffea.processor.executor import WorkItem
from distributed import Client, LocalCluster

from dtperf.execution.dask_mailbox import Mailbox
from dtperf.execution.dask_pool import DaskPool
from dtperf.execution.dask_side_output import AHEAD_BYTES, SENT_BYTES, SideOutput
from dtperf.execution.dask_tasks import pack
from dtperf.execution.executor import ChunkExecutor, ChunkResult, Update
from dtperf.filesets.replicas import Replicas
from tests.helpers.chunks import HOME, items

NUMBER = 40


def with_part(item: WorkItem) -> dict[str, Any]:
    part = os.urandom(1000 + item.entrystart)
    return {"out": {"sum": {item.entrystart: 1}, "parts": {item.entrystart: part}}, "bytes": 1}


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", memory_limit=0
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def run(client: Client) -> tuple[list[dict[int, bytes]], dict[int, int], list[ChunkResult]]:
    """Give the parts as they came, how often each chunk is in the sum, and what ended."""
    came: list[dict[int, bytes]] = []
    total: dict[int, int] = {}
    ended: list[ChunkResult] = []

    def note(progressed: Update) -> None:
        output = progressed.output or {}
        if "parts" in output:
            came.append(output["parts"])
        for chunk, times in output.get("sum", {}).items():
            total[chunk] = total.get(chunk, 0) + times
        for each in progressed.ended:
            # the part is there before its chunk is done with
            assert any(each.item.entrystart in parts for parts in came)
        ended.extend(progressed.ended)

    executor = ChunkExecutor(
        pool=DaskPool(client), replicas=lambda _: Replicas([HOME], 3, 0.001), on_progress=note
    )
    executor(items(NUMBER), with_part, None)
    return came, total, ended


def test_each_comes_alone(client: Client) -> None:
    came, total, ended = run(client)
    assert all(len(parts) == 1 for parts in came)
    assert sorted(chunk for parts in came for chunk in parts) == [*range(NUMBER)]
    assert all(len(part) == 1000 + chunk for parts in came for chunk, part in parts.items())
    assert total == dict.fromkeys(range(NUMBER), 1)
    assert not any(each.outcome.error for each in ended)


def test_a_message_that_is_lost_is_asked_for_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, dropped = Mailbox._take, []

    def forgetful(mailbox: Mailbox, event: tuple[float, tuple[int, Any]]) -> None:
        if not dropped:
            dropped.append(event[1][0])
            return
        take(mailbox, event)

    monkeypatch.setattr(Mailbox, "_take", forgetful)
    came, total, ended = run(client)
    assert dropped
    assert {chunk for parts in came for chunk in parts} == {*range(NUMBER)}
    assert total == dict.fromkeys(range(NUMBER), 1)
    assert max(each.attempts for each in ended) == 2


class Box:
    """A mailbox with one message."""

    def __init__(self, content: bytes) -> None:
        self.passed, self.content, self.tidied = SENT_BYTES + 1, content, 0

    def take(self, _: int) -> bytes:
        return self.content

    def tidy(self) -> None:
        self.tidied += 1


def test_the_larger_it_is_the_fewer_are_on_their_way() -> None:
    content = pack({"parts": os.urandom(40_000_000)})
    box: Any = Box(content or b"")
    side_output = SideOutput(box)
    assert side_output.capacity(100, 364) == 364
    side_output.take(1, 1)
    assert box.tidied == 1
    # one for each worker, so that none waits
    assert side_output.capacity(100, 364) == 102
    assert side_output.capacity(2, 364) == AHEAD_BYTES // len(content or b"") == 26
