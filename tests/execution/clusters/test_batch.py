"""Batch systems: what is submitted, and what is said when that fails."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
from pathlib import Path
from typing import Any

import htcondor2
import pytest
import yaml
from typer.testing import CliRunner

import dtperf
from dtperf.cli.app import app
from dtperf.errors import ConfigError, DtperfError
from dtperf.execution.clusters import load_cluster
from dtperf.execution.clusters.batch import description, seconds
from dtperf.execution.clusters.persistent import last_words, remove

BASE: dict[str, Any] = {"workers": 2, "host": "127.0.0.1", "memory": "1GiB"}


def tool(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for stand-ins, the first on the path; and a private state folder."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return folder


@pytest.mark.parametrize(
    ("text", "expected"),
    [("00:00:30", 30), ("08:00:00", 28_800), ("2-01:02:03", 176_523), ("100:00:00", 360_000)],
)
def test_walltime(text: str, expected: int) -> None:
    assert seconds(text) == expected


def script(content: dict[str, Any], folder: Path) -> str:
    from dask_jobqueue.htcondor import HTCondorJob
    from dask_jobqueue.slurm import SLURMJob

    config: Any = load_cluster({**BASE, **content})
    said = description(config, folder)
    assert said.pop("scheduler_options") == {
        "host": "127.0.0.1",
        "port": 0,
        "dashboard_address": "127.0.0.1:0",
        "dashboard": False,
    }
    kind = SLURMJob if config.kind == "slurm" else HTCondorJob
    return str(kind(scheduler="tls://127.0.0.1:1", name="w", **said).job_script())


def test_slurm_script(tmp_path: Path) -> None:
    text = script(
        {
            "kind": "slurm",
            "cores": 2,
            "walltime": "01:00:00",
            "partition": "short",
            "account": "cms",
            "flags": ["--constraint=el9"],
            "scratch": "/scratch/$USER",
            "proxy": "/home/me/x509",
            "environment": {"XRD_LOGLEVEL": "it's; $(odd)"},
            "setup": ["module load x"],
        },
        tmp_path,
    )
    header = [line for line in text.splitlines() if line.startswith("#SBATCH")]
    for flag in ("-p short", "-A cms", "--cpus-per-task=2", "--mem=1G", "-t 01:00:00"):
        assert f"#SBATCH {flag}" in header
    assert "#SBATCH --constraint=el9" in header
    exports = [line for line in text.splitlines() if line.startswith("export ")]
    told = dict(shlex.split(line)[1].split("=", 1) for line in exports)
    assert told["DTPERF_LIFETIME_S"] == "3300"
    assert told["DTPERF_TLS"] == str(tmp_path / "tls")
    assert told["DTPERF_SCRATCH"] == "/scratch/$USER"
    assert told["DTPERF_PROXY"] == "/home/me/x509"
    assert told["XRD_LOGLEVEL"] == "it's; $(odd)"
    assert text.index("module load x") < text.index(
        "-m dtperf.execution.clusters.worker tls://127.0.0.1:1"
    )
    assert "PRIVATE KEY" not in text


def words(text: str) -> list[str]:
    """Undo the quotes of HTCondor's new syntax."""
    text = text.strip('"').replace('""', '"')
    found, quoted = [""], False
    for place, letter in enumerate(text):
        if letter == "'":
            if not quoted and text[place - 1 : place] == "'":
                found[-1] += "'"
            quoted = not quoted
        elif letter == " " and not quoted:
            found.append("")
        else:
            found[-1] += letter
    return found


def test_htcondor_carries_a_token_as_a_file(tmp_path: Path) -> None:
    token = tmp_path / "bt_u1000"
    token.write_text("eyJ.eyJ.x")
    submit = htcondor2.Submit(script({"kind": "htcondor", "proxy": str(token)}, tmp_path))
    assert str(token) in submit["transfer_input_files"]
    # condor_submit would look for a certificate in it
    assert "x509userproxy" not in submit


def test_htcondor_description(tmp_path: Path) -> None:
    proxy = tmp_path / "x509up"
    proxy.write_text("-----BEGIN CERTIFICATE-----")
    text = script(
        {
            "kind": "htcondor",
            "image": "docker://registry.example/dtperf:0.1.0",
            "disk": "3GB",
            "cores": 2,
            "proxy": str(proxy),
            "environment": {"XRD_LOGLEVEL": "it's odd"},
            "directives": {"+JobFlavour": '"workday"'},
        },
        tmp_path,
    )
    submit = htcondor2.Submit(text)
    assert submit["universe"] == "container"
    assert submit["container_image"] == "docker://registry.example/dtperf:0.1.0"
    assert submit["x509userproxy"] == str(proxy)
    files = [Path(name.strip()) for name in submit["transfer_input_files"].split(",")]
    assert [path.name for path in files] == ["ca.crt", "tls.crt", "tls.key"]
    assert all(path.is_file() for path in files)
    environment = dict(word.split("=", 1) for word in words(submit["environment"]))
    assert environment["XRD_LOGLEVEL"] == "it's odd"
    assert environment["DTPERF_TLS"] == "."
    assert environment["DTPERF_PROXY"] == "x509up"
    assert submit["should_transfer_files"] == "YES"
    assert (submit["MY.DaskWorkerCores"], submit["MY.DaskWorkerMemory"]) == ("2", str(2**30))
    assert submit["MY.DaskWorkerDisk"] == str(3 * 10**9)
    assert submit["MY.JobFlavour"] == '"workday"'
    assert "PRIVATE KEY" not in text


