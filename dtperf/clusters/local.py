"""Dask workers on this machine: ``with local_client(2) as client: …``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["local_client", "local_cluster"]

SETTINGS = {
    # else a worker that dies twice within this time is not replaced: in the end all could be lost
    "distributed.deploy.lost-worker-timeout": "52 weeks",
}


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
    """
    import dask
    from distributed import LocalCluster

    with (
        dask.config.set(SETTINGS),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            memory_limit=memory,
            # any free port: without one it would try for 8787, which another run may have
            dashboard_address="127.0.0.1:0",
            preload=["dtperf.clusters.quiet"],
            security=security,
            protocol="tls://" if security else None,
        ) as cluster,
    ):
        yield cluster


@contextmanager
def local_client(workers: int, memory: str = "auto") -> Iterator[Any]:
    """Start worker processes as `local_cluster`, and give a connected Dask client."""
    from distributed import Client

    with local_cluster(workers, memory) as cluster, Client(cluster) as client:
        yield client
