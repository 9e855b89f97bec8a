"""Workers as jobs of Slurm or HTCondor: ``with batch_cluster(config, folder) as cluster: …``."""

from __future__ import annotations

import re
import shlex
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Any

from dtperf.errors import ConfigError, DtperfError
from dtperf.execution.clusters.dashboard import LATER, no_pages
from dtperf.execution.clusters.local import grow
from dtperf.execution.clusters.model import HTCondor, Slurm
from dtperf.execution.clusters.tls import Credentials
from dtperf.extras import install_command

__all__ = ["LOGS", "batch_cluster", "description", "name_of_jobs"]

LOGS = "logs"
WORKER = "dtperf.execution.clusters.worker"
COMMANDS = {"slurm": "sbatch", "htcondor": "condor_submit"}
HAND_BACK_S = 300
"""So long before the batch system ends a job its worker ends by itself."""
REPLACE_MS = 20_000
"""How often to look for jobs that have ended, and submit others."""
DEATH_TIMEOUT_S = 300
TRANSFERRED = "transfer_input_files"


@contextmanager
def batch_cluster(config: Slurm | HTCondor, folder: Path) -> Iterator[Any]:
    """Start a scheduler here whose workers are jobs, and end all of it afterwards.

    Args:
        config: The batch system, and how many workers to submit.
        folder: For certificates and logs; of Slurm, the nodes must see it.

    Yields:
        The cluster; `scale` it as any of Dask's. Jobs that end are replaced.

    Raises:
        ConfigError: The batch system's commands, or dask-jobqueue, are not there.
        DtperfError: The scheduler cannot listen, or the batch system refuses the jobs.
    """
    cluster = _open(config, folder)
    with cluster:
        try:
            # one alone first: what is wrong with it is wrong with all
            for workers in (1, config.workers):
                cluster.sync(grow, cluster, workers, callback_timeout=config.wait_s)
        except RuntimeError as error:
            _give_up_refused(cluster)
            raise DtperfError(
                f"{COMMANDS[config.kind]} refused the job: {_reason(error)}"
            ) from None
        except TimeoutError:
            _give_up_refused(cluster)
            raise DtperfError(
                f"{COMMANDS[config.kind]} has not taken the jobs within {config.wait_s} s: is the "
                "batch system up? What it has taken may be left: look at its queue"
            ) from None
        cluster.loop.add_callback(_replace_ended, cluster)
        yield cluster


def _open(config: Slurm | HTCondor, folder: Path) -> Any:
    command = COMMANDS[config.kind]
    if which(command) is None:
        raise ConfigError(f"{config.kind}: there is no {command} here: is this a submit node?")
    try:
        with _signals_kept():
            from dask_jobqueue.htcondor import HTCondorCluster
            from dask_jobqueue.slurm import SLURMCluster
    except ImportError:
        raise ConfigError(
            f"{config.kind}: needs dask-jobqueue: {install_command('clusters')}"
        ) from None
    kind = SLURMCluster if isinstance(config, Slurm) else HTCondorCluster
    try:
        with no_pages() as add_pages:
            cluster = kind(**description(config, folder))
    except (OSError, RuntimeError) as error:
        where = f"{config.host or socket.gethostname()}:{config.port}"
        raise DtperfError(f"the scheduler cannot listen at {where}: {error}") from error
    add_pages(cluster.scheduler)
    return cluster


def _give_up_refused(cluster: Any) -> None:
    from distributed.core import Status

    # the cluster does not close while it takes a job for about to start
    for job in cluster._created:
        if job.status == Status.created:
            job.status = Status.failed


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Undo what dask-jobqueue does when it is imported: it lets Ctrl-C end in exit code 0."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


async def _replace_ended(cluster: Any) -> None:
    from tornado.ioloop import PeriodicCallback

    callback = PeriodicCallback(cluster._correct_state, REPLACE_MS)
    cluster.periodic_callbacks["replace ended jobs"] = callback
    callback.start()


def _reason(error: RuntimeError) -> str:
    """Find in dask-jobqueue's message what the command has printed."""
    text = str(error)
    return " ".join(text.partition("stderr:")[2].split()) or text


