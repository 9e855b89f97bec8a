"""The process that keeps a cluster up: ``python -m dtperf.execution.clusters.daemon FOLDER``."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dtperf.errors import DtperfError
from dtperf.execution.clusters.load import load_cluster
from dtperf.execution.clusters.local import local_cluster
from dtperf.execution.clusters.model import ClusterConfig, HTCondor, Local, Pods, Slurm
from dtperf.execution.clusters.persistent import CONFIG, LOCK, SCHEDULER, TLS, WANTED
from dtperf.execution.clusters.tls import Credentials
from dtperf.execution.takedown import taken_down
from dtperf.files import locked, write_atomic

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["keep"]

LOOK_S = 0.5
Scale = Callable[[int], object]
Look = Callable[[], None]
"""Ends the cluster, by an error, if its workers die young."""


def keep(folder: Path) -> None:
    """Start the cluster that a folder describes, and keep it until SIGTERM.

    Args:
        folder: With the cluster's config; the number of workers that is wanted is looked for here.
    """
    config = load_cluster(json.loads((folder / CONFIG).read_text()))
    with locked(folder / LOCK) as is_ours:
        if not is_ours:
            raise DtperfError(f"{folder}: another process keeps this cluster")
        with taken_down() as stack:
            address, scale, look = stack.enter_context(_started(config, folder))
            content = {"address": address, "pid": os.getpid()}
            write_atomic(folder / SCHEDULER, json.dumps(content))
            _follow(folder / WANTED, scale, look)


def _follow(wanted: Path, scale: Scale, look: Look) -> None:
    last = 0.0
    while True:
        look()
        if wanted.is_file() and wanted.stat().st_mtime != last:
            last = wanted.stat().st_mtime
            scale(int(wanted.read_text()))
        time.sleep(LOOK_S)


@contextmanager
def _started(config: ClusterConfig, folder: Path) -> Iterator[tuple[str, Scale, Look]]:
    if isinstance(config, Local):
        # others can log in to this machine as well
        security = Credentials.make(folder / TLS).security()
        with local_cluster(config.workers, config.memory or "auto", security) as cluster:
            yield cluster.scheduler_address, cluster.scale, lambda: None
    elif isinstance(config, Slurm | HTCondor):
        from dtperf.execution.clusters.batch import batch_cluster
        from dtperf.execution.clusters.jobs import watch_jobs

        with batch_cluster(config, folder) as cluster:
            watch = watch_jobs(config, cluster, folder)
            look = lambda: watch(len(cluster.scheduler.workers))  # noqa: E731
            yield cluster.scheduler_address, cluster.scale, look
    elif isinstance(config, Pods):
        from dtperf.execution.clusters.lifecycle import connect
        from dtperf.execution.clusters.pods import pod_cluster, scale
        from dtperf.execution.clusters.podwatch import watch_pods

        with pod_cluster(config, folder) as scheduler, connect(*scheduler) as client:
            watch = watch_pods(config)
            look = lambda: watch(_connected(client))  # noqa: E731
            yield scheduler[0], partial(scale, config), look
    else:
        raise DtperfError(f"a cluster of the kind {config.kind} cannot be kept")


def _connected(client: Client) -> int:
    """Count workers; a scheduler that is busy is no reason to end it."""
    with suppress(OSError):
        return len(client.nthreads())
    return 1


def _end(*_: object) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    try:
        keep(Path(sys.argv[1]))
    except DtperfError as error:
        sys.exit(f"dtperf: {error}")
