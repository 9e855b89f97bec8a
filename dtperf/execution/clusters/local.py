"""Dask workers on this machine: ``with local_client(2) as client: …``."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from dtperf.errors import DtperfError
from dtperf.memory import ARENAS

__all__ = ["grow", "local_client", "local_cluster"]

SETTINGS = {
    # else a worker that dies twice within this time is not replaced: in the end all could be lost
    "distributed.deploy.lost-worker-timeout": "52 weeks",
    # what `share_among_threads` does, for processes that have threads before they run our code
    f"distributed.nanny.pre-spawn-environ.{ARENAS}": os.environ.get(ARENAS, "1"),
}
START_S = 180
"""How long the workers may take to start; they import all that they need."""
END_S = 60


@contextmanager
def local_cluster(workers: int, memory: str = "auto", security: Any = None) -> Iterator[Any]:
    """Start worker processes of one thread each, and end them afterwards.

    Args:
        workers: How many.
        memory: What each may take, such as '2GiB'; 'auto': its share of the machine. One that takes
            more is ended, and its chunk tried again.
        security: For TLS, which this machine's loopback can do without.

    Yields:
        Dask's `LocalCluster`.

    Raises:
        DtperfError: They do not start.
    """
    import dask
    from distributed import LocalCluster

    from dtperf.execution.clusters.dashboard import LATER, no_pages
    from dtperf.execution.clusters.nanny import OneStartAtATime

    with no_pages() as add_pages, dask.config.set(SETTINGS):
        cluster = LocalCluster(
            n_workers=0,
            threads_per_worker=1,
            memory_limit=memory,
            # any free port: without one it would try for 8787, which another run may have
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs=LATER,
            worker_class=OneStartAtATime,
            preload=["dtperf.execution.clusters.preload_local"],
            security=security,
            protocol="tls://" if security else None,
        )
        try:
            add_pages(cluster.scheduler)
            _start(cluster, workers)
            yield cluster
        finally:
            _end(cluster)


def _start(cluster: Any, workers: int) -> None:
    try:
        cluster.sync(grow, cluster, workers, callback_timeout=START_S)
    except TimeoutError:
        raise DtperfError(
            f"the {workers} workers of this machine have not started within {START_S} s: "
            "is it busy, or out of memory?"
        ) from None
    except (RuntimeError, OSError) as error:
        why = error.__cause__ or error
        raise DtperfError(f"a worker of this machine does not start: {why}") from error


async def grow(cluster: Any, workers: int) -> None:
    """Start workers, and wait until they have started or failed to.

    Dask's own `scale` leaves to a log why they have not.
    """
    # a terminal sends Ctrl-C to them, too, before they can ignore it: a process has the signals
    # blocked that the thread had that started it, and this is the loop's, not the main one
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    while len(cluster.worker_spec) < workers:
        cluster.worker_spec.update(cluster.new_worker_spec())
    await cluster._correct_state()


def _end(cluster: Any) -> None:
    """Close a cluster, however stuck it is.

    Its workers are killed: asked to end, each would wait up to four seconds for its task.
    """
    from distributed.core import Status

    # the scheduler would tell, with tracebacks, of each connection that is cut
    logging.getLogger("distributed.batched").setLevel(logging.WARNING)
    nannies = [*cluster._created]
    for nanny in nannies:
        if nanny.status == Status.init:
            # a cluster does not close while it takes a worker for about to start
            nanny.status = Status.failed
        elif nanny.status in (Status.running, Status.starting):
            nanny.close_gracefully(reason="dtperf-ends")  # else it starts its worker again
        _kill(nanny.pid)
    pids = [nanny.pid for nanny in nannies]
    with suppress(TimeoutError):
        cluster.close(timeout=END_S)
        pids = [nanny.pid for nanny in nannies]
    for pid in pids:
        _kill(pid)


def _kill(pid: int | None) -> None:
    import psutil  # type: ignore[import-untyped]

    if pid is not None:
        with suppress(psutil.NoSuchProcess):
            psutil.Process(pid).kill()


@contextmanager
def local_client(workers: int, memory: str = "auto") -> Iterator[Any]:
    """Start worker processes as `local_cluster`, and give a connected Dask client."""
    from distributed import Client

    with local_cluster(workers, memory) as cluster, Client(cluster) as client:
        yield client
