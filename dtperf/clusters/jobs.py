"""Jobs of a batch system that end, and what they said: ``watch_jobs(config, cluster, folder)``."""

from __future__ import annotations

import re
import subprocess
from getpass import getuser
from pathlib import Path
from typing import Any

from dtperf.clusters.deaths import Death, Seen, Watch
from dtperf.clusters.folders import last_words
from dtperf.clusters.model import HTCondor, Slurm
from dtperf.errors import DtperfError

__all__ = ["watch_jobs"]

LINES = 10
ANSWER_S = 30
QUEUES = {
    "slurm": ("squeue", "--noheader", "--format=%A"),
    "htcondor": ("condor_q", "-autoformat", "ClusterId"),
}
USER = {"slurm": ("--user", getuser())}


def watch_jobs(config: Slurm | HTCondor, cluster: Any, folder: Path) -> Watch:
    """Watch the jobs of a cluster.

    Args:
        config: The batch system.
        cluster: As `batch_cluster` gives it.
        folder: With the logs of its jobs.
    """

    def see() -> Seen:
        queued = _queued(config)
        jobs = [job for job in [*cluster.workers.values()] if job.job_id]
        gone = [job for job in jobs if _number(job.job_id) not in queued]
        deaths = [Death(job.job_id, f"job {job.job_id}", "", None) for job in gone]
        return Seen(deaths, bool(jobs) and len(gone) == len(jobs))

    return Watch(config.workers, see, lambda _: last_words(folder, LINES))


def _queued(config: Slurm | HTCondor) -> set[str]:
    """List the numbers of all jobs that wait or run.

    Raises:
        DtperfError: The batch system does not tell.
    """
    command = [*QUEUES[config.kind], *USER.get(config.kind, ())]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_S, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise DtperfError(f"{command[0]}: {error}") from error
    return {_number(line) for line in done.stdout.split()}


def _number(job: str) -> str:
    return re.split(r"[._]", job, maxsplit=1)[0]
