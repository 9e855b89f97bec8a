"""`dtperf cluster …`, and `dtperf run --cluster`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import yaml

from dtperf.results import Result
from tests.cli.commands import Done, call
from tests.golden import GOLDEN
from tests.test_runner import assert_same

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
        assert "1 workers are there" in status.out
        run = dtperf("run", "reference_2023", GOLDEN, "-o", tmp_path / "out", "--cluster", mine)
        assert run.code == 0, run.err
        assert_same(Result.load(tmp_path / "out"), golden_result)
        assert dtperf("cluster", "scale", mine, "2").code == 0
        logs = dtperf("cluster", "logs", mine)
        assert "keeper.log" in logs.out
    finally:
        down = dtperf("cluster", "down", mine)
    assert (down.code, down.out) == (0, f"{mine}: down\n")
    assert dtperf("cluster", "down", mine).out == f"{mine}: was not up\n"


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
