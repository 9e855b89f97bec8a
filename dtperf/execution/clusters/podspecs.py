"""What runs in the pods of a cluster, as the operator and virtual nodes want it."""

from __future__ import annotations

import json
from typing import Any

from dtperf.execution.clusters.model import InterLink, Pods
from dtperf.execution.clusters.tls import CA, CERTIFICATE, KEY

__all__ = [
    "COMM",
    "HTTP",
    "PORTS",
    "TOLERATED",
    "environment",
    "inside_address",
    "quantity",
    "scheduler_image",
    "scheduler_spec",
    "worker_spec",
]

COMM, HTTP = "tcp-comm", "http-dashboard"
"""Names of ports; the operator looks for these."""
PORTS = {COMM: 8786, HTTP: 8787}
TLS, PROXY = "/etc/dtperf/tls", "/etc/dtperf/proxy"
ROUTES = ["distributed.http.health", "distributed.http.scheduler.api"]
PAGES = ["distributed.http.scheduler.info", "distributed.http.statics"]
DEATH_TIMEOUT_S = 300
"""A plugin that fails to delete a job does not try again: the worker must end by itself."""
OWNER_ONLY = 0o400
TOLERATED = ("virtual-node.interlink/no-schedule", "NoSchedule")
"""Key and effect of the taint that virtual nodes have."""
UNITS = {
    "KiB": "Ki",
    "MiB": "Mi",
    "GiB": "Gi",
    "TiB": "Ti",
    "KB": "k",
    "MB": "M",
    "GB": "G",
    "TB": "T",
}
NO_RIGHTS = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}

Object = dict[str, Any]


def scheduler_spec(config: Pods, secret: str) -> Object:
    """Make the pod of the scheduler, which runs on the cluster's own nodes.

    Args:
        config: Of the cluster.
        secret: Name of the Secret with its certificates.
    """
    files = {"--tls-ca-file": CA, "--tls-cert": CERTIFICATE, "--tls-key": KEY}
    routes = [*ROUTES, *(PAGES if config.dashboard else [])]
    health = {"httpGet": {"path": "/health", "port": HTTP}, "timeoutSeconds": 10}
    container = {
        "name": "scheduler",
        "image": scheduler_image(config),
        "command": ["dask", "scheduler"],
        "args": [
            *("--protocol", "tls", "--port", str(PORTS[COMM])),
            *(text for option, name in files.items() for text in (option, f"{TLS}/{name}")),
            # without the pages of the dashboard, the port serves the routes below all the same
            *("--dashboard-address", f":{PORTS[HTTP]}"),
            "--dashboard" if config.dashboard else "--no-dashboard",
        ],
        "env": _variables({"DASK_DISTRIBUTED__SCHEDULER__HTTP__ROUTES": json.dumps(routes)}),
        "ports": [
            {"name": name, "containerPort": port, "protocol": "TCP"} for name, port in PORTS.items()
        ],
        # TLS would log a failure for each probe of its own port
        # soon, as client and workers wait for it; a busy scheduler is slow to answer, and not dead
        "readinessProbe": {**health, "periodSeconds": 1, "failureThreshold": 15},
        "livenessProbe": {
            **health,
            "initialDelaySeconds": 30,
            "periodSeconds": 20,
            "failureThreshold": 15,
        },
        "resources": _resources(1, config.scheduler_memory),
        "securityContext": NO_RIGHTS,
        "volumeMounts": [_mount("tls", TLS)],
    }
    return {
        **_common(config),
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [_volume("tls", secret)],
    }


def worker_spec(config: Pods, secret: str) -> Object:
    """Make the pod of a worker: one container, Secret volumes only, requests as limits.

    Args:
        config: Of the cluster.
        secret: Name of the Secret with its certificates.
    """
    # files of a site's file system; in a pod of Kubernetes they belong to root, whoever runs there
    mode = OWNER_ONLY if isinstance(config, InterLink) else None
    mounts, volumes = [_mount("tls", TLS)], [_volume("tls", secret, mode)]
    if config.proxy_secret:
        mounts.append(_mount("proxy", PROXY))
        volumes.append(_volume("proxy", config.proxy_secret, mode))
    container: Object = {
        "name": "worker",
        "image": config.image,
        "command": ["python", "-m", "dtperf.execution.clusters.worker"],
        "env": _variables(environment(config)),
        "resources": _resources(config.cores, config.memory),
        "volumeMounts": mounts,
    }
    spec: Object = {**_common(config), "containers": [container], "volumes": volumes}
    if isinstance(config, InterLink):
        # the job ends at once; the virtual node keeps its pod for the whole of this
        return spec | _placement(config) | {"terminationGracePeriodSeconds": 1}
    container["securityContext"] = NO_RIGHTS
    return spec | {"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}}


def environment(config: Pods) -> dict[str, str]:
    """Return the worker all that its entry point wants to know; the operator adds its name."""
    outside = config.service.external_address if isinstance(config, InterLink) else None
    variables = {
        "DASK_SCHEDULER_ADDRESS": outside or inside_address(config),
        "DTPERF_TLS": TLS,
        "DTPERF_CORES": str(config.cores),
        "DTPERF_MEMORY": config.memory.replace(" ", ""),
        "DTPERF_LIFETIME_S": str(config.lifetime_s),
        "DTPERF_DEATH_TIMEOUT_S": str(DEATH_TIMEOUT_S),
    }
    if config.proxy_secret:
        variables["DTPERF_PROXY"] = f"{PROXY}/proxy"
    return {**config.environment, **variables}


def inside_address(config: Pods) -> str:
    """Return the scheduler's address for pods on the cluster's own nodes."""
    return f"tls://{config.name}-scheduler.{config.namespace}.svc:{PORTS[COMM]}"


def scheduler_image(config: Pods) -> str:
    """Return the image as a node of Kubernetes wants it."""
    return config.scheduler_image or config.image.removeprefix("docker://")


def quantity(memory: str) -> str:
    """Write an amount of memory as Kubernetes does: 2GiB is 2Gi, 4 GB is 4G."""
    number = memory.rstrip("KMGTiB ")
    return number + UNITS[memory.removeprefix(number).strip()]


def _common(config: Pods) -> Object:
    common: Object = {
        "automountServiceAccountToken": False,
        # else variables of other Services come in that Dask takes for its own settings
        "enableServiceLinks": False,
    }
    if config.pull_secret:
        common["imagePullSecrets"] = [{"name": config.pull_secret}]
    return common


def _placement(config: InterLink) -> Object:
    return {
        "nodeSelector": {
            "kubernetes.io/hostname": config.node,
            "virtual-node.interlink/type": "virtual-kubelet",
        },
        "tolerations": [{"key": TOLERATED[0], "operator": "Exists", "effect": TOLERATED[1]}],
    }


def _variables(values: dict[str, str]) -> list[Object]:
    return [{"name": name, "value": value} for name, value in values.items()]


def _resources(cores: int, memory: str) -> Object:
    # one plugin reads the requests, another one the limits
    amount = {"cpu": str(cores), "memory": quantity(memory)}
    return {"requests": amount, "limits": dict(amount)}


def _mount(name: str, path: str) -> Object:
    return {"name": name, "mountPath": path, "readOnly": True}


def _volume(name: str, secret: str, mode: int | None = None) -> Object:
    modes = {} if mode is None else {"defaultMode": mode}
    return {"name": name, "secret": {"secretName": secret, **modes}}
