"""Where Dask workers come from: this machine, a batch system, Kubernetes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtperf.lazy_import import attach

if TYPE_CHECKING:
    from dtperf.execution.clusters.load import load_cluster
    from dtperf.execution.clusters.local import local_client
    from dtperf.execution.clusters.started import cluster

__all__ = ["cluster", "load_cluster", "local_client"]

# runs in this process need none of them
__getattr__, __dir__ = attach(__name__, __file__)
