"""`dtperf cluster check`: what lacks is named, with what to do; the API server is a stub."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dtperf.execution.clusters import address
from dtperf.execution.clusters.site import Step, examine
from tests.execution.clusters.apiserver import Stub, kubeconfig
from tests.execution.clusters.configs import pods
from tests.execution.clusters.prepared import ready
from tests.helpers.ports import free_port

STEPS = ["file", "server", "operator", "rights", "secrets", "objects", "node", "address"]
Change = Callable[[Stub], None]


def steps(port: int, **changes: Any) -> dict[str, Step]:
    service = {"type": "ClusterIP", "external_address": f"tls://127.0.0.1:{port}"}
    found = [*examine(pods("virtual", **{"service": service, **changes}))]
    return {step.step: step for step in found}


def test_all_is_well(server: Stub, listening: int) -> None:
    before = server.has()
    found = steps(listening)
    assert [*found] == STEPS
    assert [step for step in found.values() if step.outcome != "ok"] == []
    assert "with room for 256 workers" in found["node"].text
    assert found["objects"].text.startswith("5 objects would be taken")
    assert server.has() == before, "looking makes nothing"


def unready(server: Stub) -> None:
    server.objects["Node", "vk"]["status"] = ready("256", "1Ti", "Unknown")


def tainted(server: Stub) -> None:
    more = {"key": "site.example/draining", "effect": "NoExecute"}
    server.objects["Node", "vk"]["spec"]["taints"].append(more)


def small(server: Stub) -> None:
    server.objects["Node", "vk"]["status"] = ready("256", "1Gi")


def few(server: Stub) -> None:
    server.objects["Node", "vk"]["status"] = ready("500m", "1Ti")


def without(kind: str, name: str) -> Change:
    def change(server: Stub) -> None:
        del server.objects[kind, name]

    return change


def pending(server: Stub) -> None:
    server.objects["Service", "dtperf-address"]["status"] = {"loadBalancer": {}}


def elsewhere(server: Stub) -> None:
    other = {"loadBalancer": {"ingress": [{"ip": "192.0.2.10"}]}}
    server.objects["Service", "dtperf-address"]["status"] = other


def no_operator(server: Stub) -> None:
    server.unknown = {"DaskCluster", "DaskWorkerGroup", "DaskAutoscaler"}


def old_operator(server: Stub) -> None:
    server.unknown = {"DaskAutoscaler"}


def no_rights(server: Stub) -> None:
    server.rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]


def refused(server: Stub) -> None:
    server.refusals["POST", "DaskCluster"] = (422, "spec.worker: Required value")


def left_behind(server: Stub) -> None:
    server.add("NetworkPolicy", "dtperf-worker", "dtperf", "")


@pytest.mark.parametrize(
    ("change", "step", "said"),
    [
        (no_operator, "operator", "DaskAutoscaler, DaskCluster, DaskWorkerGroup: no operator: ask"),
        (old_operator, "operator", "Kubernetes knows no DaskAutoscaler: "),
        (
            no_rights,
            "rights",
            "secrets (create, patch, delete); services (get, create, patch, delete); ",
        ),
        (no_rights, "rights", "networkpolicies.networking.k8s.io (get, create, patch, delete); "),
        (no_rights, "rights", "configs/helm/dtperf, installed there, gives these rights"),
        (without("Secret", "my-proxy"), "secrets", "there is no Secret my-proxy"),
        (refused, "objects", "refuses POST DaskCluster: spec.worker: Required value"),
        (left_behind, "objects", "NetworkPolicy dtperf-worker is left of an earlier cluster: `dtp"),
        (without("Node", "vk"), "node", "there is none at all: does interLink run?"),
        (unready, "node", "vk-bari.site.example is not ready: the site's interLink does not"),
        (tainted, "node", "taints that no worker tolerates: site.example/draining:NoExecute"),
        (small, "node", "no worker fits on vk-bari.site.example, which has 1Gi of memory"),
        (few, "node", "which has 500m of cpu"),
        (pending, "address", "has no address yet: has the site LoadBalancers?"),
        (elsewhere, "address", "has 192.0.2.10, and external_address leads to 127.0.0.1"),
    ],
)
def test_what_lacks_is_named(
    change: Change, step: str, said: str, server: Stub, listening: int
) -> None:
    change(server)
    found = steps(listening)
    assert found[step].outcome == "wrong"
    assert said in found[step].text
    if step == "rights":
        assert found["secrets"].outcome == "unknown", "who may not look has not seen them"
    if step in ("operator", "rights"):
        assert found["objects"] == ("objects", "unknown", f"to be seen when {step} is right")


def test_too_small_a_node_for_the_workers_that_are_waited_for(server: Stub, listening: int) -> None:
    server.objects["Node", "vk"]["status"] = ready("3", "1Ti")
    found = steps(listening, min_workers=4)["node"]
    assert (found.outcome, found.text.split(", ", 1)[1]) == (
        "wrong",
        "with room for 3 workers when it is empty, and min_workers is 4",
    )


def test_who_may_not_list_nodes(server: Stub, listening: int) -> None:
    server.refusals["GET", "Node"] = (403, "cannot list resource")
    found = steps(listening)["node"]
    assert found.outcome == "unknown"
    assert "kubectl get node -l kubernetes.io/hostname=vk-bari.site.example" in found.text


def test_the_address_of_a_load_balancer_is_told_to_whom_has_not_named_it(server: Stub) -> None:
    found = steps(0, service={})
    assert found["file"].outcome == found["address"].outcome == "wrong"
    assert found["address"].text.endswith("the Service dtperf-address has 127.0.0.1")
    assert found["objects"].outcome == "unknown"
    pending(server)
    assert "has none yet: has the site LoadBalancers?" in steps(0, service={})["address"].text
    del server.objects["Service", "dtperf-address"]
    assert "`address:` of the chart makes a Service" in steps(0, service={})["address"].text


def test_nobody_has_to_listen_before_a_cluster_is_up(server: Stub) -> None:
    port = free_port()
    assert steps(port)["address"].outcome == "ok"
    server.add("DaskCluster", "dtperf", "dtperf", "")
    found = steps(port)
    assert found["address"].outcome == "wrong"
    assert "refuses, and the cluster is up" in found["address"].text
    assert found["objects"].text == "the cluster dtperf is up, with all that it needs"


def test_silence_is_a_fault_only_if_a_cluster_is_up(
    server: Stub, listening: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silence(*_: object) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr(address.socket, "create_connection", silence)
    # only the dialling: the stub is reached by other means
    assert steps(listening)["address"].outcome == "unknown"
    server.add("DaskCluster", "dtperf", "dtperf", "")
    found = steps(listening)["address"]
    assert (found.outcome, "a firewall?" in found.text) == ("wrong", True)


def test_a_name_that_nobody_knows(server: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(address.socket, "getaddrinfo", unknown)
    service = {"type": "ClusterIP", "external_address": "tls://dask.invalid:8786"}
    assert "dask.invalid: no such name" in steps(0, service=service)["address"].text


def test_what_can_be_no_name(server: Stub) -> None:
    service = {"type": "ClusterIP", "external_address": "tls://dask..example:8786"}
    assert "dask..example: no such name" in steps(0, service=service)["address"].text


@pytest.mark.parametrize(
    "answer",
    [(200, "<html>Log in</html>"), (200, []), (200, {"hello": "world"}), (404, "not found")],
)
def test_another_server_than_kubernetes(
    server: Stub, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, Any]
) -> None:
    monkeypatch.setattr(server, "answer", lambda *_: answer)
    found = steps(0)
    assert [*found] == ["file", "server"]
    assert "not as an API server" in found["server"].text


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999", "http://[::1", "127.0.0.1:80"])
def test_what_can_be_no_address(server: Stub, tmp_path: Path, url: str) -> None:
    (tmp_path / "kubeconfig").write_text(kubeconfig(url))
    found = steps(0)
    assert [*found] == ["file", "server"]
    assert found["server"].outcome == "wrong"
    assert "KUBECONFIG" in found["server"].text


def test_pods_of_this_kubernetes_need_less(server: Stub) -> None:
    found = {step.step: step for step in examine(pods("inside"))}
    assert [*found] == STEPS
    assert {step.outcome for step in found.values()} == {"ok"}
    assert found["secrets"].text == found["node"].text == "none is needed"


def test_without_an_answer_nothing_else_is_looked_at(
    server: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kubeconfig").write_text(kubeconfig(f"http://127.0.0.1:{free_port()}"))
    found = steps(0)
    assert [*found] == ["file", "server"]
    assert "does not answer" in found["server"].text
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nowhere"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert [(step.step, step.outcome) for step in examine(pods("inside"))] == [
        ("file", "ok"),
        ("server", "wrong"),
    ]
