"""Clusters of pods, against a stub of the API server that speaks HTTP."""

from __future__ import annotations

import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dtperf.errors import ConfigError, DtperfError
from dtperf.execution.clusters import pods as clusters
from dtperf.execution.clusters import podstatus
from dtperf.execution.clusters.model import InterLink, Kubernetes
from dtperf.execution.clusters.tls import Credentials
from tests.execution.clusters.apiserver import Object, Stub, kubeconfig, serve
from tests.execution.clusters.configs import pods

QUOTA = 'pods "dtperf-scheduler-x" is forbidden: exceeded quota: cores, used: requests.cpu=8'
INGRESS = {"loadBalancer": {"ingress": [{"ip": "192.0.2.10"}]}}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "LOOK_S", 0.01)
    monkeypatch.setattr(podstatus, "LOOK_S", 0.01)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    with serve(Stub()) as stub:
        file = tmp_path / "kubeconfig"
        file.write_text(kubeconfig(stub.url))
        monkeypatch.setenv("KUBECONFIG", str(file))
        yield stub


@pytest.fixture
def config() -> Kubernetes | InterLink:
    return pods("least", wait_s=5, service={"external_address": "tls://dask.example:8786"})


def secret_of(server: Stub) -> str:
    [name] = [name for kind, name in server.objects if kind == "Secret"]
    return name


def refusal(config: Kubernetes | InterLink, folder: Path, kind: type = DtperfError) -> str:
    with pytest.raises(kind) as caught:
        clusters.create(config, folder)
    assert type(caught.value) is kind
    return str(caught.value)


def test_life(server: Stub, config: Kubernetes, tmp_path: Path) -> None:
    with clusters.pod_cluster(config, tmp_path) as (address, security):
        assert address == "tls://dask.example:8786"
        assert security.require_encryption
        files = Credentials.in_folder(tmp_path / "tls")
        assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
        assert "DaskCluster dtperf" in server.has()
        secret = secret_of(server)
        for one in ("NetworkPolicy dtperf-worker", f"Secret {secret}", "Service dtperf-outside"):
            kind, name = one.split()
            (owner,) = server.objects[kind, name]["metadata"]["ownerReferences"]
            assert (owner["kind"], owner["uid"]) == ("DaskCluster", "uid of dtperf")
        told = clusters.status(config)
        assert told is not None
        assert (told.phase, told.wanted, told.problems) == ("Running", 2, ())
        assert [pod.part for pod in told.pods] == ["scheduler", "worker", "worker"]
        assert dict(clusters.logs(config))["dtperf-worker-1-pod"] == "log of dtperf-worker-1-pod\n"
    assert server.has() == []


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), SystemExit(), ValueError(), DtperfError("broken")], ids=repr
)
def test_all_is_deleted_whatever_happens(
    error: BaseException, server: Stub, config: Kubernetes, tmp_path: Path
) -> None:
    with pytest.raises(type(error)), clusters.pod_cluster(config, tmp_path):
        raise error
    assert server.has() == []


