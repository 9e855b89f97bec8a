"""Skims made on clusters and of servers' files, where workers and clients are killed."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from distributed import Client

import dtperf
from dtperf.execution.checkpoint import newest
from dtperf.execution.runner import Progress
from dtperf.skim import load_skim, skim
from tests.helpers.runs import with_run
from tests.integration.commands import Command, finished
from tests.integration.processes import pids
from tests.integration.xrootd_server import Server
from tests.skim.samples import assert_same, measured

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]

CUTS = {"selection.probe.min_pt": 28.0, "selection.passing.max_dx": 4.0}
CHUNK = 80
EVENTS = 4000


@pytest.fixture(scope="module")
def tighter(files: Path) -> dtperf.Result:
    """What the original files give with tighter cuts."""
    settings = [f"{key}={value}" for key, value in CUTS.items()]
    return measured(dtperf.load_config("reference_2023", settings), files)


def assert_whole(out: Path, tighter: dtperf.Result) -> None:
    """See that a skim has each event once, and gives what the files give."""
    made = load_skim(out)
    assert made.totals["events"] == made.ledger.events("read") == EVENTS
    found = dtperf.Analysis(out).with_cuts(CUTS)
    for name, counts in tighter.counts.items():
        views = (np.asarray(each.view(flow=True)) for each in (found.counts[name], counts))
        np.testing.assert_array_equal(*views, err_msg=name)
    assert found.totals["pairs"] == tighter.totals["pairs"]
    assert found.anomalies == tighter.anomalies


@pytest.mark.parametrize("seed", range(2))
def test_a_worker_is_killed(
    seed: int, client: Client, files: Path, tmp_path: Path, tighter: dtperf.Result
) -> None:
    chance, out = random.Random(seed), tmp_path / "skim"
    victim = chance.choice(pids(client))
    when = chance.randrange(0, EVENTS - 500)
    killed = threading.Event()

    def kill(progress: Progress) -> None:
        if progress.stage == "measuring" and progress.done > when and not killed.is_set():
            killed.set()
            os.kill(victim, signal.SIGKILL)

    config = with_run(dtperf.load_config("reference_2023"), chunksize=CHUNK)
    skim(config, files, out=out, client=client, on_progress=kill)
    assert killed.is_set()
    assert_whole(out, tighter)


def test_workers_that_do_not_see_the_directory(
    client: Client,
    files: Path,
    tmp_path: Path,
    tighter: dtperf.Result,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from dtperf.skim.folders import begin

    def elsewhere(out: Path, *, is_new: bool) -> str:
        begin(out, is_new=is_new)
        return "of a directory on another machine"

    monkeypatch.setattr("dtperf.skim.make.begin", elsewhere)
    config = with_run(dtperf.load_config("reference_2023"), chunksize=CHUNK)
    skim(config, files, out=tmp_path / "skim", client=client)
    assert_whole(tmp_path / "skim", tighter)


@pytest.mark.parametrize("executor", ["iterative", "futures", "dask"])
def test_the_client_is_killed(
    executor: str, files: Path, tmp_path: Path, tighter: dtperf.Result
) -> None:
    out = tmp_path / "skim"
    command = ["skim", "reference_2023", files, "-o", out, "--executor", executor]
    command += ["--workers", "2", "--chunksize", "20"]
    begun = Command(command)
    deadline = time.monotonic() + 240
    while newest(out) is None and begun.process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    begun.kill()
    begun.wait()
    assert begun.strays() == []
    was_too_late = (out / "skim.json").exists()
    if not was_too_late:
        with pytest.raises(dtperf.InputError, match="unfinished skim"):
            dtperf.Analysis(out)
    # cut in another way: parts of both may lie side by side
    code, text = finished(*command[:-1], "170", "--resume")
    assert code == 0, text
    assert_whole(out, tighter)
    assert was_too_late or len({row.events for row in load_skim(out).ledger}) > 1


def test_over_xrootd(servers: Callable[[], Server], tmp_path: Path, tighter: dtperf.Result) -> None:
    pytest.importorskip("fsspec_xrootd")
    out, server, other = tmp_path / "skim", servers(), servers()
    (server.data / "1700.root").chmod(0)
    how = ["--chunksize", "500", "--set=run.backoff_s=0.1", "--on-error", "skip"]
    command = ["skim", "reference_2023", server.url(), "-o", str(out), *how]
    code, text = finished(*command)
    assert code == 3, text
    assert load_skim(out).totals["events"] == EVENTS - 1400
    again = f"--set=run.redirectors={{here: ['root://{other.address}/']}}"
    code, text = finished(*command, again, "--resume")
    assert code == 0, text
    assert_whole(out, tighter)
    rerun = dtperf.run(dtperf.load_config("reference_2023"), out)
    assert_same(rerun, dtperf.Result.load(out))
    assert {row.file for row in rerun.ledger} == {server.url(p.name) for p in server.data.iterdir()}
