"""What the Helm chart makes fits what `dtperf cluster manifest` makes in its namespace."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from dtperf.execution.clusters.address import SERVICE
from dtperf.execution.clusters.manifest import OPERATOR, manifest
from dtperf.execution.clusters.pods import EVERYTHING
from dtperf.execution.clusters.podspecs import COMM, HTTP, PORTS
from dtperf.execution.clusters.rights import of_rules, rights
from tests.execution.clusters.chart import (
    VALUES,
    Object,
    cluster_of,
    file_of,
    merged,
    of_kind,
    only,
    rendered,
)
from tests.execution.clusters.reach import Peer, may_connect
from tests.execution.clusters.test_manifest import deployments

pytestmark = pytest.mark.server


def test_the_file_for_users_is_a_cluster_that_fits(values: Object, release: list[Object]) -> None:
    config = cluster_of(release)
    made = manifest(config)
    assert config.namespace == "muons"
    assert config.name == merged(values)["cluster"]["name"]
    # no object of the one is one of the other, nor does `cluster down` look for it
    ours = {(one["kind"], one["metadata"]["name"]) for one in release}
    theirs = {(one["kind"], one["metadata"]["name"]) for one in made}
    theirs |= {(kind, config.name + suffix) for kind, suffix in EVERYTHING}
    assert not ours & theirs
    for key, value in merged(values)["cluster"].items():
        assert file_of(release)[key] == value
    for one in release:
        assert "dask.org/component" not in one["metadata"]["labels"]
        assert one["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "Helm"


def test_the_secrets_that_pods_name_are_those_of_the_chart(release: list[Object]) -> None:
    config = cluster_of(release)
    cluster = only(manifest(config), "DaskCluster")["spec"]
    places = {one["metadata"]["name"] for one in of_kind(release, "Secret")}
    worker = cluster["worker"]["spec"]
    mounted = {one["secret"]["secretName"] for one in worker["volumes"] if one["name"] != "tls"}
    assert mounted == places
    assert not any("data" in one for one in of_kind(release, "Secret"))
    pulled = [one["name"] for one in worker.get("imagePullSecrets", [])]
    accounts = of_kind(release, "ServiceAccount")
    assert all(
        [each["name"] for each in one.get("imagePullSecrets", [])] == pulled for one in accounts
    )
    # pods of a cluster use no account
    assert worker["automountServiceAccountToken"] is False


def test_the_address_leads_to_the_scheduler(release: list[Object]) -> None:
    config = cluster_of(release)
    services = of_kind(release, "Service")
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


def test_users_get_the_rights_and_no_more(values: Object, release: list[Object]) -> None:
    role = only(release, "Role")
    given = {*of_rules(one for one in role["rules"] if "resourceNames" not in one)}
    more = {("", "secrets", "list")} if merged(values)["rbac"]["listSecrets"] else set()
    assert given == {*rights()} | more
    [file] = [one for one in role["rules"] if "resourceNames" in one]
    assert file["resourceNames"] == [only(release, "ConfigMap")["metadata"]["name"]]
    assert file["verbs"] == ["get"]
    for one in manifest(cluster_of(release)):
        group = one["apiVersion"].rpartition("/")[0]
        for verb in ("get", "create", "patch", "delete"):
            assert (group, one["kind"].lower().removesuffix("y"), verb) in {
                (right.group, singular(right.resource), right.verb) for right in given
            }


def singular(resource: str) -> str:
    return resource.removesuffix("ies") if resource.endswith("ies") else resource.removesuffix("s")


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


def test_further_storage(tmp_path: Path) -> None:
    policies = rendered(tmp_path, VALUES["kubernetes"])
    worker = Peer({"dask.org/cluster-name": "mu"}, "muons")
    assert [p for p in (443, 1094, 8443, 24000) if may_connect(policies, worker, STORAGE, p)] == [
        *(1094, 8443, 24000),
    ]
    assert not of_kind(rendered(tmp_path, VALUES["cvmfs"]), "NetworkPolicy")


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
