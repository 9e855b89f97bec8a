"""A site that has all that the cluster "virtual" needs, as a stub of the API server shows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dtperf.execution.clusters import address
from tests.execution.clusters.apiserver import Stub, kubeconfig, serve

__all__ = ["prepared", "ready"]

TAINT = {"key": "virtual-node.interlink/no-schedule", "effect": "NoSchedule", "value": "true"}


@contextmanager
def prepared(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """Start the stub, and let KUBECONFIG name it."""
    with serve(Stub()) as stub:
        (folder / "kubeconfig").write_text(kubeconfig(stub.url))
        monkeypatch.setenv("KUBECONFIG", str(folder / "kubeconfig"))
        monkeypatch.setattr(address, "DIAL_S", 0.2)
        _with_all(stub)
        yield stub


def _with_all(server: Stub) -> None:
    server.add("Secret", "my-proxy", "", "", data={"proxy": ""})
    node = server.add("Node", "vk", "", "", spec={"taints": [TAINT]}, status=ready("256", "1Ti"))
    node["metadata"]["labels"] |= {
        "kubernetes.io/hostname": "vk-bari.site.example",
        "virtual-node.interlink/type": "virtual-kubelet",
    }
    status = {"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}}
    server.add("Service", "dtperf-address", "", "", spec={"type": "LoadBalancer"}, status=status)


def ready(cpu: str, memory: str, status: str = "True") -> dict[str, Any]:
    room = {"cpu": cpu, "memory": memory, "pods": "1000"}
    return {"conditions": [{"type": "Ready", "status": status}], "allocatable": room}
