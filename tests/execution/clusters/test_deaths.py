"""Workers that die young end their cluster, soon and with their last words; nothing is left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from distributed import Client

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.errors import DtperfError
from dtperf.execution.clusters import deaths, lifecycle
from dtperf.execution.clusters import pods as clusters
from dtperf.execution.clusters.deaths import WorkerDeath, WorkersSeen, WorkerWatch, looked_after
from dtperf.execution.clusters.local import local_cluster
from dtperf.execution.clusters.podwatch import watch_pods
from dtperf.execution.dask_pool import DaskPool
from dtperf.execution.takedown import TakeDownWarning
from dtperf.results.result import Result
from tests.execution.clusters.apiserver import Object, Stub, kubeconfig, serve
from tests.execution.clusters.configs import pods
from tests.helpers.chunks import counted, run
from tests.helpers.golden import GOLDEN
from tests.helpers.runs import assert_same

READY = [{"type": "Ready", "status": "True"}]
FATAL = "FATAL: While making image from oci registry: failed to get checksum for docker://x:1.0"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deaths, "LOOK_S", 0.0)
    monkeypatch.setattr(lifecycle, "LOOK_S", 0.01)
    monkeypatch.setattr(clusters, "LOOK_S", 0.01)


def dead(*names: str, seconds: float | None = None) -> list[WorkerDeath]:
    return [WorkerDeath(name, name, "Error: exit code 1", seconds) for name in names]


@pytest.fixture
def seen() -> list[WorkerDeath]:
    return []


def watch_of(workers: int, seen: list[WorkerDeath], *, is_hopeless: bool = False) -> WorkerWatch:
    return WorkerWatch(
        workers, lambda: WorkersSeen([*seen], is_hopeless), lambda death: f"bye from {death.name}"
    )


def test_a_few_deaths_are_no_storm_and_more_are(seen: list[WorkerDeath]) -> None:
    watch = watch_of(2, seen)
    for number in range(5):
        seen += dead(f"w{number}")
        watch(0)
        watch(0)
    seen += dead("w5")
    watch(0)  # once may be a mistake of whoever told us
    with pytest.raises(DtperfError, match="6 workers have ended soon after the start") as caught:
        watch(0)
    assert "\nw5: Error: exit code 1\n" in str(caught.value)
    assert "\nThe log of w5 ends:\nbye from w5" in str(caught.value)


def test_many_workers_do_not_need_as_many_deaths(seen: list[WorkerDeath]) -> None:
    watch = watch_of(1000, seen)
    seen += dead(*map(str, range(deaths.MOST)))
    watch(0)
    with pytest.raises(DtperfError, match="20 workers have ended"):
        watch(0)


def test_one_death_is_enough_where_no_other_comes(seen: list[WorkerDeath]) -> None:
    watch = watch_of(2, seen, is_hopeless=True)
    watch(0)
    seen += dead("w0")
    watch(0)
    with pytest.raises(DtperfError, match="a worker has ended"):
        watch(0)


def test_workers_that_have_worked_may_end(seen: list[WorkerDeath]) -> None:
    watch = watch_of(1, seen)
    seen += dead(*"abcdef", seconds=8 * 3600)
    for _ in range(3):
        watch(0)


def test_what_was_before_a_worker_came_does_not_count(seen: list[WorkerDeath]) -> None:
    watch = watch_of(1, seen)
    watch(1)
    seen += dead(*"abcdef")
    watch(1)
    watch(0)
    watch(0)
    seen += dead(*"ghi")
    watch(0)
    with pytest.raises(DtperfError, match="3 workers have ended"):
        watch(0)


def test_whoever_does_not_answer_is_asked_again() -> None:
    def see() -> WorkersSeen:
        raise DtperfError("the API server does not answer")

    WorkerWatch(1, see, lambda _: "")(0)


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (FATAL, "the image"),
        ("python: No module named dtperf.execution.clusters", "the software"),
        ("OSError: Timed out trying to connect to tls://dask.example:8786", "the network"),
        ("slurmstepd: error: Detected 1 oom-kill event(s)", "memory"),
    ],
)
def test_the_cause_is_named(words: str, cause: str, seen: list[WorkerDeath]) -> None:
    watch = WorkerWatch(1, lambda: WorkersSeen([*seen], True), lambda _: words)
    seen += dead("w0")
    watch(0)
    with pytest.raises(DtperfError, match=f"This speaks of {cause}"):
        watch(0)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with serve(Stub()) as stub:
        file = tmp_path / "kubeconfig"
        file.write_text(kubeconfig(stub.url))
        monkeypatch.setenv("KUBECONFIG", str(file))
        virtual = {"virtual-node.interlink/type": "virtual-kubelet"}
        node = stub.add("Node", "vk", "", "", status={"conditions": READY})
        node["metadata"]["labels"] |= virtual | {"kubernetes.io/hostname": "vk"}
        yield stub


@pytest.fixture
def scheduled(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let a scheduler on this machine, with some workers, be that of the pods."""

    def serve_with(workers: int) -> None:
        @contextmanager
        def connect(*_: Any) -> Iterator[Client]:
            with local_cluster(workers) as cluster, Client(cluster) as client:
                yield client

        monkeypatch.setattr(lifecycle, "connect", connect)

    return serve_with


