"""Workers on a virtual node: interLink's calls, a plugin, Slurm, a TLS scheduler, a full run."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from distributed import Client

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.execution.clusters.environment import check_same
from dtperf.execution.clusters.load import load_cluster
from dtperf.execution.clusters.model import InterLink
from dtperf.execution.clusters.tls import Credentials
from dtperf.results.result import Result
from tests.helpers.golden import GOLDEN
from tests.helpers.ports import free_port
from tests.helpers.runs import assert_same, with_run
from tests.integration.interlink_calls import asked_logs, bodies, call, scheduler, states, until
from tests.integration.interlink_plugin import Plugin, serve
from tests.integration.slurm import Slurm, slurm

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]

MARK = "TEST_MARK"
CHUNK = 250
EVENTS = 4000


@pytest.fixture(scope="module")
def queue() -> Iterator[Slurm]:
    with slurm() as started:
        yield started


@pytest.fixture
def keeps_base64() -> bool:
    return False


@pytest.fixture
def plugin(
    queue: Slurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keeps_base64: bool
) -> Iterator[Plugin]:
    # the image is this machine: its python is ours
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    monkeypatch.setenv("PATH", path)
    (tmp_path / "site").mkdir()
    with serve(tmp_path / "site", queue, keeps_base64=keeps_base64) as started:
        yield started


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    return Credentials.make(tmp_path / "tls")


@pytest.fixture
def config() -> InterLink:
    port = free_port()
    made = load_cluster(
        {
            "kind": "interlink",
            "node": "vk-site",
            "image": "registry.example/muons/dtperf:1.0",
            "workers": 2,
            "service": {"external_address": f"tls://127.0.0.1:{port}"},
            "environment": {MARK: uuid4().hex},
            "annotations": {"slurm-job.vk.io/flags": "--job-name=muons --time=10"},
        }
    )
    assert isinstance(made, InterLink)
    return made


def processes(config: InterLink) -> list[str]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == config.environment[MARK]:
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


@pytest.mark.parametrize("keeps_base64", [False, True])
def test_a_full_run(
    plugin: Plugin,
    queue: Slurm,
    config: InterLink,
    credentials: Credentials,
    tmp_path: Path,
    reference_config: AnalysisConfig,
    golden_result: Result,
) -> None:
    sent = bodies(config, credentials)
    pods = [body["pod"] for body in sent]
    with scheduler(config, credentials, tmp_path / "scheduler.log") as page:
        for body in sent:
            answer = call(plugin, "POST", "/create", body)
            assert answer["PodUID"] == body["pod"]["metadata"]["uid"]
            assert answer["PodJID"] in queue.jobs()
        try:
            until(lambda: states(plugin, pods) == ["running", "running"], "both pods to run")
            files = [*plugin.folder.glob("*/secrets/*/*")]
            assert len(files) == 6
            assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o400}
            address = config.service.external_address
            with Client(address, security=credentials.security(), timeout=240) as client:
                client.wait_for_workers(2, timeout=180)
                names = {worker["name"] for worker in client.scheduler_info()["workers"].values()}
                assert names == {pod["metadata"]["name"] for pod in pods}
                check_same(client)
                run = with_run(reference_config, chunksize=CHUNK)
                result = dtperf.run(run, GOLDEN, client=client)
                assert_same(result, golden_result)
                assert len(result.ledger) == EVENTS // CHUNK
                # by name: in containers process numbers repeat
                assert {row.worker.partition(":")[2] for row in result.ledger} <= names
                # what the operator asks for is there, and what it does not is not
                pages = ["/health", "/api/v1/get_workers", "/api/v1/adaptive_target", "/status"]
                assert [page(name) for name in pages] == [200, 200, 200, 404]
            assert queue.ask("squeue", "-h", "-o", "%j").split() == ["muons", "muons"]
            text = call(plugin, "GET", "/getLogs", asked_logs(pods[0]))
            assert f"Registered to: {address}" in " ".join(text.split())
            assert len(call(plugin, "GET", "/getLogs", asked_logs(pods[0], 3)).splitlines()) == 3
            assert processes(config)
        finally:
            for pod in pods:
                call(plugin, "POST", "/delete", pod)
        assert queue.jobs() == []
        until(lambda: not processes(config), "the workers' processes to end", 240)
        assert not [*plugin.folder.iterdir()]


def test_ping(plugin: Plugin) -> None:
    told = call(plugin, "GET", "/status", [])
    assert told["status"] == "ok"
    assert set(told["resources"]) == {"cpu", "memory", "pods"}


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (["python", "-c", "import sys; sys.exit('no luck')"], {1}, "no luck"),
        (["python", "-c", "import sys; print('so far'); sys.exit(3)"], {3}, "so far"),
        (["no-such-command"], {1, 127}, "no-such-command"),
    ],
)
def test_a_pod_that_fails(
    command: list[str],
    code: set[int],
    said: str,
    plugin: Plugin,
    queue: Slurm,
    config: InterLink,
    credentials: Credentials,
) -> None:
    body, _ = bodies(config, credentials)
    body["pod"]["spec"]["containers"][0]["command"] = command
    pod = body["pod"]
    call(plugin, "POST", "/create", body)
    until(lambda: states(plugin, [pod]) == ["terminated"], "the pod to end")
    ((told,),) = (one["containers"] for one in call(plugin, "GET", "/status", [pod]))
    assert told["state"]["terminated"]["exitCode"] in code
    assert said in call(plugin, "GET", "/getLogs", asked_logs(pod))
    call(plugin, "POST", "/delete", pod)
    assert queue.jobs() == []


def test_a_worker_with_a_certificate_of_another_cluster(
    plugin: Plugin, queue: Slurm, config: InterLink, credentials: Credentials, tmp_path: Path
) -> None:
    other = Credentials.make(tmp_path / "other")
    body, _ = bodies(config, other)
    pod = body["pod"]
    log = tmp_path / "scheduler.log"
    with scheduler(config, credentials, log):
        call(plugin, "POST", "/create", body)
        try:
            until(lambda: "SSL" in log.read_text().upper(), "the scheduler to refuse it")
            address = config.service.external_address
            with Client(address, security=credentials.security(), timeout=240) as client:
                assert client.nthreads() == {}
        finally:
            call(plugin, "POST", "/delete", pod)
    assert queue.jobs() == []
