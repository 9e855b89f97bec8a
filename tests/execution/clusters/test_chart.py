"""The Helm chart: valid, and it fits what users make in its namespace.

What it is made of is held to its schema here; what helm makes of it needs helm.
"""

from __future__ import annotations

import json
import re
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from dtperf.execution.clusters.address import SERVICE
from dtperf.execution.clusters.load import load_cluster
from dtperf.execution.clusters.manifest import OPERATOR, manifest
from dtperf.execution.clusters.model import InterLink, Kubernetes
from dtperf.execution.clusters.pods import EVERYTHING
from dtperf.execution.clusters.podspecs import COMM, HTTP, PORTS
from dtperf.execution.clusters.rights import of_rules, rights
from tests.execution.clusters.chart import CHART, VALUES, helm, refusal, rendered
from tests.execution.clusters.reach import Peer, may_connect
from tests.execution.clusters.test_manifest import KUBERNETES, deployments
from tests.helpers.pages import blocks

Object = dict[str, Any]
NAMES = [*VALUES]
UPSTREAM = "operator/deployment/helm/dask-kubernetes-operator"
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text())


def merged(values: Object, defaults: Object = DEFAULTS) -> Object:
    """Merge values into the defaults, as helm does."""
    made = dict(defaults)
    for key, value in values.items():
        is_deep = isinstance(value, dict) and isinstance(made.get(key), dict)
        made[key] = merged(value, made[key]) if is_deep else value
    return made


WRONG: dict[str, tuple[Object, str]] = {
    "users": ({"users": [{"kind": "Robot", "name": "x"}]}, "users/0/kind"),
    "key": ({"serviceAcount": {}}, "serviceAcount"),
    "kind": ({"cluster": {"kind": "kubernetes"}}, "cluster/kind"),
    "name": ({"cluster": {"name": "1mu"}}, "cluster/name"),
    "service": ({"cluster": {"service": {}}}, "cluster/service"),
    "type": ({"address": {"type": "ClusterIP"}}, "address/type"),
    "host": ({"address": {"host": "tls://dask.example:8786"}}, "address/host"),
    "node port": ({"address": {"nodePort": 8786}}, "address/nodePort"),
    "port": ({"networkPolicy": {"storagePorts": ["root"]}}, "networkPolicy/storagePorts/0"),
}


def test_the_schema_takes_what_is_meant() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert {*SCHEMA["properties"]} == {*DEFAULTS, "global"}
    for values in ({}, *VALUES.values()):
        jsonschema.validate(merged(values), SCHEMA)


@pytest.mark.parametrize("name", WRONG)
def test_the_schema_sees_mistakes(name: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(merged(WRONG[name][0]), SCHEMA)


def test_its_version_is_ours() -> None:
    from importlib.metadata import version

    told = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert told["version"] == told["appVersion"] == version("dtperf")


@pytest.fixture(params=NAMES)
def values(request: pytest.FixtureRequest) -> Object:
    return VALUES[request.param]


@pytest.fixture
def objects(values: Object, tmp_path: Path) -> list[Object]:
    return rendered(tmp_path, values)


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


@pytest.mark.server
def test_helm_finds_nothing_wrong(values: Object, tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text(json.dumps(values))
    done = helm("lint", "--strict", CHART, "--values", tmp_path / "values.yaml")
    assert done.returncode == 0, done.stdout
    assert "WARNING" not in done.stdout
    assert helm("lint", "--strict", CHART).returncode == 0


@pytest.mark.server
@pytest.mark.parametrize("name", WRONG)
def test_helm_refuses_wrong_values(name: str, tmp_path: Path) -> None:
    values, where = WRONG[name]
    assert where in refusal(tmp_path, {**VALUES["least"], **values}).replace("'/", "")


@pytest.mark.server
@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "image: is needed"),
        ({"address": {"type": "NodePort"}}, "address.nodePort: is needed"),
        ({"jupyterhub": {"enabled": True}}, "jupyterhub.image: is needed"),
    ],
)
def test_helm_says_what_lacks(values: Object, said: str, tmp_path: Path) -> None:
    image = VALUES["least"] if values else {}
    assert said in refusal(tmp_path, {**image, **values})