CLUSTER: dict[str, Any] = {
    "kind": "interlink",
    "node": "vk",
    "image": "docker://registry.example/x:1.0",
    "service": {"external_address": "tls://dask.example:8786"},
    "wait_s": 60,
}


def failing(server: Stub) -> Callable[[Object], None]:
    """Replace a pod that fails at once, as Kubernetes does, and as fast as it can."""

    def operate(cluster: Object) -> None:
        server.operate(cluster)
        answer = server.answer

        def and_fail(method: str, url: str, body: Object) -> tuple[int, Any]:
            there = [one for (kind, _), one in server.objects.items() if kind == "Pod"]
            if method == "GET" and "/pods?" in url and there:
                for one in there:
                    if one["metadata"]["labels"]["dask.org/component"] == "worker":
                        ended = {"reason": "Error", "exitCode": 1}
                        one["status"] = {
                            "phase": "Failed",
                            "containerStatuses": [{"state": {"terminated": ended}}],
                        }
                server.start(cluster["metadata"]["name"], "worker", len(there))
            if url.partition("?")[0].endswith("/log"):
                return 200, f"{FATAL}\n"
            return answer(method, url, body)

        server.answer = and_fail  # type: ignore[method-assign]

    return operate


def test_a_storm_of_pods_is_ended(
    server: Stub, scheduled: Callable[[int], None], tmp_path: Path
) -> None:
    scheduled(0)
    server.operator = failing(server)
    with (
        pytest.raises(DtperfError, match="workers have ended soon after the start") as caught,
        dtperf.cluster(CLUSTER),
    ):
        pass
    assert FATAL in str(caught.value)
    assert "This speaks of the image" in str(caught.value)
    made = {name for _, kind, name in server.calls if kind == "Pod"}
    assert len(made) < 12
    assert server.has() == ["Node vk"]
    assert not [*(tmp_path / "state/dtperf").iterdir()]


def test_pods_whose_image_is_missing_are_not_waited_for(
    server: Stub, scheduled: Callable[[int], None]
) -> None:
    def operate(cluster: Object) -> None:
        server.operate(cluster)
        for (kind, _), one in server.objects.items():
            if kind == "Pod" and one["metadata"]["labels"]["dask.org/component"] == "worker":
                why = {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}
                status = {"phase": "Pending", "containerStatuses": [{"state": {"waiting": why}}]}
                one["status"] = status

    scheduled(0)
    server.operator = operate
    with pytest.raises(DtperfError, match="speaks of the image"), dtperf.cluster(CLUSTER):
        pass
    assert server.has() == ["Node vk"]


def worker_pods(server: Stub, phase: str, container: Object) -> WorkerWatch:
    """Let the workers of a cluster in Kubernetes have a status; gives who watches them."""
    config = pods("least")
    server.operate({"metadata": {"name": config.name}, "spec": {"worker": {"replicas": 2}}})
    for (kind, _), one in server.objects.items():
        if kind == "Pod" and one["metadata"]["labels"]["dask.org/component"] == "worker":
            one["status"] = {"phase": phase, "containerStatuses": [container]}
    return watch_pods(config)


