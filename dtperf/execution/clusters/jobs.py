"""Jobs of a batch system that end or are held, and what they said: ``watch_jobs(…)``."""

from __future__ import annotations

import json
import re
import subprocess
from getpass import getuser
from pathlib import Path
from typing import Any, NamedTuple

from dtperf.errors import DtperfError
from dtperf.execution.clusters.batch import LOGS, name_of_jobs
from dtperf.execution.clusters.deaths import WorkerDeath, WorkersSeen, WorkerWatch
from dtperf.execution.clusters.model import HTCondor, Slurm
from dtperf.execution.clusters.persistent import last_words

__all__ = ["Job", "read_jobs", "remove_jobs", "states_of_jobs", "watch_jobs", "were_held"]

LINES = 10
ANSWER_S = 30
MOST = 5
"""Of the numbers in a line."""
HELD, WAITING, RUNNING = "held", "waiting", "running"
STATES = {1: WAITING, 5: HELD, 7: "suspended"}
"""Of HTCondor's JobStatus; the others are running."""
LEAVING = (3, 4)
"""HTCondor's JobStatus of what has been removed or has ended, though it is in the queue still."""
HELD_IN_SLURM = re.compile("held|hold", re.IGNORECASE)
"""In its reasons, such as JobHeldUser, JobHoldMaxRequeue or "launch failed requeued held"."""
HELD_IN_LOG = re.compile(r"^012 \((\d+)\..*\n\s+(.+)", re.MULTILINE)
"""Event 012 of HTCondor's log, and the reason below it."""


class Job(NamedTuple):
    """A job in the queue."""

    number: str
    state: str
    """Held until somebody releases it, waiting, running, or suspended."""
    why: str = ""
    """Why it is not running, as the batch system says it; empty if it does not."""


def watch_jobs(config: Slurm | HTCondor, cluster: Any, folder: Path) -> WorkerWatch:
    """Watch the jobs of a cluster.

    Args:
        config: The batch system.
        cluster: As `batch_cluster` gives it.
        folder: With the logs of its jobs.
    """

    def see() -> WorkersSeen:
        queue = {job.number: job for job in read_jobs(config, folder)}
        deaths, ours = list[WorkerDeath](), [job.job_id for job in [*cluster.workers.values()]]
        for job in filter(None, ours):
            queued = queue.get(_number(job))
            if queued is None:
                deaths.append(WorkerDeath(job, f"job {job}", "", None))
            elif queued.state == HELD:
                deaths.append(
                    WorkerDeath(f"{job}/held", f"job {job}", queued.why, None, is_held=True)
                )
        return WorkersSeen(deaths, bool(deaths) and len(deaths) == len(ours))

    return WorkerWatch(config.workers, see, lambda _: last_words(folder, LINES))


def read_jobs(config: Slurm | HTCondor, folder: Path) -> list[Job]:
    """Read the jobs of a cluster from the queue of its batch system.

    Args:
        config: The batch system.
        folder: Of the cluster.

    Raises:
        DtperfError: The batch system does not answer.
    """
    name = name_of_jobs(folder)
    if isinstance(config, HTCondor):
        attributes = "ClusterId,JobStatus,HoldReason"
        mine = f'JobBatchName == "{name}"'
        answer = _answer("condor_q", "-json", "-attributes", attributes, "-constraint", mine)
        try:
            # an empty queue is an empty text
            ads = json.loads(answer) if answer.strip() else []
        except ValueError as error:
            raise DtperfError(f"condor_q: its answer cannot be read: {error}") from error
        return [
            Job(
                str(ad["ClusterId"]),
                STATES.get(ad["JobStatus"], RUNNING),
                " ".join(ad.get("HoldReason", "").split()),
            )
            for ad in ads
            if ad["JobStatus"] not in LEAVING
        ]
    answer = _answer(
        *("squeue", "--noheader", "--user", getuser(), "--name", name, "--format=%A|%T|%r")
    )
    return [_of_slurm(*line.strip().split("|", maxsplit=2)) for line in answer.splitlines()]


def remove_jobs(config: Slurm | HTCondor, folder: Path) -> bool:
    """Remove all jobs of a cluster that are in the queue.

    Returns:
        Whether there were any.

    Raises:
        DtperfError: The batch system does not answer.
    """
    numbers = [job.number for job in read_jobs(config, folder)]
    if numbers:
        _answer("condor_rm" if isinstance(config, HTCondor) else "scancel", *numbers)
    return bool(numbers)


def _of_slurm(number: str, state: str = "", why: str = "") -> Job:
    if state != "PENDING" and not HELD_IN_SLURM.search(state):
        return Job(number, RUNNING)
    return Job(number, HELD if HELD_IN_SLURM.search(f"{state} {why}") else WAITING, why)


def _answer(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_S, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise DtperfError(f"{command[0]}: {error}") from error
    return done.stdout


def _number(job: str) -> str:
    return re.split(r"[._]", job, maxsplit=1)[0]


def states_of_jobs(config: Slurm | HTCondor, folder: Path) -> list[str]:
    """Return which jobs of a cluster are not running, and why: a line for each state and reason.

    Raises:
        DtperfError: The batch system does not answer.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for job in read_jobs(config, folder):
        if job.state != RUNNING:
            groups.setdefault((job.state, job.why), []).append(job.number)
    # what is held needs somebody, what waits does not
    ordered = sorted(groups.items(), key=lambda group: group[0][0] != HELD)
    return [
        ": ".join(filter(None, [_named(numbers), state, why])) for (state, why), numbers in ordered
    ]


def _named(numbers: list[str]) -> str:
    text = f"job{'s' if len(numbers) > 1 else ''} {', '.join(numbers[:MOST])}"
    return text + (f" and {len(numbers) - MOST} others" if len(numbers) > MOST else "")


def were_held(folder: Path) -> dict[str, str]:
    """Find the jobs of HTCondor that have been held at some time, and the reason of each.

    A worker whose job is held is replaced, and its job removed: only the log of events knows it.

    Args:
        folder: Of the cluster.
    """
    texts = [path.read_text(errors="replace") for path in (folder / LOGS).glob("*.log")]
    return {
        found[1].lstrip("0"): found[2].strip()
        for text in texts
        for found in HELD_IN_LOG.finditer(text)
    }
