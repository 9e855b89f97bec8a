"""The Helm chart by itself: values are held to a schema; helm and Kubernetes take the rest."""

from __future__ import annotations

import json
import re
import shutil
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest
import yaml

from dtperf.execution.clusters.manifest import OPERATOR
from tests.execution.clusters.chart import (
    CHART,
    DEFAULTS,
    VALUES,
    Object,
    helm,
    merged,
    of_kind,
    only,
    refusal,
    rendered,
)
from tests.execution.clusters.test_manifest import KUBERNETES
from tests.helpers.pages import blocks

UPSTREAM = "operator/deployment/helm/dask-kubernetes-operator"
SCHEMA = json.loads((CHART / "values.schema.json").read_text())


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
    told = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert told["version"] == told["appVersion"] == version("dtperf")


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
def test_kubernetes_takes_all(release: list[Object]) -> None:
    for one in release:
        for release_of in KUBERNETES:
            kubernetes_validate.validate(one, release_of, strict=True)


@pytest.mark.server
def test_the_pod_that_looks(values: Object, release: list[Object]) -> None:
    pods = of_kind(release, "Pod")
    assert bool(pods) is merged(values)["serviceAccount"]["create"]
    for pod in pods:
        [container] = pod["spec"]["containers"]
        assert not container["image"].startswith(("/cvmfs/", "docker://"))
        assert container["command"][:3] == ["dtperf", "cluster", "check"]
        [mount] = container["volumeMounts"]
        assert container["command"][3] == f"{mount['mountPath']}/cluster.yaml"
        assert {one["metadata"]["name"] for one in of_kind(release, "ServiceAccount")} == {
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
