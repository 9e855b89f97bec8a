"""Dask clusters whose workers come, go, and have too little memory: every chunk counts once."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dask
import pytest
from coffea.processor.executor import WorkItem
from distributed import Client, LocalCluster
from distributed.scheduler import KilledWorker

from dtperf.addresses import Secret
from dtperf.errors import Cause
from dtperf.execution.chunk_meta import ChunkMeta, meta_of
from dtperf.execution.clusters import local_client
from dtperf.execution.dask_pool import DaskPool, _outcome
from tests.helpers.chunks import HOME, items, run
from tests.helpers.troubled_chunks import greedy, slowly, until_two_are_at_work


def cluster_of(workers: int) -> LocalCluster:
    return LocalCluster(
        n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0", memory_limit=0
    )


@pytest.mark.slow
def test_an_adaptive_cluster_grows_with_the_work(tmp_path: Path) -> None:
    with cluster_of(0) as cluster, Client(cluster) as client:
        cluster.adapt(minimum=0, maximum=2, interval="100ms", target_duration="1s")
        total, ended = run(partial(until_two_are_at_work, tmp_path), 150, DaskPool(client))
        assert total == dict.fromkeys(range(150), 1)
        assert len({each.outcome.worker for each in ended}) == 2
        deadline = time.monotonic() + 120
        while client.nthreads() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not client.nthreads()


@pytest.mark.slow
def test_a_cluster_that_shrinks_and_grows_in_mid_run() -> None:
    with cluster_of(2) as cluster, Client(cluster) as client:
        client.wait_for_workers(2)
        stop = threading.Event()

        def breathe() -> None:
            for workers in (1, 0, 2, 1):
                if stop.wait(0.7):
                    break
                cluster.scale(workers)
            cluster.scale(1)

        thread = threading.Thread(target=breathe)
        thread.start()
        try:
            total, ended = run(slowly, 200, DaskPool(client))
        finally:
            stop.set()
            thread.join()
    assert total == dict.fromkeys(range(200), 1)
    assert len(ended) == 200


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ModuleNotFoundError("No module named 'dtperf'"), "environment"),
        (MemoryError(), "memory"),
        (KilledWorker("chunk", SimpleNamespace(address="tcp://x"), 3), "worker-lost"),  # type: ignore[arg-type]
    ],
)
def test_a_task_that_could_not_begin_says_what_its_worker_lacks(
    error: Exception, cause: Cause
) -> None:
    ended = SimpleNamespace(status="error", exception=lambda: error)
    [item] = items(1)
    outcome = _outcome(ended, item)  # type: ignore[arg-type]
    assert outcome.error is not None
    assert outcome.error.cause == cause


@pytest.mark.slow
def test_a_worker_that_took_too_much_memory_is_replaced(tmp_path: Path) -> None:
    with local_client(2, "1GB") as client:
        total, ended = run(partial(greedy, tmp_path, False), 30, DaskPool(client))
    assert (tmp_path / "tried").exists()
    assert total == dict.fromkeys(range(30), 1)
    assert not any(each.outcome.error for each in ended)


@pytest.mark.slow
@pytest.mark.timeout(900)  # workers end and start, which takes minutes on a busy machine
def test_a_chunk_that_always_takes_too_much_is_given_up(tmp_path: Path) -> None:
    # by two of them rather than four
    soon = {"distributed.scheduler.allowed-failures": 1}
    with dask.config.set(soon), local_client(2, "1GB") as client:
        function = partial(greedy, tmp_path, True)
        total, ended = run(function, 30, DaskPool(client), retries=0)
    errors = {n: each.outcome.error for n, each in enumerate(ended) if each.outcome.error}
    assert errors[3].cause == "worker-lost"
    assert "events 3 to 4" in str(errors[3])
    assert "memory" in str(errors[3])
    assert total == {n: 1 for n in range(30) if n not in errors}


def lent(item: WorkItem) -> dict[str, Any]:
    return {"out": {meta_of(item).credentials["BEARER_TOKEN_FILE"].content: 1}, "bytes": 10}


def test_what_has_waited_gets_the_token_of_when_it_is_handed_out() -> None:
    token = Secret("of before")
    lender: Any = SimpleNamespace(current=lambda: {"BEARER_TOKEN_FILE": token})
    ended, found = 0, Counter[str]()
    with local_client(1) as client, closing(DaskPool(client)) as pool:
        pool._lender = lender
        pool.begin(lent)
        for ticket, item in enumerate(items(20)):
            pool.submit(ticket, replace(item, usermeta=ChunkMeta(source=HOME)))
        token = Secret("of now")
        while ended < 20:
            for batch in pool.collect(1.0, last=True):
                ended += len(batch.outcomes)
                found.update(batch.output)
    assert found == {"of now": 20}
