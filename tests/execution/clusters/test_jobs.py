"""Jobs in the queue of a batch system: whose they are, which are held, and why."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import htcondor2
import pytest

from dtperf.errors import ConfigError, DtperfError
from dtperf.execution.clusters import deaths, load_cluster
from dtperf.execution.clusters.jobs import Job, read_jobs, states_of_jobs, watch_jobs, were_held
from tests.execution.clusters.test_batch import commands, script, tool

__all__ = ["commands"]  # a fixture

HTCONDOR: Any = load_cluster({"kind": "htcondor"})
SLURM: Any = load_cluster({"kind": "slurm"})
REASON = "Transfer input files failure at execution point slot1_1@vm.\n\tDetails: no such file"
QUEUE = [
    {"ClusterId": 4, "JobStatus": 2},
    {"ClusterId": 5, "JobStatus": 5, "HoldReason": REASON},
    *({"ClusterId": number, "JobStatus": 1} for number in range(6, 13)),
    {"ClusterId": 13, "JobStatus": 3},
    {"ClusterId": 14, "JobStatus": 4},
]
"""Running, held, waiting, and two that leave."""
LOG = """\
000 (005.000.000) 2026-11-27 22:13:34 Job submitted from host: <127.0.0.1:44629>
...
012 (005.000.000) 2026-11-27 22:13:40 Job was held.
\tError from slot1_1@vm: memory usage exceeded request_memory
\tCode 34 Subcode 0
...
009 (005.000.000) 2026-11-27 22:13:42 Job was aborted.
\tvia condor_rm (by user me)
...
"""


def answers(commands: Path, name: str, text: str) -> None:
    """Let a command print something, and keep what it was asked."""
    tool(
        commands, name, f'#!/bin/sh\necho "$@" > {commands}/asked\nprintf %s {shlex.quote(text)}\n'
    )


def test_the_queue_of_htcondor(commands: Path) -> None:
    answers(commands, "condor_q", json.dumps(QUEUE))
    held, *others = states_of_jobs(HTCONDOR, Path("kept-my mu"))
    assert held == f"job 5: held: {' '.join(REASON.split())}"
    assert others == ["jobs 6, 7, 8, 9, 10 and 2 others: waiting"]
    assert [job.number for job in read_jobs(HTCONDOR, Path())] == [*map(str, range(4, 13))]
    answers(commands, "condor_q", "")
    assert read_jobs(HTCONDOR, Path()) == []


@pytest.mark.parametrize(
    ("line", "job"),
    [
        ("7|RUNNING|None", Job("7", "running")),
        ("7|COMPLETING|None", Job("7", "running")),
        ("7|PENDING|Priority", Job("7", "waiting", "Priority")),
        ("7|PENDING|JobHeldAdmin", Job("7", "held", "JobHeldAdmin")),
        (
            "7|PENDING|launch failed requeued held",
            Job("7", "held", "launch failed requeued held"),
        ),
        ("7|REQUEUE_HOLD|x", Job("7", "held", "x")),
    ],
)
def test_the_queue_of_slurm(line: str, job: Job, commands: Path) -> None:
    answers(commands, "squeue", line)
    assert read_jobs(SLURM, Path()) == [job]


def test_only_the_jobs_of_the_cluster_are_asked_for(commands: Path, tmp_path: Path) -> None:
    """By the name that they are submitted with."""
    folder = tmp_path / "kept-my mu"
    answers(commands, "condor_q", "")
    read_jobs(HTCONDOR, folder)
    name = htcondor2.Submit(script({"kind": "htcondor"}, folder))["batch_name"]
    assert f'JobBatchName == "{name}"' in (commands / "asked").read_text()
    answers(commands, "squeue", "")
    read_jobs(SLURM, folder)
    assert f"#SBATCH -J {name}\n" in script({"kind": "slurm"}, folder)
    assert f"--name {name} " in (commands / "asked").read_text()


def test_held_jobs_are_not_waited_for_unless_another_may_come(
    commands: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deaths, "LOOK_S", 0.0)
    answers(commands, "condor_q", json.dumps(QUEUE))
    workers = {0: SimpleNamespace(job_id="5.0"), 1: SimpleNamespace(job_id="6.0")}
    watch = watch_jobs(HTCONDOR, SimpleNamespace(workers=workers), tmp_path)
    for _ in range(3):
        watch(0)
    workers[1].job_id = "99.0"  # has left the queue
    with pytest.raises(DtperfError, match="held or gone, and no worker is there") as caught:
        watch(0)
    assert "job 5.0 is held: Transfer input files failure at" in str(caught.value)


def test_a_job_that_was_held_is_known_when_it_has_been_removed(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/worker-5.log").write_text(LOG)
    (tmp_path / "logs/worker-5.0.err").write_text("012 (006.000.000) Job was held.\n\tno\n")
    why = "Error from slot1_1@vm: memory usage exceeded request_memory"
    assert were_held(tmp_path) == {"5": why}


def test_a_description_keeps_what_a_worker_needs(tmp_path: Path) -> None:
    theirs = {"transfer_input_files": "calibration.root, https://x.example/y"}
    submit = htcondor2.Submit(script({"kind": "htcondor", "directives": theirs}, tmp_path))
    files = [Path(name.strip()).name for name in submit["transfer_input_files"].split(",")]
    assert files == ["ca.crt", "tls.crt", "tls.key", "calibration.root", "y"]
    with pytest.raises(ConfigError, match=r"directives\.Environment: is set by dtperf: use env"):
        load_cluster({"kind": "htcondor", "directives": {"Environment": "X=1"}})