def description(config: Slurm | HTCondor, folder: Path) -> dict[str, Any]:
    """Return what dask-jobqueue needs to know; makes the certificates.

    Args:
        config: The batch system.
        folder: For certificates and logs.

    Returns:
        Arguments of `SLURMCluster` or `HTCondorCluster`.
    """
    credentials = Credentials.make(folder / "tls") if config.tls else None
    options: dict[str, Any] = {
        "cores": config.cores,
        "processes": 1,
        "memory": config.memory,
        "python": config.python or sys.executable,
        "worker_command": WORKER,
        "death_timeout": DEATH_TIMEOUT_S,
        "job_name": name_of_jobs(folder),
        "log_directory": str(folder / LOGS),
        "protocol": "tls://" if credentials else "tcp://",
        "security": credentials.security() if credentials else None,
        "scheduler_options": {
            "host": config.host or socket.gethostname(),
            "port": config.port,
            "dashboard_address": config.dashboard,
            **LATER,
        },
    }
    if isinstance(config, Slurm):
        return options | _slurm(config, credentials)
    return options | _htcondor(config, credentials, options["job_name"])


def name_of_jobs(folder: Path) -> str:
    """Name the jobs of a cluster, as queues show it and can be asked for it.

    Args:
        folder: Of the cluster; no other that is there has its name.
    """
    return f"dtperf-{re.sub(r'[^A-Za-z0-9_.-]', '-', folder.name)}"


def _slurm(config: Slurm, credentials: Credentials | None) -> dict[str, Any]:
    environment = _environment(config)
    if credentials:
        environment["DTPERF_TLS"] = str(credentials.ca.parent)
    if config.proxy:
        environment["DTPERF_PROXY"] = str(Path(config.proxy).expanduser())
    exports = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    return {
        "queue": config.partition,
        "account": config.account,
        "walltime": config.walltime,
        "job_extra_directives": [*config.flags],
        # what the worker does not run itself must not outlive it
        "job_script_prologue": [*config.setup, *exports],
    }


def _htcondor(config: HTCondor, credentials: Credentials | None, name: str) -> dict[str, Any]:
    """Return how HTCondor is told to carry the secrets: its nodes need not see our folder."""
    from dask_jobqueue.htcondor import quote_environment

    environment, files = _environment(config), list[str]()
    lines = {
        "batch_name": name,
        "should_transfer_files": "YES",
        "when_to_transfer_output": "ON_EXIT",
    }
    if credentials:
        environment["DTPERF_TLS"] = "."
        files += map(str, credentials)
    if config.proxy:
        proxy = Path(config.proxy).expanduser()
        environment["DTPERF_PROXY"] = proxy.name
        if _is_token(proxy):
            files.append(str(proxy))
        else:
            # HTCondor renews it as long as the job runs
            lines["x509userproxy"] = str(proxy)
    theirs = dict(config.directives)
    for key in [key for key in theirs if key.lower() == TRANSFERRED]:
        files.append(theirs.pop(key))
    if files:
        lines[TRANSFERRED] = ", ".join(files)
    if config.image:
        lines |= {"universe": "container", "container_image": config.image}
    lines["environment"] = f'"{quote_environment(environment)}"'
    lines["+MaxRuntime"] = str(seconds(config.walltime))
    return {
        "disk": config.disk,
        "job_extra_directives": {**lines, **theirs},
        "job_script_prologue": [*config.setup],
    }


def _is_token(path: Path) -> bool:
    """Return whether a file that is there is no proxy, which condor_submit would refuse."""
    try:
        return b"-----BEGIN" not in path.read_bytes()
    except OSError:
        return False


def _environment(config: Slurm | HTCondor) -> dict[str, str]:
    variables = {
        "DTPERF_LIFETIME_S": str(max(60, seconds(config.walltime) - HAND_BACK_S)),
        "DTPERF_MEMORY": config.memory.replace(" ", ""),
    }
    if config.scratch:
        variables["DTPERF_SCRATCH"] = config.scratch
    return {**variables, **config.environment}


def seconds(walltime: str) -> int:
    """Convert [days-]hours:minutes:seconds."""
    days, _, rest = walltime.rpartition("-")
    hours, minutes, secs = map(int, rest.split(":"))
    return 86_400 * int(days or 0) + 3600 * hours + 60 * minutes + secs