def test_ctrl_c_while_it_starts(
    server: Stub, config: Kubernetes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(clusters, "wait_for_scheduler", interrupt)
    with pytest.raises(KeyboardInterrupt):
        clusters.create(config, tmp_path)
    assert server.has() == []
    assert ("POST", "DaskCluster", "") in server.calls


def test_workers_end_before_what_they_need(
    server: Stub, config: Kubernetes, tmp_path: Path
) -> None:
    with clusters.pod_cluster(config, tmp_path):
        pass
    deleted = [kind for method, kind, _ in server.calls if method == "DELETE"]
    assert deleted[0] == "DaskCluster"
    assert deleted[-1] == "Secret"


def test_deleting_twice(server: Stub, config: Kubernetes, tmp_path: Path) -> None:
    clusters.create(config, tmp_path)
    assert clusters.delete(config)
    assert not clusters.delete(config)
    assert clusters.status(config) is None
    # what the operator, or somebody, has deleted half
    clusters.create(config, tmp_path)
    server.delete("DaskCluster", "dtperf")
    assert clusters.delete(config)
    assert server.has() == []
    clusters.create(config, tmp_path)
    server.delete("Secret", secret_of(server))
    assert clusters.delete(config)
    assert server.has() == []


def test_what_others_have_made_is_left_alone(
    server: Stub, config: Kubernetes, tmp_path: Path
) -> None:
    spec = {"worker": {"replicas": 1}}
    server.add("DaskCluster", "dtperf", "dtperf", "", spec=spec)
    with pytest.raises(ConfigError, match="is not of dtperf's making"):
        clusters.delete(config)
    said = refusal(config, tmp_path, ConfigError)
    assert "DaskCluster dtperf: is in the namespace default already" in said
    assert server.has() == ["DaskCluster dtperf"]


def test_scale(server: Stub, config: Kubernetes, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no cluster dtperf in the namespace default"):
        clusters.scale(config, 3)
    clusters.create(config, tmp_path)
    clusters.scale(config, 5)
    told = clusters.status(config)
    assert told is not None
    assert told.wanted == 5
    del server.objects["DaskWorkerGroup", "dtperf-default"]  # as before the operator has made it
    clusters.scale(config, 6)
    assert server.objects["DaskCluster", "dtperf"]["spec"]["worker"]["replicas"] == 6


def test_scale_with_an_autoscaler(server: Stub, tmp_path: Path) -> None:
    config = pods("least", service={"type": "ClusterIP"}, maximum=10)
    clusters.create(config, tmp_path)
    span = server.objects["DaskAutoscaler", "dtperf"]["spec"]
    for workers, minimum, maximum in [(4, 4, 10), (12, 12, 12), (1, 1, 10)]:
        clusters.scale(config, workers)
        assert (span["minimum"], span["maximum"]) == (minimum, maximum)


@pytest.mark.parametrize(
    ("service", "address"),
    [
        ({"type": "ClusterIP"}, "tls://dtperf-scheduler.default.svc:8786"),
        ({"type": "NodePort", "node_port": 30786}, "tls://192.0.2.7:30786"),
        ({"type": "LoadBalancer"}, "tls://192.0.2.10:8786"),
    ],
)
def test_address(service: dict[str, Any], address: str, server: Stub, tmp_path: Path) -> None:
    def balance(cluster: Object) -> None:
        server.operate(cluster)
        if ("Service", "dtperf-outside") in server.objects:
            server.objects["Service", "dtperf-outside"]["status"] = INGRESS

    server.operator = balance
    found, _ = clusters.create(pods("least", service=service), tmp_path)
    assert found == address


@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff", "InvalidImageName"])
def test_image_missing(reason: str, server: Stub, config: Kubernetes, tmp_path: Path) -> None:
    server.image = reason
    said = refusal(config, tmp_path)
    assert said.startswith(f"the image {config.image} is missing: {reason}: message of {reason}")
    assert server.has() == []


def test_scheduler_crashes(server: Stub, config: Kubernetes, tmp_path: Path) -> None:
    server.image = "CrashLoopBackOff"
    assert "its log ends:\nlog of dtperf-scheduler-0-pod" in refusal(config, tmp_path)
    assert server.has() == []


def with_refused_pods(server: Stub, part: str) -> None:
    """Let the ReplicaSets of scheduler or workers get no pods."""

    def operate(cluster: Object) -> None:
        server.operate(cluster)
        condition = {"type": "ReplicaFailure", "status": "True", "message": QUOTA}
        for (kind, name), one in [*server.objects.items()]:
            if one["metadata"]["labels"].get("dask.org/component") == part:
                if kind == "Deployment":
                    one["status"] = {"conditions": [condition]}
                elif kind == "Pod":
                    del server.objects[kind, name]

    server.operator = operate


def test_quota_of_the_scheduler(server: Stub, config: Kubernetes, tmp_path: Path) -> None:
    with_refused_pods(server, "scheduler")
    said = refusal(config, tmp_path)
    assert "the quota of the namespace default is used up: " in said
    assert "used: requests.cpu=8" in said
    assert server.has() == []


def test_quota_of_the_workers(server: Stub, config: Kubernetes, tmp_path: Path) -> None:
    with_refused_pods(server, "worker")
    clusters.create(config, tmp_path)
    told = clusters.status(config)
    assert told is not None
    assert [pod.part for pod in told.pods] == ["scheduler"]
    assert len(told.problems) == 2
    assert all("is used up" in problem for problem in told.problems)


def test_quota_of_our_own_objects(server: Stub, config: Kubernetes, tmp_path: Path) -> None:
    server.refusals["POST", "Service"] = (403, QUOTA.replace("pods", "services"))
    assert "the quota of the namespace default is used up" in refusal(config, tmp_path)
    assert server.has() == []


def test_forbidden(server: Stub, config: Kubernetes, tmp_path: Path) -> None:
    said = 'daskclusters.kubernetes.dask.org is forbidden: User "me" cannot create resource'
    server.refusals["POST", "DaskCluster"] = (403, said)
    assert refusal(config, tmp_path, ConfigError) == f"not allowed in the namespace default: {said}"
    assert server.has() == []


def test_credentials_have_run_out(server: Stub, config: Kubernetes, tmp_path: Path) -> None:
    server.refusals["POST", "Secret"] = (401, "Unauthorized")
    assert "credentials in KUBECONFIG are refused" in refusal(config, tmp_path, ConfigError)


def test_no_operator(server: Stub, config: Kubernetes, tmp_path: Path) -> None:
    server.unknown = {"DaskCluster", "DaskWorkerGroup", "DaskAutoscaler"}
    assert "operator is not installed" in refusal(config, tmp_path, ConfigError)
    assert server.has() == []


def test_operator_is_dead(server: Stub, config: Kubernetes, tmp_path: Path) -> None:
    server.operator = lambda _: None
    config = config.model_copy(update={"wait_s": 1})
    said = refusal(config, tmp_path)
    assert "not there after 1 s: the dask-kubernetes operator took no notice" in said
    assert server.has() == []


def test_no_load_balancer(server: Stub, tmp_path: Path) -> None:
    said = refusal(pods("least", wait_s=1), tmp_path)
    assert "its Service has no address" in said
    assert server.has() == []


def test_no_such_namespace(server: Stub, config: Kubernetes, tmp_path: Path) -> None:
    server.refusals["POST", "Secret"] = (404, 'namespaces "default" not found')
    assert refusal(config, tmp_path, ConfigError) == (
        'namespace: default: namespaces "default" not found'
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"proxy_secret": "mine"}, "proxy_secret: there is no Secret mine in the namespace"),
        ({"pull_secret": "mine"}, "pull_secret: there is no Secret mine in the namespace"),
        ({"proxy_secret": "other"}, "the Secret other has no key `proxy`"),
    ],
)
def test_secrets_of_others(
    changes: dict[str, str], said: str, server: Stub, config: Kubernetes, tmp_path: Path
) -> None:
    server.add("Secret", "other", "", "", data={"x509": ""})
    assert said in refusal(config.model_copy(update=changes), tmp_path, ConfigError)
    assert server.has() == ["Secret other"]


