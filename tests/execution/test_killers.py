"""A chunk is given up for the workers that it kills, and none for those that die beside it."""

from __future__ import annotations

import os
import signal
import time
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import dask
import psutil
import pytest
from coffea.processor.executor import WorkItem

from dtperf.errors import DtperfWarning
from dtperf.execution import pools
from dtperf.execution.clusters import local_client
from dtperf.execution.dask_pool import DaskPool
from dtperf.execution.pools import ProcessPool
from tests.helpers.chunks import counted, run


def kills(item: WorkItem) -> dict[str, Any]:
    """Kill the process with one chunk, mostly sooner than it is done with others."""
    if item.entrystart == 2:
        time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.3)
    return counted(item)


@pytest.mark.slow
@pytest.mark.timeout(900)  # processes end and start, which takes minutes on a busy machine
def test_of_processes_that_die_together_only_the_killer_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pools, "DEATHS", 1)
    monkeypatch.setattr(pools, "ALONE", 2)
    with closing(ProcessPool(2)) as pool:
        total, ended = run(kills, 6, pool, retries=0)
    lost = [n for n, each in enumerate(ended) if each.outcome.error]
    assert lost == [2]
    assert total == dict.fromkeys({*range(6)} - {2}, 1)


def dies_in_company(folder: Path, item: WorkItem) -> dict[str, Any]:
    """Die, as where memory is used up, if another is at work, of which this folder tells."""
    mine = folder / str(os.getpid())
    mine.touch()
    deadline = time.monotonic() + 0.5
    while time.monotonic() < deadline:
        if any(is_at_work(path) for path in folder.iterdir() if path != mine):
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.01)
    mine.unlink(missing_ok=True)
    return counted(item)


def is_at_work(path: Path) -> bool:
    """Return whether the process lives that a file was named after, and has not removed it."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(int(path.name)).status() != psutil.STATUS_ZOMBIE and path.exists()
    return False


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_processes_that_die_together_and_never_alone_become_fewer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pools, "DEATHS", 1)
    with (
        closing(ProcessPool(2)) as pool,
        pytest.warns(DtperfWarning, match="1 chunk at a time"),
    ):
        total, ended = run(partial(dies_in_company, tmp_path), 12, pool, retries=0)
    assert total == dict.fromkeys(range(12), 1)
    assert not any(each.outcome.error for each in ended)
    assert pool.workers == 1


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_waits_behind_a_killer_is_not_given_up() -> None:
    soon = {"distributed.scheduler.allowed-failures": 1}
    with dask.config.set(soon), local_client(1) as client, closing(DaskPool(client)) as pool:
        total, ended = run(kills, 6, pool, retries=0)
    lost = [n for n, each in enumerate(ended) if each.outcome.error]
    assert lost == [2]
    assert total == dict.fromkeys({*range(6)} - {2}, 1)