def test_a_machine_that_cannot_submit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for kind, command in (("slurm", "sbatch"), ("htcondor", "condor_submit")):
        with (
            pytest.raises(ConfigError, match=f"{kind}: there is no {command} here"),
            dtperf.cluster({**BASE, "kind": kind}),
        ):
            pass


def test_what_the_batch_system_refuses_is_told(commands: Path) -> None:
    message = "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy"
    tool(commands, "sbatch", f"#!/bin/sh\necho '{message}' >&2\nexit 1\n")
    with (
        pytest.raises(DtperfError, match=r"sbatch refused the job: .*violates accounting/QOS"),
        dtperf.cluster({**BASE, "kind": "slurm"}),
    ):
        pass


def test_workers_that_do_not_come_and_what_their_log_says(commands: Path, tmp_path: Path) -> None:
    logs = f"{tmp_path}/state/dtperf/slurm-*/logs"
    said = "apptainer: FATAL: could not open image dtperf.sif: no such file or directory"
    submit = f"for d in {logs}; do echo '{said}' > $d/dtperf-7.err; done"
    tool(commands, "sbatch", f"#!/bin/sh\n{submit}\necho Submitted batch job 7\n")
    removed = tmp_path / "removed"
    tool(commands, "scancel", f'#!/bin/sh\necho "$@" >> {removed}\n')
    with (
        pytest.raises(DtperfError, match="0 of 1 workers have come in 2 s") as caught,
        dtperf.cluster({**BASE, "kind": "slurm", "wait_s": 2}),
    ):
        pass
    assert said in str(caught.value)
    assert removed.read_text().split() == ["7", "7"]


def slurm_that_fails(commands: Path, logs: str, said: str) -> None:
    """Take each job, let it say something, and forget it."""
    number = f"n=$(($(ls {commands} | grep -c taken) + 1)); touch {commands}/taken$n"
    write = f"for d in {logs}; do echo '{said}' > $d/dtperf-$n.err; done"
    tool(commands, "sbatch", f"#!/bin/sh\n{number}\n{write}\necho Submitted batch job $n\n")
    tool(commands, "squeue", "#!/bin/sh\n")
    tool(commands, "scancel", "#!/bin/sh\n")


def test_jobs_that_have_all_ended_are_not_waited_for(
    commands: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dtperf.execution.clusters.deaths.LOOK_S", 0.2)
    said = "/usr/bin/python: No module named dtperf"
    slurm_that_fails(commands, f"{tmp_path}/state/dtperf/slurm-*/logs", said)
    with (
        pytest.raises(DtperfError, match="2 workers have ended soon after the start") as caught,
        dtperf.cluster({**BASE, "kind": "slurm", "wait_s": 100}),
    ):
        pass
    assert said in str(caught.value)
    assert "speaks of the software" in str(caught.value)
    assert not [*(tmp_path / "state/dtperf").iterdir()], "folders are left"


@pytest.mark.parametrize(
    "squeue",
    ["#!/bin/sh\necho '1|PENDING|Priority'; echo '2|RUNNING|None'\n", "#!/bin/sh\nexit 1\n"],
)
def test_jobs_that_wait_or_of_which_nothing_is_known_are_waited_for(
    squeue: str, commands: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dtperf.execution.clusters.deaths.LOOK_S", 0.1)
    slurm_that_fails(commands, f"{tmp_path}/state/dtperf/slurm-*/logs", "hello")
    tool(commands, "squeue", squeue)
    with (
        pytest.raises(DtperfError, match="0 of 1 workers have come in 2 s"),
        dtperf.cluster({**BASE, "kind": "slurm", "wait_s": 2}),
    ):
        pass


@pytest.mark.slow
def test_a_kept_cluster_whose_jobs_all_end_says_so_and_goes(commands: Path, tmp_path: Path) -> None:
    said = "/usr/bin/python: No module named dtperf"
    slurm_that_fails(commands, f"{tmp_path}/state/dtperf/kept-*/logs", said)
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({**BASE, "kind": "slurm", "wait_s": 100}))
    done = CliRunner().invoke(app, ["cluster", "up", str(path)])
    assert isinstance(done.exception, DtperfError)
    assert "the cluster has ended: 2 workers have ended soon after" in str(done.exception)
    assert said in str(done.exception)
    assert not [*(tmp_path / "state/dtperf").iterdir()], "folders are left"


def test_what_a_worker_said_comes_before_what_is_said_of_it(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    assert last_words(tmp_path, 2) == ""
    (tmp_path / "logs/worker-3.log").write_text("Image size of job updated\n")
    assert last_words(tmp_path, 2) == "Image size of job updated"
    (tmp_path / "logs/worker-3.0.err").write_text("one\ntwo\nthree\n")
    (tmp_path / "logs/worker-3.0.out").write_text("nothing\n")
    (tmp_path / "logs/worker-4.0.err").touch()
    os.utime(tmp_path / "logs/worker-3.0.err", (1, 1))
    assert last_words(tmp_path, 2) == "two\nthree"


def test_a_folder_goes_although_somebody_writes_into_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "htcondor-x"
    (folder / "logs").mkdir(parents=True)
    rmtree, writes = shutil.rmtree, iter(range(2))

    def and_written_to(path: Path, **options: Any) -> None:
        rmtree(path, **options)
        for _ in writes:
            (folder / "logs").mkdir(parents=True)
            (folder / "logs/worker-1.log").write_text("Job was aborted")
            return

    monkeypatch.setattr(shutil, "rmtree", and_written_to)
    remove(folder)
    assert not folder.exists()
