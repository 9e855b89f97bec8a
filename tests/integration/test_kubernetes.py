"""Clusters of pods on the API server that KUBECONFIG names, with the real operator.

Nothing needs to run there but API server, controllers, scheduler and operator: the test makes a
virtual node of its own, to which no kubelet belongs, and ends the pods there as one would.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from kubernetes import client as k8s
from kubernetes import config as k8s_config

from dtperf.execution.clusters import pods as clusters
from dtperf.execution.clusters.load import load_cluster
from dtperf.execution.clusters.model import InterLink

pytestmark = [
    pytest.mark.server,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not os.environ.get("KUBECONFIG"), reason="no KUBECONFIG"),
    # the client of Kubernetes' own makers sees to its sockets when it is collected
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

LABELS = {"virtual-node.interlink/type": "virtual-kubelet"}
TAINT = k8s.V1Taint(key="virtual-node.interlink/no-schedule", value="true", effect="NoSchedule")
ROOM = {"cpu": "16", "memory": "64Gi", "pods": "20"}


@pytest.fixture(scope="module")
def core() -> k8s.CoreV1Api:
    k8s_config.load_kube_config()
    return k8s.CoreV1Api()


@pytest.fixture
def config(core: k8s.CoreV1Api) -> Iterator[InterLink]:
    name = f"dtperf-{uuid4().hex[:8]}"
    core.create_namespace(k8s.V1Namespace(metadata=k8s.V1ObjectMeta(name=name)))
    made = load_cluster(
        {
            "kind": "interlink",
            "name": "mu",
            "namespace": name,
            "node": f"{name}.site.example",
            "image": "registry.example/muons/dtperf:1.0",
            "service": {"type": "NodePort", "external_address": "tls://dask.example:30786"},
            "annotations": {"slurm-job.vk.io/flags": "--time=10"},
            "memory": "1GiB",
            "scheduler_memory": "1GiB",
        }
    )
    assert isinstance(made, InterLink)
    try:
        yield made
    finally:
        core.delete_namespace(name)


@contextmanager
def virtual_node(core: k8s.CoreV1Api, name: str) -> Iterator[None]:
    """Keep a tainted node, and let pods that are to end there end."""
    labels = {**LABELS, "kubernetes.io/hostname": name}
    meta = k8s.V1ObjectMeta(name=name, labels=labels)
    core.create_node(k8s.V1Node(metadata=meta, spec=k8s.V1NodeSpec(taints=[TAINT])))
    stop = threading.Event()
    thread = threading.Thread(target=be_a_kubelet, args=(core, name, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(240)
        core.delete_node(name)


def be_a_kubelet(core: k8s.CoreV1Api, name: str, stop: threading.Event) -> None:
    while not stop.wait(0.5):
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
        ready["lastHeartbeatTime"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        status = {"conditions": [ready], "capacity": ROOM, "allocatable": ROOM}
        core.patch_node_status(name, {"status": status})
        for pod in core.list_pod_for_all_namespaces(field_selector=f"spec.nodeName={name}").items:
            if pod.metadata.deletion_timestamp:
                core.delete_namespaced_pod(
                    pod.metadata.name, pod.metadata.namespace, grace_period_seconds=0
                )


def until(look: Callable[[], Any], what: str, patience_s: float = 120) -> None:
    deadline = time.monotonic() + patience_s
    while not look():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {patience_s} s for {what}")
        time.sleep(0.5)


def workers_on(config: InterLink) -> list[str]:
    told = clusters.status(config)
    assert told is not None
    return [pod.name for pod in told.pods if pod.part == "worker" and pod.node == config.node]


def left(core: k8s.CoreV1Api, namespace: str) -> list[str]:
    apps, custom = k8s.AppsV1Api(), k8s.CustomObjectsApi()
    network = k8s.NetworkingV1Api()
    listed = [
        core.list_namespaced_pod(namespace),
        core.list_namespaced_service(namespace),
        apps.list_namespaced_deployment(namespace),
        network.list_namespaced_network_policy(namespace),
    ]
    names = [one.metadata.name for found in listed for one in found.items]
    secrets = core.list_namespaced_secret(namespace).items
    names += [one.metadata.name for one in secrets if one.type == "Opaque"]
    for plural in ("daskclusters", "daskworkergroups", "daskautoscalers"):
        found = custom.list_namespaced_custom_object("kubernetes.dask.org", "v1", namespace, plural)
        names += [one["metadata"]["name"] for one in found["items"]]
    return names


def test_created_bound_scaled_deleted(
    core: k8s.CoreV1Api, config: InterLink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # there is no such image: the scheduler's pod never runs
    monkeypatch.setattr(clusters, "wait_for_scheduler", lambda *_: "tls://dask.example:30786")
    with virtual_node(core, config.node):
        clusters.create(config, tmp_path)
        try:
            until(lambda: len(workers_on(config)) == 2, "two workers on the node")
            pods = core.list_namespaced_pod(
                config.namespace, label_selector="dask.org/component=worker"
            ).items
            for pod in pods:
                assert pod.metadata.annotations["slurm-job.vk.io/flags"] == "--time=10"
                told = {one.name: one.value for one in pod.spec.containers[0].env}
                assert told["DASK_SCHEDULER_ADDRESS"] == "tls://dask.example:30786"
                assert told["DASK_WORKER_NAME"].startswith("mu-default-worker-")
            clusters.scale(config, 4)
            until(lambda: len(workers_on(config)) == 4, "four workers on the node")
            told = clusters.status(config)
            assert told is not None
            assert told.wanted == 4
        finally:
            assert clusters.delete(config)
        assert clusters.status(config) is None
        until(lambda: not left(core, config.namespace), "all to go")
        assert not clusters.delete(config)