def test_secrets_that_we_may_not_see(server: Stub, config: Kubernetes, tmp_path: Path) -> None:
    server.refusals["GET", "Secret"] = (403, "cannot get resource")
    clusters.create(config.model_copy(update={"pull_secret": "mine"}), tmp_path)


def test_few_rights_do(server: Stub, config: Kubernetes, tmp_path: Path) -> None:
    server.refusals = {
        ("GET", "Deployment"): (403, "cannot list resource"),
        ("GET", "Node"): (403, "cannot list resource"),
        ("PATCH", "Secret"): (403, "cannot patch resource"),
        ("PATCH", "NetworkPolicy"): (403, "cannot patch resource"),
    }
    with clusters.pod_cluster(config, tmp_path):
        told = clusters.status(config)
        assert told is not None
        assert told.problems == ()
    assert server.has() == []


def test_what_cannot_be_deleted_is_named(server: Stub, config: Kubernetes, tmp_path: Path) -> None:
    server.refusals["DELETE", "Secret"] = (403, "cannot delete resource")
    server.image = "ErrImagePull"
    first, second = refusal(config, tmp_path).splitlines()
    assert first.startswith("the image ")
    secret = secret_of(server)
    assert second.startswith(f"Secret {secret} may be left in the namespace default: not allowed")
    with pytest.raises(DtperfError, match=f"Secret {secret} may be left"):
        clusters.delete(config)


def test_a_cluster_that_does_not_end(
    server: Stub, config: Kubernetes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "END_S", 0.05)
    monkeypatch.setattr(server, "delete", lambda kind, name: server.objects[kind, name])
    clusters.create(config, tmp_path)
    with pytest.raises(
        DtperfError, match=r"DaskCluster dtperf may be left .*does the operator run"
    ):
        clusters.delete(config)


