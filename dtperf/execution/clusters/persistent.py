"""Clusters that stay up between runs: ``up(source)``, ``down(source)``.

A process of its own keeps the scheduler, and the jobs of a batch system. What is known of it is in
a folder that only its user can read, named after the file that describes the cluster.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from platformdirs import user_state_path

from dtperf.errors import ConfigError, DtperfError
from dtperf.execution.clusters.load import load_cluster
from dtperf.execution.clusters.model import Address, ClusterConfig, HTCondor, Pods, Slurm
from dtperf.execution.clusters.tls import Credentials
from dtperf.files import is_locked, write_atomic

__all__ = [
    "CONFIG",
    "LOCK",
    "SCHEDULER",
    "WANTED",
    "KeptCluster",
    "down",
    "find",
    "find_same",
    "last_words",
    "remove",
    "scale",
    "state_folder",
    "up",
    "wanted",
    "why_ended",
]

GONE_S, LOOK_S = 10.0, 0.2


def state_folder(given: str | None = None) -> Path:
    """Find the folder, and make it if it is not there, for nobody else to read.

    Args:
        given: A folder instead of the user's own, on Linux XDG_STATE_HOME/dtperf.

    Raises:
        ConfigError: It cannot be made.
    """
    folder = Path(given).expanduser() if given else user_state_path("dtperf")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be made: {error.strerror}") from None
    return folder


def remove(folder: Path) -> None:
    """Remove a folder, into which a batch system may still write that a job has ended."""
    deadline = time.monotonic() + GONE_S
    while True:
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists() or time.monotonic() > deadline:
            return
        time.sleep(LOOK_S)


def last_words(folder: Path, lines: int) -> str:
    """Return the end of what a worker said last; empty if none has said anything.

    Args:
        folder: Of the cluster.
        lines: How many.
    """
    written = [path for path in folder.glob("logs/*") if path.stat().st_size]
    # what the worker itself wrote, before what the batch system says of the job
    own = [path for path in written if path.suffix == ".err"]
    own = own or [path for path in written if path.suffix == ".out"] or written
    if not own:
        return ""
    newest = max(own, key=lambda path: path.stat().st_mtime)
    return "\n".join(newest.read_text(errors="replace").splitlines()[-lines:])


CONFIG, SCHEDULER, WANTED = "cluster.json", "scheduler.json", "wanted"
LOCK, LOG, TLS = ".lock", "keeper.log", "tls"
END_S = 300

_started: dict[int, subprocess.Popen[bytes]] = {}
"""The keepers of this process, so that one that ends is not left as a zombie."""

Source = str | Path | Mapping[str, Any] | ClusterConfig


class KeptCluster(NamedTuple):
    """A cluster that is up."""

    folder: Path
    config: ClusterConfig
    """As it was started."""
    address: str
    """Of its scheduler."""
    pid: int
    """Of the process that keeps it."""

    @property
    def security(self) -> Any:
        """What a client needs to be let in; None without TLS."""
        tls = self.folder / TLS
        return Credentials.in_folder(tls).security() if tls.is_dir() else None

    def check(self, connected: int) -> None:  # noqa: ARG002  # the keeper itself counts them
        """Check that the cluster is still kept.

        Raises:
            DtperfError: It has ended by itself; the message says why.
        """
        if not is_locked(self.folder / LOCK):
            raise DtperfError(f"the cluster has ended: {why_ended(self.folder)}")


def name_of(source: Source) -> str:
    """Name a cluster after the file that describes it."""
    return Path(source).stem if isinstance(source, str | Path) else "cluster"


def folder_of(source: Source) -> Path:
    """Return where a kept cluster has its folder, whether it is up or not."""
    config = load_cluster(source)
    return state_folder(getattr(config, "folder", None)) / f"kept-{name_of(source)}"


def find(source: Source) -> KeptCluster | None:
    """Find a cluster that is up; None if it is not."""
    folder = folder_of(source)
    if not is_locked(folder / LOCK):
        return None
    try:
        content = json.loads((folder / SCHEDULER).read_text())
        config = load_cluster(json.loads((folder / CONFIG).read_text()))
        return KeptCluster(folder, config, content["address"], int(content["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # it is just starting, or ending


def find_same(source: Source) -> KeptCluster | None:
    """Find a cluster that is up, as `find`.

    Raises:
        ConfigError: It was started with other settings than the file has now.
    """
    kept = find(source)
    if kept is not None and kept.config != load_cluster(source):
        raise ConfigError(
            f"{name_of(source)}: is up with other settings: end it with "
            f"`dtperf cluster down {source}`, or give the file its settings back"
        )
    return kept


def up(source: Source) -> KeptCluster:
    """Start a cluster that stays up; does not wait for its workers.

    Raises:
        ConfigError: It is up already, or cannot be kept.
        DtperfError: It does not start.
    """
    config = load_cluster(source)
    if isinstance(config, Address):
        raise ConfigError(f"{config.address}: runs already, and is not ours to keep")
    folder = folder_of(source)
    if is_locked(folder / LOCK):
        raise ConfigError(f"{name_of(source)}: is up already: see `dtperf cluster status {source}`")
    _end_jobs(config, folder)
    remove(folder)
    folder.mkdir(mode=0o700)
    (folder / CONFIG).write_text(config.model_dump_json(indent=2))
    with (folder / LOG).open("wb") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "dtperf.execution.clusters.daemon", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + config.wait_s + END_S
    while keeper.poll() is None:
        if (kept := find(source)) is not None:
            _started[kept.pid] = keeper
            return kept
        if time.monotonic() > deadline:
            keeper.kill()
        time.sleep(LOOK_S)
    why = why_ended(folder)
    remove(folder)
    raise DtperfError(why)


def why_ended(folder: Path) -> str:
    """Return what the keeper of a cluster has ended with."""
    log = ""
    with suppress(OSError):
        log = (folder / LOG).read_text(errors="replace").strip()
    # it may have several lines
    return log.rpartition("dtperf: ")[2] or "it did not say why"


def scale(source: Source, workers: int) -> None:
    """Ask for another number of workers.

    Raises:
        ConfigError: The cluster is not up.
    """
    kept = find(source)
    if kept is None:
        raise ConfigError(
            f"{name_of(source)}: is not up: start it with `dtperf cluster up {source}`"
        )
    write_atomic(kept.folder / WANTED, str(workers))


def wanted(kept: KeptCluster) -> int:
    """Return how many workers are asked for now."""
    try:
        return int((kept.folder / WANTED).read_text())
    except (OSError, ValueError):
        return kept.config.workers


def down(source: Source) -> bool:
    """End a cluster, its scheduler and its workers.

    Returns:
        Whether it was up.

    Raises:
        DtperfError: It does not end.
    """
    folder = folder_of(source)
    kept = find(source)
    was_up = is_locked(folder / LOCK)
    if kept is not None:
        with suppress(ProcessLookupError):
            os.kill(kept.pid, signal.SIGTERM)
    deadline = time.monotonic() + END_S
    while is_locked(folder / LOCK):
        if time.monotonic() > deadline:
            raise DtperfError(f"{folder}: the cluster does not end: see {folder / LOG}")
        time.sleep(LOOK_S)
    config = load_cluster(source)
    if isinstance(config, Pods):
        from dtperf.execution.clusters.pods import delete

        # if its keeper was killed, it could not
        was_up = delete(config) or was_up
    elif not was_up:
        was_up = _end_jobs(config, folder)
    if kept is not None and kept.pid in _started:
        _started.pop(kept.pid).wait()
    for pid in [pid for pid, keeper in _started.items() if keeper.poll() is not None]:
        del _started[pid]  # one that has ended by itself
    remove(folder)
    return was_up


def _end_jobs(config: ClusterConfig, folder: Path) -> bool:
    """End the jobs that a keeper has left which was killed; tells whether there were any."""
    if not isinstance(config, Slurm | HTCondor) or not folder.is_dir():
        return False
    from dtperf.execution.clusters.jobs import remove_jobs

    return remove_jobs(config, folder)
