"""The rights that the chart gives are those that the calls of dtperf need, no more, no fewer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dtperf.execution.clusters import pods as clusters
from dtperf.execution.clusters import podstatus
from dtperf.execution.clusters.apiserver import api_server
from dtperf.execution.clusters.rights import missing, rights
from tests.execution.clusters.apiserver import Stub, kubeconfig, serve
from tests.execution.clusters.configs import pods

RULES = Path(__file__).parents[3] / "configs/helm/dtperf/files/rules.yaml"
GOOD_TO_HAVE = {("", "secrets", "list"), ("", "nodes", "list")}
"""Of which the chart's values say whether users have them; nothing fails without them."""
NODE = {"kubernetes.io/hostname": "vk-bari.site.example"} | {
    "virtual-node.interlink/type": "virtual-kubelet"
}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    monkeypatch.setattr(clusters, "LOOK_S", 0.01)
    monkeypatch.setattr(podstatus, "LOOK_S", 0.01)
    with serve(Stub()) as stub:
        stub.rules = yaml.safe_load(RULES.read_text())
        (tmp_path / "kubeconfig").write_text(kubeconfig(stub.url))
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
        yield stub


def live(server: Stub, config: Any, folder: Path) -> None:
    """Do with a cluster whatever dtperf does."""
    clusters.create(config, folder)
    assert clusters.status(config) is not None
    assert [*clusters.logs(config)]
    clusters.scale(config, 3)
    group = server.objects.pop(("DaskWorkerGroup", f"{config.name}-default"))
    clusters.scale(config, 4)  # as before the operator has made it
    server.objects["DaskWorkerGroup", f"{config.name}-default"] = group
    assert clusters.delete(config)


def test_a_user_with_these_rights_can_do_all_and_uses_all(server: Stub, tmp_path: Path) -> None:
    server.add("Secret", "my-proxy", "", "", data={"proxy": ""})
    live(server, pods("virtual"), tmp_path)
    outside = {"external_address": "tls://dask.example:30786"}
    live(server, pods("least", service={"type": "NodePort", **outside}, maximum=9), tmp_path)
    left = [one for one in server.has() if not one.startswith("Secret ")]
    assert left == []
    assert server.asked - GOOD_TO_HAVE == {tuple(right) for right in rights()}


@pytest.mark.parametrize("right", rights(), ids=" ".join)
def test_a_right_that_lacks_is_found(right: Any, server: Stub) -> None:
    assert server.rules is not None
    for rule in server.rules:
        if right.group in rule["apiGroups"] and right.resource in rule["resources"]:
            rule["verbs"].remove(right.verb)
    lacking = {one for one in rights() if not server.allows(*one)}
    with api_server("muons") as api:
        assert {*missing(api)} == lacking
    assert right in lacking