def test_a_cluster_that_does_not_end_because_its_node_is_gone(
    server: Stub, config: Kubernetes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mark(kind: str, name: str) -> Object:
        for (its, _), one in server.objects.items():
            if its == "Pod":
                one["metadata"]["deletionTimestamp"] = "2026-11-27T12:00:00Z"
        return server.objects[kind, name]

    monkeypatch.setattr(clusters, "END_S", 0.05)
    monkeypatch.setattr(server, "delete", mark)
    clusters.create(config, tmp_path)
    with pytest.raises(DtperfError, match="3 pods are Terminating on node-1: does that node"):
        clusters.delete(config)


def test_the_secret_goes_where_we_may_not_list_any(
    server: Stub, config: Kubernetes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = server.answer

    def without_lists(method: str, url: str, body: Object) -> tuple[int, Any]:
        if method == "GET" and "/secrets?" in url:
            return 403, {"kind": "Status", "message": "cannot list resource", "code": 403}
        return answer(method, url, body)

    monkeypatch.setattr(server, "answer", without_lists)
    with clusters.pod_cluster(config, tmp_path):
        assert secret_of(server)
    assert server.has() == []


def node(name: str, ready: str) -> Object:
    status = {"conditions": [{"type": "Ready", "status": ready}]}
    labels = {"virtual-node.interlink/type": "virtual-kubelet", "kubernetes.io/hostname": name}
    return {"metadata": {"name": name, "labels": labels}, "status": status}


def test_a_virtual_node_that_is_not_there(server: Stub, tmp_path: Path) -> None:
    wanted = pods("virtual", wait_s=5)
    said = refusal_without_nodes(server, wanted, tmp_path)
    assert said == (
        "node: there is no virtual node vk-bari.site.example; there is none at all: "
        "does interLink run?"
    )
    server.objects["Node", "vk-bori.site.example"] = node("vk-bori.site.example", "True")
    said = refusal_without_nodes(server, wanted, tmp_path)
    assert said.endswith("; did you mean 'vk-bori.site.example'?")


def refusal_without_nodes(server: Stub, config: InterLink, folder: Path) -> str:
    server.add("Secret", "my-proxy", "", "", data={"proxy": ""})
    said = refusal(config, folder, ConfigError)
    assert not [one for one in server.has() if not one.startswith(("Node", "Secret my-proxy"))]
    return said


def test_a_virtual_node_that_is_not_ready_is_told_of(server: Stub, tmp_path: Path) -> None:
    config = pods("virtual", proxy_secret=None)
    server.objects["Node", config.node] = node(config.node, "Unknown")
    clusters.create(config, tmp_path)
    told = clusters.status(config)
    assert told is not None
    assert told.problems == (
        "the node vk-bari.site.example is not ready: the site's interLink does not answer",
    )
    server.objects["Node", config.node] = node(config.node, "True")
    told = clusters.status(config)
    assert told is not None
    assert told.problems == ()


def test_a_pod_that_finds_no_node_is_told_of(
    server: Stub, config: Kubernetes, tmp_path: Path
) -> None:
    clusters.create(config, tmp_path)
    why = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    why["message"] = "0/3 nodes are available: 3 node(s) didn't match node selector."
    server.objects["Pod", "dtperf-worker-1-pod"]["status"] = {"conditions": [why]}
    told = clusters.status(config)
    assert told is not None
    [problem] = told.problems
    assert problem == f"dtperf-worker-1-pod: Unschedulable: {why['message']}"


def test_unreachable(config: Kubernetes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "kubeconfig"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        file.write_text(kubeconfig(url))
        monkeypatch.setenv("KUBECONFIG", str(file))
        with pytest.raises(DtperfError, match=f"the Kubernetes API server {url} does not answer"):
            clusters.create(config, tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no Kubernetes cluster is named here: set KUBECONFIG"),
        ("hello", "is no kubeconfig file"),
        ("a: [", "no Kubernetes cluster is named here"),
        ("{}", "KUBECONFIG"),
    ],
)
def test_no_kubeconfig(
    content: str | None,
    said: str,
    config: Kubernetes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "kubeconfig"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("KUBECONFIG", str(file))
    with pytest.raises(ConfigError, match=said):
        clusters.create(config, tmp_path)


def test_wrong_configs_are_not_submitted(server: Stub, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="external_address"):
        clusters.create(pods("virtual", service={}), tmp_path)
    assert server.calls == []
    assert not (tmp_path / "tls").exists()
