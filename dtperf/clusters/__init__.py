"""Where Dask workers come from: this machine, a batch system, Kubernetes."""

from __future__ import annotations

from dtperf.clusters.load import load_cluster
from dtperf.clusters.local import local_client
from dtperf.clusters.start import cluster

__all__ = ["cluster", "load_cluster", "local_client"]
