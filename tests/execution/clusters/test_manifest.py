"""The Kubernetes objects of a cluster: valid, and such that virtual nodes can run them."""

from __future__ import annotations

import base64
import copy
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml
from distributed.cli.dask_scheduler import main as dask_scheduler

from dtperf.errors import ConfigError
from dtperf.execution.clusters.manifest import manifest, to_yaml
from dtperf.execution.clusters.podspecs import quantity
from dtperf.execution.clusters.tls import Credentials
from dtperf.execution.clusters.worker_process import arguments
from tests.execution.clusters.configs import CONFIGS, IMAGE, pods

KUBERNETES = ["1.28", "1.37"]
CRDS = "operator/deployment/helm/dask-kubernetes-operator/crds"


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return Credentials.make(tmp_path_factory.mktemp("tls"))


@pytest.fixture(params=CONFIGS)
def objects(request: pytest.FixtureRequest, credentials: Credentials) -> list[dict[str, Any]]:
    return manifest(pods(request.param), credentials)


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    """Schemas of the operator's own kinds; unlike the API server they refuse unknown keys."""
    found = {}
    for kind in ("daskcluster", "daskautoscaler"):
        file = files("dask_kubernetes").joinpath(CRDS, f"{kind}.yaml")
        crd = yaml.safe_load(file.read_text())
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        schema["properties"] |= {"apiVersion": {}, "kind": {}, "metadata": {}}
        found[crd["spec"]["names"]["kind"]] = strict(schema)
    return found


def strict(schema: Any) -> Any:
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: strict(one) for name, one in schema.items()}
    if isinstance(schema.get("properties"), dict) and "type" in schema:
        made.setdefault("additionalProperties", False)
    return made


def validate(one: dict[str, Any], schemas: dict[str, Any]) -> None:
    if one["kind"] in schemas:
        jsonschema.validate(one, schemas[one["kind"]])
        return
    for version in KUBERNETES:
        kubernetes_validate.validate(one, version, strict=True)


