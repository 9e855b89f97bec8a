"""What is known to go wrong with pods is refused before anything is submitted."""

from __future__ import annotations

from typing import Any

import pytest

from dtperf.errors import ConfigError
from dtperf.execution.clusters.checks import ANNOTATIONS, check_pods
from dtperf.execution.clusters.load import load_cluster
from tests.execution.clusters.configs import CONFIGS, IMAGE, OUTSIDE, pods

DIGEST = f"{IMAGE.removesuffix(':1.0')}@sha256:{64 * 'a'}"


@pytest.mark.parametrize("name", CONFIGS)
def test_right(name: str) -> None:
    check_pods(pods(name))


def refusal(name: str, /, **changes: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        check_pods(pods(name, **changes))
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("virtual", {"service": {}}, "service.external_address: is needed: workers at a site"),
        (
            "virtual",
            {"service": {"external_address": "tls://mu-scheduler.users.svc.cluster.local:8786"}},
            "only Kubernetes itself knows",
        ),
        (
            "virtual",
            {"service": {"external_address": "tls://mu.users.svc:8786"}},
            "only Kubernetes",
        ),
        ("least", {"service": {"external_address": "tls://dask.example:99999"}}, "no such port"),
        ("least", {"service": {"node_port": 30786}}, "service.node_port: only with type: NodePort"),
        ("virtual", {"image": "ghost/dtperf:1.0"}, "image: ghost/dtperf:1.0 contains 'host'"),
        ("virtual", {"image": "localhost:5000/dtperf:1.0"}, "bare script"),
        ("virtual", {"image": "/shared/dtperf.sif"}, "no path in /cvmfs/"),
        ("virtual", {"image": "https://registry.example/dtperf:1.0"}, "no reference to a registry"),
        ("least", {"image": f"docker://{IMAGE}"}, "no reference to a registry"),
        ("least", {"image": CONFIGS["cvmfs"]["image"]}, "no reference to a registry"),
        ("least", {"image": "Muons/dtperf:1.0 "}, "no reference to a registry"),
        ("least", {"image": "muons/dtperf"}, "another image tomorrow"),
        ("least", {"image": "registry.example:5000/muons/dtperf"}, "another image tomorrow"),
        (
            "least",
            {"image": "muons/dtperf:latest"},
            "client, scheduler and workers must have the same",
        ),
        ("virtual", {"image": "docker://muons/dtperf:latest"}, "another image tomorrow"),
        ("cvmfs", {"image": "/cvmfs/unpacked.example/dtperf:latest"}, "another image tomorrow"),
        (
            "cvmfs",
            {"scheduler_image": "muons/dtperf:latest"},
            "scheduler_image: muons/dtperf:latest",
        ),
        ("cvmfs", {"scheduler_image": None}, "scheduler_image: is needed beside an image on CVMFS"),
        ("cvmfs", {"scheduler_image": "/cvmfs/x/y"}, "scheduler_image: "),
        (
            "virtual",
            {"annotations": {"slurm-job.vk.io/flag": "--time=1"}},
            "no plugin reads it; did you mean 'slurm-job.vk.io/flags'?",
        ),
        ("virtual", {"environment": {"WORDS": "two words"}}, "environment.WORDS: "),
        ("virtual", {"environment": {"X": "a;b"}}, "contains ';': the HTCondor plugin"),
        ("virtual", {"environment": {"X": "it's"}}, "unquoted"),
        ("virtual", {"environment": {"X": 'say"so"'}}, "unquoted"),
        ("virtual", {"environment": {"X": "$HOME/x"}}, "unquoted"),
        ("virtual", {"environment": {"X": "$(POD_NAME)"}}, "is not expanded on virtual nodes"),
        ("least", {"environment": {"DTPERF_CORES": "2"}}, "DTPERF_CORES: is set by dtperf"),
        ("least", {"environment": {"DASK_SCHEDULER_ADDRESS": "x"}}, "is set by dtperf"),
        ("least", {"memory": "100MiB"}, "memory: 100MiB is too little"),
        ("least", {"maximum": 1}, "maximum (1) is less than workers (2)"),
        ("least", {"name": "1mu"}, "name: 1mu must begin with a letter"),
    ],
)
def test_wrong(name: str, changes: dict[str, Any], said: str) -> None:
    message = refusal(name, **changes)
    assert said in message
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("least", {"image": DIGEST}),
        ("least", {"image": "localhost:5000/dtperf:1.0"}),
        ("least", {"image": "dtperf:2026.11.1-py311"}),
        ("least", {"environment": {"X": "$(POD_NAME) and 'more';"}}),
        ("virtual", {"image": DIGEST}),
        ("virtual", {"annotations": dict.fromkeys(ANNOTATIONS, "x")}),
        ("virtual", {"environment": {"XRD_OPTIONS": "a=1,b:/x-y_z.%2F@5+"}}),
        ("virtual", {"service": {"type": "NodePort", "node_port": 30786, **OUTSIDE}}),
        ("cvmfs", {"image": "/cvmfs/unpacked.example/dtperf"}),
    ],
)
def test_not_too_strict(name: str, changes: dict[str, Any]) -> None:
    check_pods(pods(name, **changes))


def test_all_at_once() -> None:
    message = refusal("virtual", service={}, image="ghost/dtperf", environment={"X": "a b"})
    keys = [line.partition(":")[0] for line in message.splitlines()]
    assert keys == ["image", "service.external_address", "image", "environment.X"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cores": 1.5}, "cores"),
        ({"memory": "2"}, "memory"),
        ({"service": {"external_address": "tcp://dask.example:8786"}}, "external_address"),
        ({"service": {"external_address": "dask.example:8786"}}, "external_address"),
        ({"node": "Not A Node"}, "node"),
        ({"node": None}, "node"),
    ],
)
def test_what_the_model_refuses(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_cluster({**CONFIGS["virtual"], **changes})
