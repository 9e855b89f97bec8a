"""`dtperf cluster …`, and `dtperf run --cluster`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import yaml

from dtperf.execution.clusters import persistent as clusters
from dtperf.execution.pools import InProcessPool, Pool
from dtperf.execution.takedown import TakeDownWarning, taken_down
from dtperf.results.result import Result
from tests.cli.commands import Done, call
from tests.cli.test_json import documented
from tests.helpers.golden import GOLDEN
from tests.helpers.runs import assert_same

Call = Callable[..., Done]


@pytest.fixture
def dtperf(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Call:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return partial(call, monkeypatch, capfd)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text("kind: local\nworkers: 1\n")
    return path


def test_up_run_status_scale_down(
    dtperf: Call, mine: Path, tmp_path: Path, golden_result: Result
) -> None:
    up = dtperf("cluster", "up", mine)
    try:
        assert up.code == 0, up.err
        assert "up at tls://127.0.0.1:" in up.out
        status = dtperf("cluster", "status", mine)
        assert "1 workers are there; 1 are asked for now" in status.out
        content = json.loads(dtperf("cluster", "status", mine, "--json").out)
        assert {*content} == documented()["cluster status"]
        [worker] = content["workers"]
        assert {"name", "host", "threads", "cpu_percent", "memory_megabytes"} == {*worker}
        assert re.search(r"dashboard http://127\.0\.0\.1:\d+/status$", status.out, re.MULTILINE)
        run = dtperf("run", "reference_2023", GOLDEN, "-o", tmp_path / "out", "--cluster", mine)
        assert run.code == 0, run.err
        assert_same(Result.load(tmp_path / "out"), golden_result)
        assert dtperf("cluster", "scale", mine, "2").code == 0
        assert "2 are asked for now" in dtperf("cluster", "status", mine).out
        logs = dtperf("cluster", "logs", mine)
        assert "keeper.log" in logs.out
        assert said_to_a_closed_pipe("cluster", "logs", mine) == (0, "")
    finally:
        down = dtperf("cluster", "down", mine)
    assert (down.code, down.out) == (0, f"{mine}: down\n")
    assert dtperf("cluster", "down", mine).out == f"{mine}: was not up\n"


def said_to_a_closed_pipe(*words: str | Path) -> tuple[int, str]:
    """Run a command whose reader has seen enough, as that of `| head` has."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-c", "from dtperf.cli import main; main()", *map(str, words)]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    return done.returncode, done.stderr


def test_a_cluster_that_was_up_says_why_it_is_not_any_more(dtperf: Call, mine: Path) -> None:
    assert dtperf("cluster", "up", mine).code == 0
    try:
        kept = clusters.find(mine)
        assert kept is not None
        (kept.folder / "wanted").write_text("nonsense")
        deadline = time.monotonic() + 240
        while clusters.find(mine) and time.monotonic() < deadline:
            time.sleep(0.1)
        status = dtperf("cluster", "status", mine)
        assert status.code == 2
        assert "mine.yaml: is not up any more: " in status.err
        assert "nonsense" in status.err
    finally:
        dtperf("cluster", "down", mine)


def test_what_was_left_behind_is_one_line(
    dtperf: Call, monkeypatch: pytest.MonkeyPatch, mine: Path, tmp_path: Path
) -> None:
    """And the run has not failed."""

    @contextmanager
    def stuck(*_: object) -> Iterator[Pool]:
        with taken_down() as stack:
            stack.callback(fail)
            yield InProcessPool()

    def fail() -> None:
        raise OSError("no such job")

    monkeypatch.setattr("dtperf.execution.runner.worker_pool", stuck)
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    with pytest.warns(TakeDownWarning) as told:  # pytest shows warnings itself
        run = dtperf("run", "reference_2023", GOLDEN, "-o", tmp_path / "out")
    assert run.code == 0
    line = warnings.formatwarning(told[0].message, told[0].category, "takedown.py", 1)
    assert line == "dtperf: the workers were not taken down: no such job\n"
    assert Result.load(tmp_path / "out").totals["events"] == 4000


@pytest.mark.parametrize("command", [["status"], ["logs"], ["scale"]])
def test_nothing_is_up(command: list[str], dtperf: Call, mine: Path) -> None:
    done = dtperf("cluster", *command, mine, *(["2"] if command == ["scale"] else []))
    assert done.code == 2
    assert "is not up: start it with `dtperf cluster up" in done.err
    assert "Traceback" not in done.err


def test_a_cluster_for_one_run(
    dtperf: Call, mine: Path, tmp_path: Path, golden_result: Result
) -> None:
    run = dtperf("run", "reference_2023", GOLDEN, "-o", tmp_path / "out", "--cluster", mine)
    assert run.code == 0, run.err
    assert_same(Result.load(tmp_path / "out"), golden_result)
    assert "Traceback" not in run.err


def test_a_cluster_and_an_executor(dtperf: Call, mine: Path, tmp_path: Path) -> None:
    options = ["--cluster", mine, "--executor", "futures"]
    done = dtperf("run", "reference_2023", GOLDEN, "-o", tmp_path / "out", *options)
    assert done.code == 2
    assert "--cluster and --executor" in done.err


def test_a_wrong_description(dtperf: Call, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("kind: slurm\nwalltime: 8h\n")
    options = ["-o", tmp_path / "out", "--cluster", tmp_path / "bad.yaml"]
    done = dtperf("run", "reference_2023", GOLDEN, *options)
    assert done.code == 2
    assert "bad.yaml: walltime" in done.err
    assert not (tmp_path / "out").exists()


def test_a_manifest_to_read(dtperf: Call) -> None:
    done = dtperf("cluster", "manifest", "interlink")
    assert done.code == 0, done.err
    kinds = [each["kind"] for each in yaml.safe_load_all(done.out)]
    assert {"Secret", "DaskCluster", "NetworkPolicy", "Service"} <= {*kinds}
    assert "PRIVATE KEY" not in done.out


def test_a_manifest_to_apply(dtperf: Call, tmp_path: Path) -> None:
    done = dtperf("cluster", "manifest", "kubernetes", "--secrets", tmp_path / "tls")
    objects = {each["kind"]: each for each in yaml.safe_load_all(done.out)}
    assert set(objects["Secret"]["data"]) == {"ca.crt", "tls.crt", "tls.key"}
    assert (tmp_path / "tls/tls.key").stat().st_mode & 0o777 == 0o600
    assert objects["DaskAutoscaler"]["spec"]["maximum"] == 16


def test_only_pods_have_a_manifest(dtperf: Call) -> None:
    done = dtperf("cluster", "manifest", "slurm")
    assert done.code == 2
    assert "only pods have a manifest" in done.err