@pytest.mark.server
def test_kubernetes_takes_all(objects: list[Object]) -> None:
    for one in objects:
        for version in KUBERNETES:
            kubernetes_validate.validate(one, version, strict=True)


@pytest.mark.server
def test_the_file_for_users_is_a_cluster_that_fits(values: Object, objects: list[Object]) -> None:
    config = cluster_of(objects)
    made = manifest(config)
    assert config.namespace == "muons"
    assert config.name == merged(values)["cluster"]["name"]
    # no object of the one is one of the other, nor does `cluster down` look for it
    ours = {(one["kind"], one["metadata"]["name"]) for one in objects}
    theirs = {(one["kind"], one["metadata"]["name"]) for one in made}
    theirs |= {(kind, config.name + suffix) for kind, suffix in EVERYTHING}
    assert not ours & theirs
    for key, value in merged(values)["cluster"].items():
        assert file_of(objects)[key] == value
    for one in objects:
        assert "dask.org/component" not in one["metadata"]["labels"]
        assert one["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "Helm"


@pytest.mark.server
def test_the_secrets_that_pods_name_are_those_of_the_chart(objects: list[Object]) -> None:
    config = cluster_of(objects)
    cluster = only(manifest(config), "DaskCluster")["spec"]
    places = {one["metadata"]["name"] for one in of_kind(objects, "Secret")}
    worker = cluster["worker"]["spec"]
    mounted = {one["secret"]["secretName"] for one in worker["volumes"] if one["name"] != "tls"}
    assert mounted == places
    assert not any("data" in one for one in of_kind(objects, "Secret"))
    pulled = [one["name"] for one in worker.get("imagePullSecrets", [])]
    accounts = of_kind(objects, "ServiceAccount")
    assert all(
        [each["name"] for each in one.get("imagePullSecrets", [])] == pulled for one in accounts
    )
    # pods of a cluster use no account
    assert worker["automountServiceAccountToken"] is False


@pytest.mark.server
def test_the_address_leads_to_the_scheduler(objects: list[Object]) -> None:
    config = cluster_of(objects)
    services = of_kind(objects, "Service")
    assert not of_kind(manifest(config), "Service"), "the chart's stays; no other is made"
    scheduler, inside, _ = deployments(only(manifest(config), "DaskCluster"))
    for service in services:
        assert service["metadata"]["name"] == config.name + SERVICE
        spec = service["spec"]
        assert spec["selector"].items() <= inside["spec"]["selector"].items()
        pod = scheduler["spec"]["template"]
        assert spec["selector"].items() <= pod["metadata"]["labels"].items()
        [port] = spec["ports"]
        listening = {one["name"]: one["containerPort"] for one in ports_of(pod)}
        assert listening[port["targetPort"]] == PORTS[COMM]
        seen = port["nodePort"] if spec["type"] == "NodePort" else port["port"]
        assert str(config.service.external_address).endswith(f":{seen}")


def ports_of(pod: Object) -> list[Object]:
    found: list[Object] = pod["spec"]["containers"][0]["ports"]
    return found


@pytest.mark.server
def test_users_get_the_rights_and_no_more(values: Object, objects: list[Object]) -> None:
    role = only(objects, "Role")
    given = {*of_rules(one for one in role["rules"] if "resourceNames" not in one)}
    more = {("", "secrets", "list")} if merged(values)["rbac"]["listSecrets"] else set()
    assert given == {*rights()} | more
    [file] = [one for one in role["rules"] if "resourceNames" in one]
    assert file["resourceNames"] == [only(objects, "ConfigMap")["metadata"]["name"]]
    assert file["verbs"] == ["get"]
    for one in manifest(cluster_of(objects)):
        group = one["apiVersion"].rpartition("/")[0]
        for verb in ("get", "create", "patch", "delete"):
            assert (group, one["kind"].lower().removesuffix("y"), verb) in {
                (right.group, singular(right.resource), right.verb) for right in given
            }


def singular(resource: str) -> str:
    return resource.removesuffix("ies") if resource.endswith("ies") else resource.removesuffix("s")


@pytest.mark.server
def test_who_may_start_workers(tmp_path: Path) -> None:
    objects = rendered(tmp_path, VALUES["interlink"])
    accounts = {("dtperf", "muons"), ("dtperf", "hub"), ("ci", "muons")}
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        binding = only(objects, kind)
        role = only(objects, binding["roleRef"]["kind"])
        assert binding["roleRef"]["name"] == role["metadata"]["name"]
        subjects = binding["subjects"]
        assert {
            (one["name"], one["namespace"]) for one in subjects if one["kind"] == "ServiceAccount"
        } == accounts
        assert [one["name"] for one in subjects if one["kind"] == "Group"] == ["dts"]
    [nodes] = only(objects, "ClusterRole")["rules"]
    assert (nodes["resources"], nodes["verbs"]) == (["nodes"], ["list"])
    made = {
        (one["metadata"]["name"], one["metadata"]["namespace"])
        for one in of_kind(objects, "ServiceAccount")
    }
    assert made == accounts - {("ci", "muons")}
    without = rendered(tmp_path, VALUES["kubernetes"])
    assert not of_kind(without, "ClusterRole")
    assert not of_kind(without, "ServiceAccount")
    nobody = rendered(tmp_path, {**VALUES["least"], "serviceAccount": {"create": False}})
    assert not of_kind(nobody, "RoleBinding")


OTHER = Peer({"app": "another"}, "muons")
HUB = Peer({"component": "singleuser-server"}, "hub")
THE_OPERATOR = Peer(OPERATOR, "dask-operator")
DNS = Peer({"k8s-app": "kube-dns"}, "kube-system")
STORAGE, METADATA = Peer(address="192.0.2.44"), Peer(address="169.254.169.254")


@pytest.mark.server
def test_who_may_connect_to_whom(tmp_path: Path) -> None:
    objects = rendered(tmp_path, {**VALUES["least"], "cluster": {"name": "mu"}})
    config = cluster_of(objects)
    policies = objects + manifest(config) + manifest(config.model_copy(update={"name": "el"}))
    made, _, worker_made = deployments(only(manifest(config), "DaskCluster"))
    scheduler, worker = (
        Peer(one["spec"]["template"]["metadata"]["labels"], "muons") for one in (made, worker_made)
    )
    another = Peer({**worker.labels, "dask.org/cluster-name": "el"}, "muons")
    comm, http = PORTS[COMM], PORTS[HTTP]
    let = [
        (HUB, scheduler, comm),  # who has no certificate gets no further
        (STORAGE, scheduler, comm),
        (worker, scheduler, comm),
        (scheduler, worker, 40000),
        (worker, worker, 40000),
        (THE_OPERATOR, scheduler, http),
        (worker, STORAGE, 1094),
        (worker, STORAGE, 443),
        (scheduler, DNS, 53),
    ]
    assert [one for one in let if not may_connect(policies, *one)] == []
    assert may_connect(policies, worker, DNS, 53, "UDP")
    not_let = [
        (HUB, scheduler, http),
        (OTHER, worker, 40000),
        (another, worker, 40000),
        (STORAGE, worker, 40000),
        (worker, STORAGE, 25),
        (worker, METADATA, 443),
        (worker, OTHER, 1094),
        (worker, DNS, 443),
    ]
    assert [one for one in not_let if may_connect(policies, *one)] == []


@pytest.mark.server
def test_further_storage(tmp_path: Path) -> None:
    policies = rendered(tmp_path, VALUES["kubernetes"])
    worker = Peer({"dask.org/cluster-name": "mu"}, "muons")
    assert [p for p in (443, 1094, 8443, 24000) if may_connect(policies, worker, STORAGE, p)] == [
        *(1094, 8443, 24000),
    ]
    assert not of_kind(rendered(tmp_path, VALUES["cvmfs"]), "NetworkPolicy")


@pytest.mark.server
def test_the_profile_of_a_hub(tmp_path: Path) -> None:
    objects = rendered(tmp_path, VALUES["interlink"])
    hub = file_of(objects, "jupyterhub.yaml")["singleuser"]
    [profile] = hub["profileList"]
    told = profile["kubespawner_override"]
    assert told["image"] == "registry.example/muons/hub:1.0"
    assert {"name": told["service_account"], "namespace": "hub"}.items() <= {
        **of_kind(objects, "ServiceAccount")[1]["metadata"]
    }.items()
    assert told["automount_service_account_token"] is True
    [file] = hub["extraFiles"].values()
    assert yaml.safe_load(file["stringData"]) == file_of(objects)
    spec = {"podSelector": {}, "policyTypes": ["Egress"], **hub["networkPolicy"]}
    policy: Object = {"kind": "NetworkPolicy", "metadata": {"namespace": "hub"}, "spec": spec}
    scheduler = Peer({"dask.org/component": "scheduler"}, "muons")
    assert may_connect([policy], HUB, scheduler, 8786)
    assert not may_connect([policy], HUB, scheduler, 8787)
    assert may_connect([policy], HUB, Peer(address="10.96.0.1"), 443)


@pytest.mark.server
def test_the_pod_that_looks(values: Object, objects: list[Object]) -> None:
    pods = of_kind(objects, "Pod")
    assert bool(pods) is merged(values)["serviceAccount"]["create"]
    for pod in pods:
        [container] = pod["spec"]["containers"]
        assert not container["image"].startswith(("/cvmfs/", "docker://"))
        assert container["command"][:3] == ["dtperf", "cluster", "check"]
        [mount] = container["volumeMounts"]
        assert container["command"][3] == f"{mount['mountPath']}/cluster.yaml"
        assert {one["metadata"]["name"] for one in of_kind(objects, "ServiceAccount")} == {
            pod["spec"]["serviceAccountName"]
        }


@pytest.fixture
def operator(tmp_path: Path) -> list[Object]:
    """What the operator's own chart makes, as its wheel has it."""
    source = files("dask_kubernetes").joinpath(UPSTREAM)
    chart = shutil.copytree(str(source), tmp_path / "operator")
    return rendered(tmp_path, {}, chart)


@pytest.mark.server
def test_the_operator_is_known_by_its_labels(operator: list[Object]) -> None:
    pod = only(operator, "Deployment")["spec"]["template"]
    assert OPERATOR.items() <= pod["metadata"]["labels"].items()


@pytest.mark.server
def test_the_page_names_what_its_values_make(tmp_path: Path) -> None:
    page = CHART.parents[2] / "docs/howto/site.md"
    codes = [one.code for one in blocks(page) if one.language == "yaml"]
    first, hub = (yaml.safe_load(code) for code in codes)
    where = ("dtperf", CHART, "--namespace", "muons", "--kube-version", "1.30")
    (tmp_path / "values.yaml").write_text(json.dumps({**first, **hub}))
    done = helm("template", *where, "--values", tmp_path / "values.yaml")
    assert done.returncode == 0, done.stderr
    objects = [one for one in yaml.safe_load_all(done.stdout) if one]
    made = {(one["kind"].lower(), one["metadata"]["name"]) for one in objects}
    told = "".join(one.code for one in blocks(page) if one.language == "bash")
    named = {*re.findall(r"kubectl -n muons get (configmap|service) (\S+)", told)}
    assert named == {("configmap", "dtperf"), ("service", "dtperf-address")}
    assert named <= made
    assert ("secret", first["secrets"]["proxy"]) in made
    for key in ("proxy", "pull"):
        assert f" {first['secrets'][key]} " in told
