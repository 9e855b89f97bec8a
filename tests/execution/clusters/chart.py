"""The Helm chart as the real helm renders it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from dtperf.execution.clusters.load import load_cluster
from dtperf.execution.clusters.model import InterLink, Kubernetes

__all__ = [
    "CHART",
    "DEFAULTS",
    "VALUES",
    "Object",
    "cluster_of",
    "file_of",
    "helm",
    "merged",
    "of_kind",
    "only",
    "refusal",
    "rendered",
]

Object = dict[str, Any]

CHART = Path(__file__).parents[3] / "configs/helm/dtperf"
DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text())
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
HELM = CACHE / "dtperf/helm/helm"
"""As .ci/helm builds it."""
IMAGE = "registry.example/muons/dtperf:1.0"
VALUES: dict[str, dict[str, Any]] = {
    "least": {"image": IMAGE},
    "kubernetes": {
        "image": IMAGE,
        "users": [{"kind": "User", "name": "physicist"}],
        "serviceAccount": {"create": False},
        "rbac": {"listSecrets": True, "nodes": False},
        "secrets": {"proxy": "my-proxy"},
        "cluster": {"name": "mu", "workers": 4, "maximum": 16},
        "address": {"type": "NodePort", "nodePort": 30786, "host": "node.site.example"},
        "networkPolicy": {"storagePorts": [1094, 24000], "egress": [{"ports": [{"port": 8443}]}]},
    },
    "interlink": {
        "image": IMAGE,
        "users": [{"kind": "Group", "name": "dts"}, {"kind": "ServiceAccount", "name": "ci"}],
        "secrets": {"proxy": "my-proxy", "pull": "my-registry"},
        "cluster": {
            "name": "mu",
            "node": "vk-bari.site.example",
            "workers": 92,
            "min_workers": 10,
            "annotations": {"slurm-job.vk.io/flags": "--partition=long"},
            "environment": {"TMPDIR": "/scratch"},
        },
        "address": {
            "type": "LoadBalancer",
            "host": "dask.example",
            "port": 443,
            "sourceRanges": ["192.0.2.0/24"],
            "annotations": {"metallb.io/address-pool": "public"},
        },
        "jupyterhub": {"enabled": True, "image": "registry.example/muons/hub:1.0"}
        | {"namespace": "hub"},
    },
    "cvmfs": {
        "image": "/cvmfs/unpacked.example/muons/dtperf:1.0",
        "cluster": {"name": "mu", "node": "vk", "scheduler_image": IMAGE},
        "address": {"host": "ingress.example", "port": 443},
        "networkPolicy": {"enabled": False},
        "jupyterhub": {"enabled": True, "image": "registry.example/muons/hub:1.0"},
    },
}
"""What admins may set."""


def helm(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run helm, which is on the path or was built; a failure is for the caller to see."""
    program = shutil.which("helm") or (HELM if HELM.exists() else None)
    if program is None:
        pytest.skip("no helm: .ci/servers builds it")
    command = [str(program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def _given(folder: Path, values: dict[str, Any]) -> Path:
    path = folder / "values.yaml"
    path.write_text(json.dumps(values))
    return path


def rendered(folder: Path, values: dict[str, Any], chart: Path = CHART) -> list[dict[str, Any]]:
    """Return the objects that a release `dt` in the namespace `muons` consists of."""
    where = ("dt", chart, "--namespace", "muons", "--kube-version", "1.30")
    done = helm("template", *where, "--values", _given(folder, values))
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def refusal(folder: Path, values: dict[str, Any]) -> str:
    """Return what helm has against values."""
    where = ("dt", CHART, "--namespace", "muons", "--kube-version", "1.30")
    done = helm("template", *where, "--values", _given(folder, values))
    assert done.returncode != 0
    return done.stderr


def merged(values: Object, defaults: Object = DEFAULTS) -> Object:
    """Merge values into the defaults, as helm does."""
    made = dict(defaults)
    for key, value in values.items():
        is_deep = isinstance(value, dict) and isinstance(made.get(key), dict)
        made[key] = merged(value, made[key]) if is_deep else value
    return made


def of_kind(objects: list[Object], kind: str) -> list[Object]:
    return [one for one in objects if one["kind"] == kind]


def only(objects: list[Object], kind: str) -> Object:
    [found] = of_kind(objects, kind)
    return found


def file_of(objects: list[Object], name: str = "cluster.yaml") -> Object:
    found: Object = yaml.safe_load(only(objects, "ConfigMap")["data"][name])
    return found


def cluster_of(objects: list[Object]) -> Kubernetes | InterLink:
    config = load_cluster(file_of(objects))
    assert isinstance(config, Kubernetes | InterLink)
    return config
