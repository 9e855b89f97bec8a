"""What somebody gives as `client` or `cluster`: ``with connected(given) as client: …``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dtperf.errors import ConfigError
from dtperf.process import raise_if_interrupted

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["NO_WORKERS", "WORKER_S", "connected", "is_forsaken", "is_running"]

WORKER_S = 10.0
"""How long a client without workers may take to get one: as long as a process takes to start."""
LOOK_S = 0.2
OVER = frozenset(["closing", "closing_gracefully", "closed", "failed", "stopped", "stopping"])
"""Dask's words for a worker that does not come back."""
NO_WORKERS = (
    "the client has no workers, and none comes. A notebook's stop button, like Ctrl-C, ends those "
    "of Client(n_workers=…): close it and make a new one; or use dtperf.cluster('local'), whose "
    "workers stay. Elsewhere: start workers, and client.wait_for_workers(1)"
)


def is_running(given: Any) -> bool:
    """Return whether something runs already: a client, a cluster of Dask or one of ours."""
    return hasattr(given, "scale") or hasattr(given, "scheduler_info")


@contextmanager
def connected(given: Any) -> Iterator[Client]:
    """Connect to what runs already, and see that work can be done there.

    Args:
        given: A Dask client; a cluster of Dask, such as LocalCluster; what `dtperf.cluster` gives.

    Raises:
        ConfigError: It is something else, asynchronous, not connected, or has no workers.
        DtperfError: The cluster's scheduler cannot be reached.
    """
    from distributed import Client
    from distributed.deploy.cluster import Cluster

    from dtperf.execution.clusters.lifecycle import connect
    from dtperf.execution.clusters.started import StartedCluster

    if isinstance(given, StartedCluster):
        given = given.client
    if isinstance(given, Client):
        _refuse_unusable("client", "Client(ADDRESS)", given, given.status)
        _refuse_without_workers(given)
        yield given
    elif isinstance(given, Cluster):
        _refuse_unusable("cluster", type(given).__name__ + "()", given, given.status.name)
        with connect(given) as client:
            _refuse_without_workers(client)
            yield client
    else:
        raise ConfigError(
            f"client: is of type {type(given).__name__}; allowed: a Dask client, a cluster of Dask "
            "such as LocalCluster, what dtperf.cluster gives, or a scheduler's address"
        )


def _refuse_unusable(name: str, made_by: str, given: Any, status: str) -> None:
    if given.asynchronous:
        raise ConfigError(
            f"{name}: is asynchronous, and dtperf waits for its work: give it one that is made "
            f"with {made_by} alone, without asynchronous=True; that works in a notebook, too"
        )
    if status != "running":
        raise ConfigError(
            f"{name}: is not connected to a scheduler (it is {status}): make a new one"
        )


def _refuse_without_workers(client: Client) -> None:
    """Refuse a client whose workers are gone, such as by Ctrl-C, which ends those of a notebook.

    Raises:
        ConfigError: There is no worker, and none comes.
    """
    if client.nthreads() and not is_forsaken(client):
        return
    deadline = time.monotonic() + WORKER_S
    waiting = client.submit(int, pure=False)  # an adaptive cluster starts workers for it
    while is_forsaken(client) or (client.cluster is None and not client.nthreads()):
        if time.monotonic() > deadline:
            waiting.cancel()
            raise ConfigError(NO_WORKERS)
        raise_if_interrupted()
        time.sleep(LOOK_S)


def is_forsaken(client: Client) -> bool:
    """Return whether the workers of a cluster on this machine have ended, and none is starting.

    Of other clusters nobody here knows: jobs may wait in a queue. One that has no workers at all
    is adaptive, or will be scaled.
    """
    from distributed import LocalCluster

    if not isinstance(client.cluster, LocalCluster) or not client.cluster.workers:
        return False
    return all(worker.status.name in OVER for worker in client.cluster.workers.values())
