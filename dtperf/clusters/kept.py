"""Clusters that stay up between runs: ``up(source)``, ``down(source)``.

A process of its own keeps the scheduler, and the jobs of a batch system. What is known of it is in
a folder that only its user can read, named after the file that describes the cluster.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from dtperf.clusters.folders import remove, state_folder
from dtperf.clusters.load import load_cluster
from dtperf.clusters.model import Address, ClusterConfig, HTCondor, Pods, Slurm
from dtperf.clusters.tls import Credentials
from dtperf.errors import ConfigError, DtperfError
from dtperf.files import is_locked, write_atomic

__all__ = [
    "CONFIG",
    "LOCK",
    "SCHEDULER",
    "WANTED",
    "Kept",
    "down",
    "find",
    "find_same",
    "scale",
    "up",
    "wanted",
    "why_ended",
]

CONFIG, SCHEDULER, WANTED = "cluster.json", "scheduler.json", "wanted"
LOCK, LOG, TLS = ".lock", "keeper.log", "tls"
END_S = 300
LOOK_S = 0.2

_started: dict[int, subprocess.Popen[bytes]] = {}
"""The keepers of this process, so that one that ends is not left as a zombie."""

Source = str | Path | Mapping[str, Any] | ClusterConfig


class Kept(NamedTuple):
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
        """See that the cluster is still kept.

        Raises:
            DtperfError: It has ended by itself; the message says why.
        """
        if not is_locked(self.folder / LOCK):
            raise DtperfError(f"the cluster has ended: {why_ended(self.folder)}")


def name_of(source: Source) -> str:
    """Name a cluster after the file that describes it."""
    return Path(source).stem if isinstance(source, str | Path) else "cluster"


def folder_of(source: Source) -> Path:
    """Tell where a kept cluster has its folder, whether it is up or not."""
    config = load_cluster(source)
    return state_folder(getattr(config, "folder", None)) / f"kept-{name_of(source)}"


def find(source: Source) -> Kept | None:
    """Find a cluster that is up; None if it is not."""
    folder = folder_of(source)
    if not is_locked(folder / LOCK):
        return None
    try:
        told = json.loads((folder / SCHEDULER).read_text())
        config = load_cluster(json.loads((folder / CONFIG).read_text()))
        return Kept(folder, config, told["address"], int(told["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # it is just starting, or ending


def find_same(source: Source) -> Kept | None:
    """Find a cluster that is up, as `find`.

    Raises:
        ConfigError: It was started with other settings than the file has now.
    """
    kept = find(source)
    if kept is not None and kept.config != load_cluster(source):
        raise ConfigError(
            f"{name_of(source)}: is up with other settings: end it with `dtperf cluster down`, "
            "or give the file its settings back"
        )
    return kept


def up(source: Source) -> Kept:
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
        raise ConfigError(f"{name_of(source)}: is up already: see `dtperf cluster status`")
    _end_jobs(config, folder)
    remove(folder)
    folder.mkdir(mode=0o700)
    (folder / CONFIG).write_text(config.model_dump_json(indent=2))
    with (folder / LOG).open("wb") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "dtperf.clusters.keeper", str(folder)],
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
    """Tell what the keeper of a cluster has ended with."""
    said = ""
    with suppress(OSError):
        said = (folder / LOG).read_text(errors="replace").strip()
    # it may have several lines
    return said.rpartition("dtperf: ")[2] or "it did not say why"


def scale(source: Source, workers: int) -> None:
    """Ask for another number of workers.

    Raises:
        ConfigError: The cluster is not up.
    """
    kept = find(source)
    if kept is None:
        raise ConfigError(f"{name_of(source)}: is not up: start it with `dtperf cluster up`")
    write_atomic(kept.folder / WANTED, str(workers))


def wanted(kept: Kept) -> int:
    """Tell how many workers are asked for now."""
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
        from dtperf.clusters.pods import delete

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
    from dtperf.clusters.jobs import remove_jobs

    return remove_jobs(config, folder)
