"""Workers as jobs of a real Slurm: TLS, equal counts, and nothing left behind."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.execution.runner import Progress
from dtperf.results.result import Result
from tests.helpers.runs import assert_same, with_run
from tests.integration.commands import Command, finished
from tests.integration.slurm import Slurm, slurm
from tests.processors.written import assert_counted, write_processor

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def system() -> Iterator[Slurm]:
    with slurm() as started:
        yield started


@pytest.fixture
def cluster(system: Slurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A description of two workers, and the way to Slurm in the environment."""
    monkeypatch.setenv("SLURM_CONF", str(system.config))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "slurm.yaml"
    content = {"kind": "slurm", "workers": 2, "min_workers": 2, "memory": "1GiB"}
    path.write_text(yaml.safe_dump({**content, "host": "127.0.0.1", "wait_s": 120}))
    return path


def begin(cluster: Path, files: Path, keys: dict[str, object]) -> Command:
    """Begin a run with other keys of the description."""
    content = yaml.safe_load(cluster.read_text())
    cluster.write_text(yaml.safe_dump({**content, **keys}))
    out = cluster.parent / "out"
    return Command(["run", "reference_2023", files, "-o", out, "--cluster", cluster])


def nothing_is_left(system: Slurm, begun: Command | None = None) -> None:
    deadline = time.monotonic() + 240
    while system.jobs() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert system.jobs() == []
    if begun is not None:
        assert begun.strays() == []


def test_a_run(cluster: Path, system: Slurm, files: Path, golden_result: Result) -> None:
    out = cluster.parent / "out"
    run = ["run", "reference_2023", files, "-o", out, "--chunksize", "200", "--cluster", cluster]
    begun = Command([*run])
    code, text = begun.wait(300)
    assert code == 0, text
    result = Result.load(out)
    assert_same(result, golden_result)
    assert result.ledger.events("read") == 4000
    assert len({row.worker for row in result.ledger}) == 2
    nothing_is_left(system, begun)
    assert not [*(cluster.parent / "state/dtperf").iterdir()]


def test_a_users_processor_whose_file_no_worker_has(
    cluster: Path, system: Slurm, files: Path, reference_config: AnalysisConfig
) -> None:
    path = write_processor(cluster.parent / "mine")

    def remove(_: Progress) -> None:
        path.unlink(missing_ok=True)

    result = dtperf.run(
        with_run(reference_config, chunksize=200),
        files,
        cluster=cluster,
        processor=f"{path}:Stations",
        on_progress=remove,
    )
    assert not path.exists()
    assert_counted(result.extra)
    assert len({row.worker for row in result.ledger}) == 2
    nothing_is_left(system)


def test_a_job_is_cancelled_in_mid_run(
    cluster: Path,
    system: Slurm,
    files: Path,
    reference_config: AnalysisConfig,
    golden_result: Result,
) -> None:
    cancelled = threading.Event()

    def cancel(progress: Progress) -> None:
        if progress.stage == "measuring" and progress.done > 800 and not cancelled.is_set():
            cancelled.set()
            system.ask("scancel", system.jobs()[0])

    config = with_run(reference_config, chunksize=40)
    result = dtperf.run(config, files, cluster=cluster, on_progress=cancel)
    assert cancelled.is_set()
    assert_same(result, golden_result)
    assert result.ledger.events("read") == 4000
    nothing_is_left(system)


def test_ctrl_c_ends_the_jobs(cluster: Path, system: Slurm, files: Path) -> None:
    out = cluster.parent / "out"
    run = ["run", "reference_2023", files, "-o", out, "--chunksize", "10", "--cluster", cluster]
    begun = Command([*run])
    deadline = time.monotonic() + 120
    while not (out / "partial").is_dir() and begun.process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    begun.interrupt()
    code, text = begun.wait(240)
    assert code == 130, text
    assert "Traceback" not in text
    nothing_is_left(system, begun)


def test_one_cluster_for_several_runs(
    cluster: Path, system: Slurm, files: Path, golden_result: Result
) -> None:
    up = Command(["cluster", "up", cluster])
    code, text = up.wait(180)
    assert code == 0, text
    assert "up at tls://127.0.0.1:" in text
    try:
        for number in range(2):
            out = cluster.parent / f"out{number}"
            code, text = finished("run", "reference_2023", files, "-o", out, "--cluster", cluster)
            assert code == 0, text
            assert_same(Result.load(out), golden_result)
        assert len(system.jobs()) == 2
        code, text = finished("cluster", "status", cluster)
        assert "2 workers are there; 2 are asked for now" in text
        assert finished("cluster", "scale", cluster, "1")[0] == 0
        deadline = time.monotonic() + 240
        while len(system.jobs()) > 1 and time.monotonic() < deadline:
            time.sleep(0.5)
        assert len(system.jobs()) == 1
        code, text = finished("cluster", "logs", cluster)
        assert code == 0
        assert "Start worker at" in text
    finally:
        code, text = finished("cluster", "down", cluster)
    assert code == 0, text
    nothing_is_left(system, up)
    assert not [*(cluster.parent / "state/dtperf").iterdir()]


def test_a_job_that_slurm_does_not_take(cluster: Path, system: Slurm, files: Path) -> None:
    begun = begin(cluster, files, {"partition": "nowhere"})
    code, text = begun.wait(120)
    assert code == 1
    assert "sbatch refused the job" in text
    assert "invalid partition" in text
    assert "Traceback" not in text
    nothing_is_left(system, begun)


def test_workers_that_fail_at_once(cluster: Path, system: Slurm, files: Path) -> None:
    """Long before the time is up that workers are waited for, with what they said."""
    begun = begin(cluster, files, {"python": "/nowhere/python", "wait_s": 600})
    code, text = begun.wait(150)
    assert code == 1, text
    assert "2 workers have ended soon after the start" in text
    assert "/nowhere/python: No such file or directory" in text
    assert "speaks of the software" in text
    assert "Traceback" not in text
    nothing_is_left(system, begun)
    assert not [*(cluster.parent / "state/dtperf").iterdir()]


def test_jobs_that_are_held(cluster: Path, system: Slurm, files: Path) -> None:
    begun = begin(cluster, files, {"flags": ["--hold"], "wait_s": 600})
    code, text = begun.wait(150)
    assert code == 1, text
    assert "2 jobs are held or gone, and no worker is there" in text
    assert " is held: JobHeldUser" in text
    nothing_is_left(system, begun)


def test_more_memory_than_any_node_has(cluster: Path, system: Slurm, files: Path) -> None:
    """Slurm takes such a job where another node may come; then no worker does."""
    begun = begin(cluster, files, {"memory": "500GiB", "wait_s": 10})
    code, text = begun.wait(120)
    assert code == 1
    assert "refused the job" in text or re.search(
        r"0 of 2 workers have come in 10 s.*\nSlurm: jobs \d+, \d+: waiting: \w+", text
    )
    assert "Traceback" not in text
    nothing_is_left(system, begun)
