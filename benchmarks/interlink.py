"""A site behind interLink, as far as this machine can have one: ``with site(…) as started: …``.

Real are all of dtperf, the scheduler, TLS, a plugin for interLink, Slurm and the workers. Stand-ins
of the tests are the API server, the operator, the kubelet of the scheduler's node, interLink's own
two programs, and bwrap for the container.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.execution.clusters.apiserver import Stub, kubeconfig, serve
from tests.helpers.ports import free_port
from tests.integration import interlink_plugin
from tests.integration.interlink_calls import bodies_of, call
from tests.integration.interlink_plugin import Object, Plugin
from tests.integration.slurm import Slurm

__all__ = ["Site", "site"]

SCHEDULER = ("-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1")
NODE, NAME = "vk-site", "dtperf"
LABELS = {"kubernetes.io/hostname": NODE, "virtual-node.interlink/type": "virtual-kubelet"}


class Site(Stub):
    """Starts what belongs to a cluster when somebody makes one, and ends it with that."""

    def __init__(self, plugin: Plugin, folder: Path, tree: Path) -> None:
        super().__init__()
        self.plugin, self.folder, self.tree = plugin, folder, tree
        self.port, self.web = free_port(), free_port()
        self.asked_at = 0.0
        self.operator = self._operate
        self._pods: list[Object] = []
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []
        node = self.add("Node", NODE, "", "", spec={}, status={"conditions": [], "phase": ""})
        node["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
        node["metadata"]["labels"] |= LABELS

    @property
    def description(self) -> dict[str, Any]:
        """The cluster file."""
        paths = {"PATH": f"{self.folder}:{os.environ['PATH']}", "PYTHONPATH": str(self.tree)}
        return {
            "kind": "interlink",
            "name": NAME,
            "node": NODE,
            "image": "registry.example/muons/dtperf:1.0",
            "workers": 1,
            "memory": "1GiB",
            "wait_s": 60,
            "annotations": {"slurm-job.vk.io/flags": "--time=10"},
            "service": {"external_address": f"tls://127.0.0.1:{self.port}"},
            "environment": paths,
        }

    def _operate(self, cluster: Object) -> None:
        self.asked_at = time.time()
        cluster["status"] = {"phase": "Running"}
        self.add("DaskWorkerGroup", f"{NAME}-default", NAME, "", spec=cluster["spec"])
        pod = self.add("Pod", f"{NAME}-scheduler", NAME, "scheduler", spec={"nodeName": "node-1"})
        pod["status"] = {"phase": "Pending"}
        [secret] = [one for (kind, _), one in self.objects.items() if kind == "Secret"]
        for work, words in (
            (self._be_kubelet, (cluster, secret, pod)),
            (self._be_interlink, (cluster, secret)),
        ):
            self._threads.append(threading.Thread(target=work, args=words))
            self._threads[-1].start()

    def _be_kubelet(self, cluster: Object, secret: Object, pod: Object) -> None:
        """Run the scheduler, and look as often as its probe says whether it is ready."""
        [container] = cluster["spec"]["scheduler"]["spec"]["containers"]
        tls = self.folder / "tls"
        tls.mkdir()
        for name, value in secret["data"].items():
            (tls / name).write_bytes(base64.b64decode(value))
        here = {"8786": str(self.port), ":8787": f"127.0.0.1:{self.web}"}
        told = [
            here.get(text, text).replace("/etc/dtperf/tls", str(tls)) for text in container["args"]
        ]
        environment = {one["name"]: one["value"] for one in container["env"]}
        with (self.folder / "scheduler.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, *SCHEDULER, *told],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.tree,
                env={**os.environ, **environment, "PYTHONPATH": str(self.tree)},
            )
        period = container["readinessProbe"]["periodSeconds"]
        while not (is_ready := self._is_healthy()) and not self._ended.wait(period):
            pass
        if is_ready:
            ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
            with self.lock:
                pod["status"] = {**ready, "hostIP": "127.0.0.1"}
        self._ended.wait()
        process.terminate()
        process.wait(60)

    def _is_healthy(self) -> bool:
        with suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{self.web}/health", timeout=10).close()
            return True
        return False

    def _be_interlink(self, cluster: Object, secret: Object) -> None:
        for body in bodies_of(cluster, secret, NODE):
            self._pods.append(body["pod"])
            call(self.plugin, "POST", "/create", body)
        self._ended.wait()
        for pod in self._pods:
            call(self.plugin, "POST", "/delete", pod)

    def delete(self, kind: str, name: str) -> Object:
        """Delete an object, and what belongs to a cluster with it."""
        gone = super().delete(kind, name)
        if kind == "DaskCluster":
            self._ended.set()
        return gone

    def join(self) -> None:
        """Wait until all has ended."""
        self._ended.set()
        for thread in self._threads:
            thread.join()


@contextmanager
def site(slurm: Slurm, folder: Path, tree: Path) -> Iterator[tuple[Site, dict[str, str]]]:
    """Start one; gives it, and the environment in which to ask for its clusters."""
    jobs = folder / "jobs"
    jobs.mkdir()
    with (
        interlink_plugin.serve(jobs, slurm) as plugin,
        serve(Site(plugin, folder, tree)) as started,
    ):
        (folder / "kubeconfig").write_text(kubeconfig(started.url))
        try:
            yield started, {"KUBECONFIG": str(folder / "kubeconfig")}
        finally:
            started.join()
