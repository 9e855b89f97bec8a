"""Workers as jobs of a real HTCondor: equal counts, what is held and why, and nothing left."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dtperf.results.result import Result
from tests.helpers.runs import assert_same
from tests.integration.commands import Command
from tests.integration.htcondor import AS_USER, HTCondor, htcondor

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
CONTENT: dict[str, Any] = {
    "kind": "htcondor",
    "workers": 2,
    "min_workers": 2,
    "memory": "1GiB",
    "disk": "1GB",
    "host": "127.0.0.1",
    "wait_s": 120,
    # a job of HTCondor has none of ours
    "environment": {"PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": os.environ["NUMBA_CACHE_DIR"]},
}
Describe = Callable[..., Path]


@pytest.fixture(scope="module")
def pool() -> Iterator[HTCondor]:
    with htcondor() as started:
        yield started


@pytest.fixture
def describe(pool: HTCondor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Describe]:
    """Writes a description of two workers; the way to HTCondor is in the environment."""
    for name, value in pool.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def write(**more: Any) -> Path:
        path = tmp_path / "condor.yaml"
        path.write_text(yaml.safe_dump({**CONTENT, **more}))
        return path

    yield write
    for command in _begun:
        if command.process.poll() is None:
            command.kill()
            command.wait()
    _begun.clear()


_begun: list[Command] = []


def dtperf(*arguments: str | Path) -> Command:
    _begun.append(Command([*arguments], before=AS_USER))
    return _begun[-1]


def run(cluster: Path, files: Path, *more: str) -> Command:
    out = cluster.parent / "out"
    return dtperf("run", "reference_2023", files, "-o", out, "--cluster", cluster, *more)


def until_mid_run(begun: Command, cluster: Path) -> None:
    deadline = time.monotonic() + 120
    while not (cluster.parent / "out/partial").is_dir():
        assert begun.process.poll() is None, begun.wait()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_measured(cluster: Path, golden: Result) -> None:
    result = Result.load(cluster.parent / "out")
    assert_same(result, golden)
    assert result.ledger.events("read") == 4000


def nothing_is_left(pool: HTCondor, begun: Command, cluster: Path) -> None:
    pool.wait_until(lambda: not pool.jobs() and not pool.workers())
    assert begun.strays() == []
    assert not [*(cluster.parent / "state/dtperf").iterdir()]


def test_a_run(describe: Describe, pool: HTCondor, files: Path, golden_result: Result) -> None:
    cluster = describe()
    begun = run(cluster, files, "--chunksize", "200")
    code, text = begun.wait(300)
    assert code == 0, text
    is_measured(cluster, golden_result)
    workers = {row.worker.split(":")[1] for row in Result.load(cluster.parent / "out").ledger}
    assert workers == {"HTCondorCluster-0", "HTCondorCluster-1"}
    nothing_is_left(pool, begun, cluster)


@pytest.mark.parametrize("what", ["condor_rm", "condor_hold"])
def test_a_job_is_removed_or_held_in_mid_run(
    what: str, describe: Describe, pool: HTCondor, files: Path, golden_result: Result
) -> None:
    cluster = describe()
    begun = run(cluster, files, "--chunksize", "40")
    until_mid_run(begun, cluster)
    job, other = pool.jobs(status=2)
    pool.ask(what, job)
    assert begun.process.poll() is None
    code, text = begun.wait(300)
    assert code == 0, text
    is_measured(cluster, golden_result)
    told = f"dtperf: job {job} was held, and its place taken by another: via condor_hold"
    assert (told in text) is (what == "condor_hold")
    assert f"job {other} was held" not in text
    nothing_is_left(pool, begun, cluster)


def test_ctrl_c_ends_the_jobs(describe: Describe, pool: HTCondor, files: Path) -> None:
    cluster = describe()
    begun = run(cluster, files, "--chunksize", "40")
    until_mid_run(begun, cluster)
    begun.interrupt()
    code, text = begun.wait(240)
    assert code == 130, text
    assert "Traceback" not in text
    nothing_is_left(pool, begun, cluster)


def test_one_cluster_for_several_runs(
    describe: Describe, pool: HTCondor, files: Path, golden_result: Result
) -> None:
    cluster = describe()

    def said(command: str, *more: str) -> str:
        code, text = dtperf("cluster", command, cluster, *more).wait(180)
        assert code == 0, text
        return text

    up = dtperf("cluster", "up", cluster)
    code, text = up.wait(180)
    assert code == 0, text
    assert "up at tls://127.0.0.1:" in text
    try:
        code, text = run(cluster, files).wait(180)
        assert code == 0, text
        is_measured(cluster, golden_result)
        assert len(pool.jobs()) == 2
        said("scale", "3")
        pool.wait_until(lambda: len(pool.jobs(status=2)) == 3)
        assert "3 are asked for now" in said("status")
        # what HTCondor starts nowhere waits, and what it holds is told with the reason
        job = pool.jobs()[-1]
        pool.ask("condor_hold", "-reason", "too hot in here", job)
        assert f"HTCondor: job {job}: held: too hot in here" in said("status")
        said("scale", "1")
        pool.wait_until(lambda: len(pool.jobs()) == 1)
        assert "Start worker at" in said("logs")
    finally:
        code, text = dtperf("cluster", "down", cluster).wait(180)
    assert code == 0, text
    nothing_is_left(pool, up, cluster)


def test_what_a_killed_keeper_has_left(describe: Describe, pool: HTCondor) -> None:
    # those that run end with the scheduler; of six jobs two wait for one of the four cores
    cluster = describe(workers=6)
    up = dtperf("cluster", "up", cluster)
    code, text = up.wait(180)
    assert code == 0, text
    told = json.loads((cluster.parent / "state/dtperf/kept-condor/scheduler.json").read_text())
    os.kill(told["pid"], signal.SIGKILL)
    assert len(pool.jobs()) >= 2
    code, text = dtperf("cluster", "down", cluster).wait(240)
    assert text == f"{cluster}: down\n"
    nothing_is_left(pool, up, cluster)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"directives": {"universe": "parallel_worlds"}}, ["condor_submit refused the job"]),
        (
            {"directives": {"transfer_input_files": "file:///nowhere/calibration"}},
            [
                "2 jobs are held or gone, and no worker is there",
                " is held: Transfer input files failure",
                "Couldn't open file /nowhere/calibration",
            ],
        ),
        (
            {"python": "/nowhere/python"},
            [
                "2 workers have ended soon after the start",
                "/nowhere/python: ",
                "This speaks of the software",
            ],
        ),
        (
            {"memory": "500GiB", "wait_s": 10},
            ["0 of 2 workers have come in 10 s", "HTCondor: jobs ", ": waiting"],
        ),
    ],
    ids=["refused", "held", "fails", "fits_nowhere"],
)
def test_workers_that_cannot_come(
    more: dict[str, Any], told: list[str], describe: Describe, pool: HTCondor, files: Path
) -> None:
    """Long before the time is up that workers are waited for, if they never will."""
    cluster = describe(**{"wait_s": 600, **more})
    begun = run(cluster, files)
    code, text = begun.wait(150)
    assert code == 1, text
    for each in told:
        assert each in text
    assert "Traceback" not in text
    nothing_is_left(pool, begun, cluster)
