"""What interLink's API sends to a plugin, and the scheduler beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import kubernetes_validate
import yaml

from dtperf.execution.clusters.manifest import manifest, to_yaml
from dtperf.execution.clusters.model import InterLink
from dtperf.execution.clusters.tls import Credentials
from tests.helpers.ports import free_port
from tests.integration.interlink_plugin import Object, Plugin

__all__ = ["asked_logs", "bodies", "bodies_of", "call", "scheduler", "states", "until"]


def call(plugin: Plugin, method: str, path: str, body: Any) -> Any:
    """Do as interLink's API does; GETs have a body, too."""
    connection = HTTPConnection(urlsplit(plugin.url).netloc, timeout=120)
    headers = {"Content-Type": "application/json"}
    connection.request(method, path, json.dumps(body), headers)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    assert response.status == 200
    return text if path == "/getLogs" else json.loads(text)


def objects_of(config: InterLink, credentials: Credentials) -> list[Object]:
    """Read what `dtperf cluster manifest` prints."""
    return [*yaml.safe_load_all(to_yaml(manifest(config, credentials), secrets=True))]


def bodies(config: InterLink, credentials: Credentials) -> list[Object]:
    """Make of a manifest what interLink sends when its worker pods come to a virtual node."""
    secret, *others = objects_of(config, credentials)
    (cluster,) = (one for one in others if one["kind"] == "DaskCluster")
    made = bodies_of(cluster, secret, config.node)
    for body in made:
        kubernetes_validate.validate(body["pod"], "1.35", strict=True)
    return made


def bodies_of(cluster: Object, secret: Object, node: str) -> list[Object]:
    """Do as the operator and interLink do with the workers of a new cluster."""
    from dask_kubernetes.operator.controller import controller

    meta, worker = cluster["metadata"], cluster["spec"]["worker"]
    made = []
    for number in range(worker["replicas"]):
        deployment = controller.build_worker_deployment_spec(
            worker_group_name=f"{meta['name']}-default",
            namespace=meta["namespace"],
            cluster_name=meta["name"],
            uuid=f"{number:010}",
            pod_spec=worker["spec"],
            annotations=worker["metadata"]["annotations"],
            labels=meta["labels"],
        )
        template = deployment["spec"]["template"]
        own = {"namespace": meta["namespace"], "uid": str(uuid4())}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": template["metadata"] | own,
            "spec": {**template["spec"], "nodeName": node},
        }
        made.append(body_of(pod, secret))
    return made


def body_of(pod: Object, *secrets: Object) -> Object:
    container = {
        "name": pod["spec"]["containers"][0]["name"],
        "configMaps": None,
        "projectedvolumemaps": None,
        "secrets": [*secrets],
        "emptyDirs": None,
    }
    return {"pod": pod, "container": [container], "jobConfig": {}, "jobScript": ""}


def asked_logs(pod: Object, tail: int = 0) -> Object:
    return {
        "Namespace": pod["metadata"]["namespace"],
        "PodUID": pod["metadata"]["uid"],
        "PodName": pod["metadata"]["name"],
        "ContainerName": pod["spec"]["containers"][0]["name"],
        "Opts": {"Tail": tail, "Follow": False, "Timestamps": False},
    }


@contextmanager
def scheduler(
    config: InterLink, credentials: Credentials, log: Path
) -> Iterator[Callable[[str], int]]:
    """Run the scheduler as its pod would; gives what asks for the status of a page."""
    (cluster,) = (one for one in objects_of(config, credentials) if one["kind"] == "DaskCluster")
    (container,) = cluster["spec"]["scheduler"]["spec"]["containers"]
    port = config.service.external_address.rpartition(":")[2]
    web = free_port()
    here = {"8786": port, ":8787": f"127.0.0.1:{web}"}
    told = [
        here.get(text, text).replace("/etc/dtperf/tls", str(credentials.ca.parent))
        for text in container["args"]
    ]
    environment = {one["name"]: one["value"] for one in container["env"]}
    dask = Path(sys.executable).with_name(container["command"][0])
    with log.open("wb") as output:
        process = subprocess.Popen(
            [dask, *container["command"][1:], *told, "--host", "127.0.0.1"],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )
    try:
        yield lambda page: status_of(f"http://127.0.0.1:{web}{page}")
    finally:
        process.terminate()
        process.wait(240)


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=240) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def until(look: Callable[[], Any], what: str, patience_s: float = 180) -> Any:
    deadline = time.monotonic() + patience_s
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {patience_s} s for {what}")
        time.sleep(0.2)
    return found


def states(plugin: Plugin, pods: list[Object]) -> list[str]:
    """Poll as interLink does; the answer must fit into the pod's status."""
    told = call(plugin, "GET", "/status", pods)
    assert [one["UID"] for one in told] == [pod["metadata"]["uid"] for pod in pods]
    for pod, one in zip(pods, told, strict=True):
        status = {"containerStatuses": one["containers"], "initContainerStatuses": []}
        kubernetes_validate.validate({**pod, "status": status}, "1.35", strict=True)
    return [next(iter(one["containers"][0]["state"])) for one in told]