def only(objects: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (found,) = (one for one in objects if one["kind"] == kind)
    return found


def worker_of(objects: list[dict[str, Any]]) -> dict[str, Any]:
    return only(objects, "DaskCluster")["spec"]["worker"]["spec"]


def scheduler_of(objects: list[dict[str, Any]]) -> dict[str, Any]:
    return only(objects, "DaskCluster")["spec"]["scheduler"]["spec"]


def variables(pod: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in pod["containers"][0]["env"]}


def deployments(cluster: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Make what the operator makes of a cluster, with its own code."""
    from dask_kubernetes.operator.controller import controller

    name, spec = cluster["metadata"]["name"], cluster["spec"]
    labels = cluster["metadata"]["labels"]
    yield controller.build_scheduler_deployment_spec(name, spec["scheduler"]["spec"], {}, labels)
    yield controller.build_scheduler_service_spec(name, spec["scheduler"]["service"], {}, labels)
    yield controller.build_worker_deployment_spec(
        worker_group_name=f"{name}-default",
        namespace=cluster["metadata"]["namespace"],
        cluster_name=name,
        uuid="0123456789",
        pod_spec=spec["worker"]["spec"],
        annotations=spec["worker"].get("metadata", {}).get("annotations", {}),
        labels=labels,
    )


def test_valid(objects: list[dict[str, Any]], schemas: dict[str, Any]) -> None:
    for one in objects:
        validate(one, schemas)


def test_what_the_operator_makes_of_it_is_valid(
    objects: list[dict[str, Any]], schemas: dict[str, Any]
) -> None:
    cluster = only(objects, "DaskCluster")
    _, service, worker = made = [*deployments(cluster)]
    for one in made:
        validate(one, schemas)
    template = worker["spec"]["template"]
    # it overwrites neither the address nor the annotations
    assert variables(template["spec"])["DASK_SCHEDULER_ADDRESS"].startswith("tls://")
    assert variables(template["spec"])["DASK_WORKER_NAME"] == worker["metadata"]["name"]
    given = cluster["spec"]["worker"].get("metadata", {}).get("annotations", {})
    assert template["metadata"]["annotations"] == given
    ports = {p["name"] for p in scheduler_of(objects)["containers"][0]["ports"]}
    assert {p["targetPort"] for p in service["spec"]["ports"]} == ports


@pytest.mark.parametrize(
    ("kind", "where", "wrong"),
    [
        ("DaskCluster", ["spec", "worker", "spec", "containers", 0, "comand"], ["x"]),
        ("DaskCluster", ["spec", "worker", "replicas"], "2"),
        ("DaskCluster", ["spec", "scheduler", "service", "ports", 0, "port"], "8786"),
        ("DaskAutoscaler", ["spec", "maximum"], None),
        ("NetworkPolicy", ["spec", "ingres"], []),
        ("Service", ["spec", "type"], 3),
        ("Secret", ["data", "ca.crt"], 1),
    ],
)
def test_the_schemas_see_mistakes(
    kind: str,
    where: list[Any],
    wrong: Any,
    credentials: Credentials,
    schemas: dict[str, Any],
) -> None:
    objects = copy.deepcopy(manifest(pods("all"), credentials))
    one = next(one for one in objects if one["kind"] == kind)
    part = one
    for key in where[:-1]:
        part = part[key]
    part[where[-1]] = wrong
    with pytest.raises(jsonschema.ValidationError):
        validate(one, schemas)


def test_kinds_and_order() -> None:
    least = [one["kind"] for one in manifest(pods("least"))]
    assert least == ["Secret", "NetworkPolicy", "NetworkPolicy", "Service", "DaskCluster"]
    assert [one["kind"] for one in manifest(pods("all"))] == [*least, "DaskAutoscaler"]
    assert "Service" not in [one["kind"] for one in manifest(pods("inside"))]


def test_workers_suit_virtual_nodes(objects: list[dict[str, Any]]) -> None:
    pod = worker_of(objects)
    (container,) = pod["containers"]
    assert container["command"] == ["python", "-m", "dtperf.execution.clusters.worker"]
    assert "args" not in container
    resources = container["resources"]
    assert resources["requests"] == resources["limits"]
    assert resources["limits"]["cpu"].isdigit()
    assert not resources["limits"]["memory"].isdigit()
    assert all(list(volume) == ["name", "secret"] for volume in pod["volumes"])
    assert {m["name"] for m in container["volumeMounts"]} == {v["name"] for v in pod["volumes"]}
    assert all(isinstance(value, str) for value in variables(pod).values())
    for one in (pod, scheduler_of(objects)):
        assert one["automountServiceAccountToken"] is False


def test_virtual_node() -> None:
    objects = manifest(pods("virtual"))
    pod = worker_of(objects)
    assert pod["nodeSelector"] == {
        "kubernetes.io/hostname": "vk-bari.site.example",
        "virtual-node.interlink/type": "virtual-kubelet",
    }
    (toleration,) = pod["tolerations"]
    assert toleration["key"] == "virtual-node.interlink/no-schedule"
    assert variables(pod)["DASK_SCHEDULER_ADDRESS"] == "tls://dask.example:8786"
    cluster = only(objects, "DaskCluster")["spec"]
    told = cluster["worker"]["metadata"]["annotations"]
    assert told["slurm-job.vk.io/flags"] == "--partition=long --time=2:00:00"
    assert "nodeSelector" not in cluster["scheduler"]["spec"]
    workers = next(one for one in objects if one["metadata"]["name"] == "dtperf-worker")
    assert workers["spec"]["ingress"] == []


def test_images() -> None:
    for name, worker, scheduler in [
        ("least", IMAGE, IMAGE),
        ("virtual", f"docker://{IMAGE}", IMAGE),
        ("cvmfs", CONFIGS["cvmfs"]["image"], CONFIGS["cvmfs"]["scheduler_image"]),
    ]:
        objects = manifest(pods(name))
        assert worker_of(objects)["containers"][0]["image"] == worker
        assert scheduler_of(objects)["containers"][0]["image"] == scheduler


def test_the_entry_point_understands_its_environment(
    credentials: Credentials, tmp_path: Path
) -> None:
    told = variables(worker_of(manifest(pods("all"), credentials)))
    assert told["DTPERF_TLS"] == "/etc/dtperf/tls"
    assert told["DTPERF_PROXY"] == "/etc/dtperf/proxy/proxy"
    options = arguments({**told, "DTPERF_TLS": str(credentials.ca.parent)}, tmp_path)
    assert options[-1] == "tls://mu-scheduler.users.svc:8786"
    assert options[options.index("--nthreads") + 1] == "4"
    assert 7e9 < int(options[options.index("--memory-limit") + 1]) <= 7500e6


@pytest.mark.parametrize("name", ["least", "all"])
def test_dask_understands_the_schedulers_arguments(name: str, credentials: Credentials) -> None:
    (container,) = scheduler_of(manifest(pods(name)))["containers"]
    assert container["command"] == ["dask", "scheduler"]
    # a pod has the files there
    here = [arg.replace("/etc/dtperf/tls", str(credentials.ca.parent)) for arg in container["args"]]
    told = dask_scheduler.make_context("dask scheduler", here).params
    assert (told["protocol"], told["port"], told["dashboard_address"]) == ("tls", "8786", ":8787")
    assert [told[f"tls_{part}"] for part in ("ca_file", "cert", "key")] == [*map(str, credentials)]
    assert told["dashboard"] is (name == "all")
    routes = variables(scheduler_of(manifest(pods(name))))
    assert "distributed.http.scheduler.api" in routes["DASK_DISTRIBUTED__SCHEDULER__HTTP__ROUTES"]


def test_only_tls_is_seen_outside(objects: list[dict[str, Any]]) -> None:
    inside = only(objects, "DaskCluster")["spec"]["scheduler"]["service"]
    assert inside["type"] == "ClusterIP"
    assert {port["name"] for port in inside["ports"]} == {"tcp-comm", "http-dashboard"}
    for service in (one for one in objects if one["kind"] == "Service"):
        (port,) = service["spec"]["ports"]
        assert port["targetPort"] == "tcp-comm"
        assert service["spec"]["selector"] == inside["selector"]
        # the operator takes a Service with this label for its own
        assert "dask.org/component" not in service["metadata"]["labels"]
    policy = next(one for one in objects if one["metadata"]["name"].endswith("-scheduler"))
    comm, http = policy["spec"]["ingress"]
    assert "from" not in comm
    assert http["from"][0]["podSelector"]["matchLabels"] == {
        "app.kubernetes.io/name": "dask-kubernetes-operator"
    }


def test_ports_of_services() -> None:
    node = only(manifest(pods("all")), "Service")["spec"]
    assert (node["type"], node["ports"][0]["nodePort"]) == ("NodePort", 30786)
    elsewhere = {"external_address": "tls://dask.example:443"}
    balanced = only(manifest(pods("least", service=elsewhere)), "Service")["spec"]
    assert (balanced["type"], balanced["ports"][0]["port"]) == ("LoadBalancer", 443)


def test_secrets_are_shown_on_request_only(credentials: Credentials) -> None:
    objects = manifest(pods("least"), credentials)
    shown, hidden = to_yaml(objects, secrets=True), to_yaml(objects)
    assert [*yaml.safe_load_all(shown)] == objects
    key = base64.b64encode(credentials.key.read_bytes()).decode()
    assert key in shown.replace("\n    ", "")
    secret, *others = yaml.safe_load_all(hidden)
    assert set(secret["data"]) == {"ca.crt", "tls.crt", "tls.key"}
    for value in secret["data"].values():
        with pytest.raises(ValueError, match="base64"):
            base64.b64decode(value, validate=True)
    assert others == objects[1:]
    assert "BEGIN" not in hidden
    assert key[:40] not in hidden
    assert "&id" not in shown


def secrets_in(pod: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {volume["name"]: volume["secret"] for volume in pod["volumes"]}


def test_pods_of_an_earlier_cluster_of_the_same_name_do_not_find_the_secret(
    tmp_path: Path,
) -> None:
    names = set()
    for number in range(2):
        objects = manifest(pods("least"), Credentials.make(tmp_path / str(number)))
        name = only(objects, "Secret")["metadata"]["name"]
        for pod in (worker_of(objects), scheduler_of(objects)):
            assert secrets_in(pod)["tls"]["secretName"] == name
        names.add(name)
    assert len(names) == 2


def test_only_the_owner_reads_keys_and_proxies_at_a_site() -> None:
    virtual = secrets_in(worker_of(manifest(pods("virtual"))))
    assert {name: one["defaultMode"] for name, one in virtual.items()} == {
        "tls": 0o400,
        "proxy": 0o400,
    }
    # root would own them, and the image runs as somebody else
    inside = secrets_in(worker_of(manifest(pods("all"))))
    assert not any("defaultMode" in one for one in inside.values())


def test_the_end_of_a_virtual_nodes_pod_is_not_waited_for() -> None:
    assert worker_of(manifest(pods("virtual")))["terminationGracePeriodSeconds"] == 1
    # where pods are processes, they end as soon as they have handed their work back
    assert "terminationGracePeriodSeconds" not in worker_of(manifest(pods("all")))


@pytest.mark.parametrize(
    ("memory", "said"),
    [
        ("2GiB", "2Gi"),
        ("4GB", "4G"),
        ("7500 MB", "7500M"),
        ("512MiB", "512Mi"),
        ("1TB", "1T"),
        ("900KB", "900k"),
        ("20KiB", "20Ki"),
    ],
)
def test_memory(memory: str, said: str) -> None:
    assert quantity(memory) == said


def test_what_goes_wrong_is_not_made() -> None:
    with pytest.raises(ConfigError, match="external_address"):
        manifest(pods("virtual", service={}))