def test_containers_that_start_again_and_again(server: Stub) -> None:
    container = {"restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    watch = worker_pods(server, "Running", container)
    for _ in range(3):
        watch(0)
    container["restartCount"] = 3
    watch(0)
    with pytest.raises(DtperfError, match="6 workers have ended") as caught:
        watch(0)
    assert "CrashLoopBackOff" in str(caught.value)
    assert "ends:\nlog of dtperf-worker-1-pod" in str(caught.value)


@pytest.mark.parametrize(
    ("begin", "is_young"),
    [
        ("2026-11-27T09:00:00Z", False),
        ("2026-11-27T17:59:00Z", True),
        ("1970-01-01T00:00:00Z", True),
    ],
)
def test_how_long_a_pod_has_lived(begin: str, is_young: bool, server: Stub) -> None:
    ended = {"reason": "Error", "startedAt": begin, "finishedAt": "2026-11-27T18:00:00Z"}
    container = {"state": {"terminated": ended}}
    seen = worker_pods(server, "Failed", container)._see()
    assert [death.is_early for death in seen.deaths] == [is_young, is_young]


def test_a_run_ends_when_its_workers_die_one_after_the_other() -> None:
    def watch(connected: int) -> None:
        if not connected:
            raise DtperfError("they die")

    with (
        local_cluster(1) as cluster,
        Client(cluster) as client,
        looked_after(client, watch),
        closing(DaskPool(client)) as pool,
    ):
        cluster.scale(0)
        with pytest.raises(DtperfError, match="they die"):
            run(counted, 100_000, pool)


def test_time_is_up_and_what_the_last_pod_does_is_told(
    server: Stub, scheduled: Callable[[int], None]
) -> None:
    scheduled(0)
    with (
        pytest.raises(DtperfError, match=r"Kubernetes: dtperf-worker-1-pod is Running"),
        dtperf.cluster({**CLUSTER, "wait_s": 1}),
    ):
        pass


def test_a_result_outlives_a_cluster_that_cannot_be_deleted(
    server: Stub,
    scheduled: Callable[[int], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    reference_config: AnalysisConfig,
    golden_result: Result,
) -> None:
    monkeypatch.setattr(clusters, "END_S", 0.05)
    monkeypatch.setattr(server, "delete", lambda kind, name: server.objects[kind, name])
    scheduled(1)
    out = tmp_path / "out"
    with pytest.warns(
        TakeDownWarning, match="DaskCluster dtperf may be left in the namespace default"
    ):
        result = dtperf.run(reference_config, GOLDEN, out=out, cluster=CLUSTER)
    assert_same(result, golden_result)
    assert_same(Result.load(out), golden_result)
    assert not (out / "partial").exists()


def test_why_a_run_failed_is_not_hidden_by_what_could_not_be_deleted(
    server: Stub, scheduled: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "END_S", 0.05)
    monkeypatch.setattr(server, "delete", lambda kind, name: server.objects[kind, name])
    scheduled(1)
    with (
        pytest.warns(TakeDownWarning, match="DaskCluster dtperf may be left"),
        pytest.raises(KeyError, match="mine"),
        dtperf.cluster(CLUSTER),
    ):
        raise KeyError("mine")


def test_the_time_that_workers_take_to_end_is_not_that_of_the_run(
    server: Stub,
    scheduled: Callable[[int], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    reference_config: AnalysisConfig,
) -> None:
    """The clock, and the files, as the deletion begins."""
    scheduled(1)
    begun, out = threading.Event(), tmp_path / "out"
    delete = server.delete

    def and_look(kind: str, name: str) -> Object:
        if not begun.is_set():
            begun.set()
            found.append((out / "result.json").read_text())
        return delete(kind, name)

    found: list[str] = []
    monkeypatch.setattr(server, "delete", and_look)
    result = dtperf.run(reference_config, GOLDEN, out=out, cluster=CLUSTER)
    [job] = result.jobs
    assert f'"seconds_measuring": {job["seconds_measuring"]}' in found[0]
