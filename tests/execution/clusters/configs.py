"""Clusters of pods as users may describe them."""

from __future__ import annotations

from typing import Any

from dtperf.execution.clusters.load import load_cluster
from dtperf.execution.clusters.model import InterLink, Kubernetes

__all__ = ["CONFIGS", "IMAGE", "pods"]

IMAGE = "registry.example:5000/muons/dtperf:1.0"
OUTSIDE = {"external_address": "tls://dask.example:8786"}
CONFIGS: dict[str, dict[str, Any]] = {
    "least": {"kind": "kubernetes", "image": IMAGE},
    "all": {
        "kind": "kubernetes",
        "name": "mu",
        "namespace": "users",
        "image": IMAGE,
        "workers": 3,
        "maximum": 20,
        "cores": 4,
        "memory": "7500 MB",
        "service": {"type": "NodePort", "node_port": 30786},
        "proxy_secret": "my-proxy",
        "pull_secret": "my-registry",
        "environment": {"XRD_LOGLEVEL": "Info", "WORDS": 'two "words"; more'},
        "dashboard": True,
        "idle_s": 600,
    },
    "inside": {"kind": "kubernetes", "image": IMAGE, "service": {"type": "ClusterIP"}},
    "virtual": {
        "kind": "interlink",
        "node": "vk-bari.site.example",
        "image": f"docker://{IMAGE}",
        "service": OUTSIDE,
        "annotations": {
            "slurm-job.vk.io/flags": "--partition=long --time=2:00:00",
            "htcondor-job.vk.io/singularity-options": "--bind /cvmfs",
        },
        "proxy_secret": "my-proxy",
        "maximum": 92,
        "workers": 92,
    },
    "cvmfs": {
        "kind": "interlink",
        "node": "vk",
        "image": "/cvmfs/unpacked.example/muons/dtperf:1.0",
        "scheduler_image": "muons/dtperf@sha256:" + 64 * "0",
        "service": {"type": "ClusterIP", **OUTSIDE},
    },
}


def pods(name: str, /, **changes: Any) -> Kubernetes | InterLink:
    """Make a config, with some values changed."""
    config = load_cluster({**CONFIGS[name], **changes})
    assert isinstance(config, Kubernetes | InterLink)
    return config
