"""The Kubernetes objects of a cluster: ``to_yaml(manifest(config))``.

Two Services: the operator's own, inside Kubernetes only, has the HTTP port by which it scales down,
which is neither encrypted nor guarded; the other one has nothing but the TLS port, and is what the
outside sees.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from copy import deepcopy
from hashlib import sha256
from typing import Any

import yaml

from dtperf.execution.clusters.apiserver import DASK
from dtperf.execution.clusters.checks import check_pods
from dtperf.execution.clusters.model import InterLink, Kubernetes, Pods
from dtperf.execution.clusters.podspecs import COMM, HTTP, PORTS, scheduler_spec, worker_spec
from dtperf.execution.clusters.tls import CA, CERTIFICATE, KEY, Credentials

__all__ = ["CLUSTER_LABEL", "COMPONENT_LABEL", "manifest", "to_yaml"]

CLUSTER_LABEL, COMPONENT_LABEL = "dask.org/cluster-name", "dask.org/component"
OPERATOR = {"app.kubernetes.io/name": "dask-kubernetes-operator"}
"""Labels of the operator's pods, as its Helm chart sets them."""

Object = dict[str, Any]


def manifest(
    config: Kubernetes | InterLink, credentials: Credentials | None = None
) -> list[Object]:
    """Make the objects of a cluster, in the order in which to create them.

    Args:
        config: What the cluster shall be.
        credentials: Files for the Secret; None: placeholders, which no API server takes.

    Raises:
        ConfigError: Something in the config is known to go wrong.
    """
    check_pods(config)
    secret = _secret(config, credentials)
    objects = [secret, *_policies(config)]
    if config.service.type != "ClusterIP":
        objects.append(_outside(config))
    objects.append(_cluster(config, secret["metadata"]["name"]))
    if config.maximum:
        span = {"minimum": config.workers, "maximum": config.maximum}
        objects.append(
            _object(config, "DaskAutoscaler", DASK, spec={"cluster": config.name, **span})
        )
    return objects


def to_yaml(objects: Iterable[Object], *, secrets: bool = False) -> str:
    """Write objects as ``kubectl apply`` and people read them.

    Args:
        objects: As `manifest` makes them.
        secrets: Write certificates and key, too. Else there are placeholders in their place, so
            that the text can be shown to anybody; the API server refuses such a Secret.
    """
    shown = [deepcopy(one) for one in objects]
    for one in shown:
        if one["kind"] == "Secret" and not secrets:
            one["data"] = {name: _placeholder(name) for name in one["data"]}
    return yaml.dump_all(shown, Dumper=_Plain, sort_keys=False, explicit_start=True, width=100)


class _Plain(yaml.SafeDumper):
    """Writes what occurs twice twice."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _object(config: Pods, kind: str, version: str, suffix: str = "", **content: Any) -> Object:
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {
            "name": config.name + suffix,
            "namespace": config.namespace,
            "labels": {"app.kubernetes.io/managed-by": "dtperf", CLUSTER_LABEL: config.name},
        },
        **content,
    }


def _secret(config: Pods, credentials: Credentials | None) -> Object:
    """Make the Secret with the certificates, under a name that no earlier cluster has had.

    A virtual node may go on trying to start pods of a cluster that was deleted, until it finds
    their Secret: it must not be that of the next cluster, which they would join.
    """
    names = (CA, CERTIFICATE, KEY)
    data, made = {name: _placeholder(name) for name in names}, "<made>"
    if credentials:
        files = zip(names, credentials, strict=True)
        data = {name: base64.b64encode(path.read_bytes()).decode() for name, path in files}
        made = sha256(credentials.ca.read_bytes()).hexdigest()[:10]
    return _object(config, "Secret", "v1", f"-tls-{made}", type="Opaque", data=data)


def _placeholder(name: str) -> str:
    return f"<base64 of {name}>"


def _policies(config: Pods) -> list[Object]:
    """Return policies that admit who has a certificate, the operator, and the cluster's workers."""
    # nobody can reach a worker at a site anyway
    among = [] if isinstance(config, InterLink) else [{"from": [{"podSelector": _labels(config)}]}]
    operator = {"namespaceSelector": {}, "podSelector": {"matchLabels": OPERATOR}}
    ingress = {
        "scheduler": [
            {"ports": [{"protocol": "TCP", "port": COMM}]},
            {"from": [operator], "ports": [{"protocol": "TCP", "port": HTTP}]},
        ],
        "worker": among,
    }
    return [
        _object(
            config,
            "NetworkPolicy",
            "networking.k8s.io/v1",
            f"-{part}",
            spec={
                "podSelector": _labels(config, part),
                "policyTypes": ["Ingress"],
                "ingress": rules,
            },
        )
        for part, rules in ingress.items()
    ]


def _labels(config: Pods, part: str | None = None) -> Object:
    labels = {CLUSTER_LABEL: config.name}
    return {"matchLabels": labels | ({COMPONENT_LABEL: part} if part else {})}


def _outside(config: Pods) -> Object:
    """Make the Service that the outside sees."""
    service = config.service
    known = service.external_address
    number = int(known.rpartition(":")[2]) if known else PORTS[COMM]
    is_balanced = service.type == "LoadBalancer"
    port: Object = {
        "name": COMM,
        "protocol": "TCP",
        "port": number if is_balanced else PORTS[COMM],
        "targetPort": COMM,
    }
    if service.node_port:
        port["nodePort"] = service.node_port
    selector = _labels(config, "scheduler")["matchLabels"]
    spec = {"type": service.type, "selector": selector, "ports": [port]}
    return _object(config, "Service", "v1", "-outside", spec=spec)


def _cluster(config: Pods, secret: str) -> Object:
    spec: Object = {
        "scheduler": {"spec": scheduler_spec(config, secret), "service": _inside(config)},
        "worker": {"replicas": config.workers, "spec": worker_spec(config, secret)},
    }
    if config.idle_s:
        # not by default: an operator that asks a scheduler in vain lets nothing be deleted
        spec["idleTimeout"] = config.idle_s
    if isinstance(config, InterLink) and config.annotations:
        spec["worker"]["metadata"] = {"annotations": dict(config.annotations)}
    return _object(config, "DaskCluster", DASK, spec=spec)


def _inside(config: Pods) -> Object:
    ports = [
        # the operator wants the target by name
        {"name": name, "protocol": "TCP", "port": port, "targetPort": name}
        for name, port in PORTS.items()
    ]
    selector = _labels(config, "scheduler")["matchLabels"]
    return {"type": "ClusterIP", "selector": selector, "ports": ports}
