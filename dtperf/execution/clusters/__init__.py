"""Where Dask workers come from: this machine, a batch system, Kubernetes."""

from __future__ import annotations

from dtperf.execution.clusters.load import load_cluster
from dtperf.execution.clusters.local import local_client
from dtperf.execution.clusters.started import cluster
from dtperf.lazy_import import listed

__all__ = ["cluster", "load_cluster", "local_client"]
__dir__ = listed(__name__)
