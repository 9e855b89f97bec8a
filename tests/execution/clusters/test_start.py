"""Clusters from start to end, on this machine: what is yielded, waited for, and refused."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from distributed.core import Status

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.errors import ConfigError, DtperfError, InputError, Stopped
from dtperf.execution import clusters
from dtperf.execution.clusters import persistent
from dtperf.execution.clusters.lifecycle import WorkerCount
from dtperf.execution.clusters.local import grow, local_client, local_cluster
from dtperf.execution.clusters.nanny import OneStartAtATime
from dtperf.execution.clusters.tls import Credentials
from dtperf.execution.workplace import worker_pool
from dtperf.results.result import Result
from tests.helpers.golden import GOLDEN
from tests.helpers.runs import assert_same, with_run


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state/dtperf"


def test_ctrl_c_of_a_terminal_is_not_for_workers_that_start() -> None:
    # `dtperf run` gets it, and ends them; they would print where it has met them
    blocked = []

    class Cluster:
        worker_spec: dict[str, object] = {}  # noqa: RUF012  # of one cluster

        async def _correct_state(self) -> None:
            code = "import signal; print(signal.SIGINT in signal.pthread_sigmask(1, []))"
            blocked.append(subprocess.check_output([sys.executable, "-c", code], text=True))

    loop = threading.Thread(target=lambda: asyncio.run(grow(Cluster(), 0)))
    loop.start()
    loop.join()
    assert blocked == ["True\n"]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_workers_of_this_machine_are_waited_for_in_the_open(
    monkeypatch: pytest.MonkeyPatch, reference_config: AnalysisConfig
) -> None:
    def none(*_: object) -> None:
        raise DtperfError("they do not start")

    monkeypatch.setattr(clusters, "local_client", none)
    told: list[WorkerCount] = []
    config = with_run(reference_config, executor="dask", workers=2)
    with pytest.raises(DtperfError), worker_pool(config, on_wait=told.append):
        pass
    assert told == [WorkerCount(0, 2, 0.0)]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The address of a TLS cluster of one worker, as a description."""
    security = Credentials.make(tmp_path / "tls").security()
    with local_cluster(1, security=security) as cluster:
        yield {
            "kind": "address",
            "address": cluster.scheduler_address,
            "credentials": str(tmp_path / "tls"),
        }


def test_a_run_on_a_local_cluster(
    state: Path, reference_config: AnalysisConfig, golden_result: Result
) -> None:
    waited: list[WorkerCount] = []
    with dtperf.cluster({"kind": "local", "min_workers": 2}, waited.append) as client:
        assert len(client.nthreads()) == 2
        config = with_run(reference_config, chunksize=500)
        result = dtperf.run(config, GOLDEN, client=client)
    assert_same(result, golden_result)
    assert waited[-1].workers == waited[-1].wanted == 2
    assert not [*state.iterdir()]


def test_a_run_at_an_address(
    served: dict[str, Any], reference_config: AnalysisConfig, golden_result: Result
) -> None:
    config = with_run(reference_config, chunksize=1000)
    assert_same(dtperf.run(config, GOLDEN, cluster=served), golden_result)


def test_wrong_certificates_at_an_address(
    served: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dtperf.execution.clusters.lifecycle.CONNECT_S", 60)
    Credentials.make(tmp_path / "other")
    with (
        pytest.raises(DtperfError, match="certificates do not fit"),
        dtperf.cluster({**served, "credentials": str(tmp_path / "other")}),
    ):
        pass


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dtperf.execution.clusters.lifecycle.CONNECT_S", 3)
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{own.getsockname()[1]}"
        with (
            pytest.raises(DtperfError, match=f"{address}: the scheduler cannot be reached"),
            dtperf.cluster({"kind": "address", "address": address}),
        ):
            pass


def test_no_workers_in_time() -> None:
    with (
        local_cluster(0) as cluster,
        pytest.raises(DtperfError, match="0 of 1 workers have come in 1 s"),
        dtperf.cluster({"kind": "address", "address": cluster.scheduler_address, "wait_s": 1}),
    ):
        pass


def test_a_mistake_in_the_description_shows_before_files_are_checked(
    reference_config: AnalysisConfig,
) -> None:
    with pytest.raises(ConfigError, match="kind"):
        dtperf.run(reference_config, "nowhere.root", cluster={"kind": "no"})


def workers_of_this_process() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has ended meanwhile
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
    return found


@pytest.mark.parametrize("mistake", ["no_such_file", "no_match", "nothing_in_it", "no_processor"])
def test_no_workers_are_asked_for_where_a_look_shows_a_mistake(
    mistake: str, reference_config: AnalysisConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty/below").mkdir(parents=True)
    inputs, processor, said = {
        "no_such_file": ([GOLDEN, tmp_path / "gold.root"], None, "gold.root: no such file"),
        "no_match": ([f"{tmp_path}/*.root"], None, "no file matches"),
        "nothing_in_it": ([tmp_path / "empty"], None, "empty: no ROOT file"),
        "no_processor": ([GOLDEN], str(tmp_path / "mine.py:Mine"), "mine.py"),
    }[mistake]
    asked = list[str]()
    monkeypatch.setattr("dtperf.execution.clusters.lifecycle.starting", asked.append)
    with pytest.raises((ConfigError, InputError), match=said):
        dtperf.run(reference_config, inputs, cluster="local", processor=processor)
    assert not asked


def test_workers_end_that_were_asked_for_before_a_file_turned_out_to_be_none(
    state: Path, reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    (tmp_path / "a.root").write_text("not one")
    with pytest.raises(InputError, match=r"a\.root"):
        dtperf.run(reference_config, tmp_path / "a.root", cluster={"kind": "local", "workers": 1})
    assert not workers_of_this_process()
    assert not [*state.iterdir()]


def test_ctrl_c_while_workers_start_is_one_line_and_they_end(
    reference_config: AnalysisConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = list[bool]()

    @contextmanager
    def starting(_: object) -> Iterator[None]:
        try:
            yield
        finally:
            ended.append(True)

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dtperf.execution.clusters.lifecycle.starting", starting)
    monkeypatch.setattr("dtperf.skim.stored.skim_among", interrupted)
    with pytest.raises(Stopped, match="Stopped before any event was measured"):
        dtperf.run(reference_config, GOLDEN, cluster="local")
    assert ended


def test_a_report_of_workers_that_are_not_dasks(
    reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="a performance report is made by Dask"):
        dtperf.run(reference_config, GOLDEN, performance_report=tmp_path / "x.html")


def test_a_report_of_dask(reference_config: AnalysisConfig, tmp_path: Path) -> None:
    config = with_run(reference_config, executor="dask", workers=1, chunksize=2000)
    dtperf.run(config, GOLDEN, performance_report=tmp_path / "x.html")
    assert "Task Stream" in (tmp_path / "x.html").read_text()


def test_a_kept_cluster(
    state: Path, tmp_path: Path, reference_config: AnalysisConfig, golden_result: Result
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("kind: local\nworkers: 1\n")
    assert persistent.find(path) is None
    with pytest.raises(ConfigError, match="mine: is not up"):
        persistent.scale(path, 3)
    up = persistent.up(path)
    try:
        assert up.address.startswith("tls://127.0.0.1:")
        assert {p.stat().st_mode & 0o777 for p in up.folder.glob("tls/*")} == {0o600}
        with pytest.raises(ConfigError, match="is up already"):
            persistent.up(path)
        result = dtperf.run(reference_config, GOLDEN, cluster=str(path))
        assert_same(result, golden_result)
        assert persistent.find(path) == up
        path.write_text("kind: local\nworkers: 2\n")
        with pytest.raises(ConfigError, match="is up with other settings"):
            dtperf.run(reference_config, GOLDEN, cluster=str(path))
        path.write_text("kind: local\nworkers: 1\n")
    finally:
        assert persistent.down(path)
    assert not persistent.down(path)
    assert persistent.find(path) is None
    assert not [*state.iterdir()]


def test_an_address_is_not_ours_to_keep(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not ours to keep"):
        persistent.up({"kind": "address", "address": "tcp://127.0.0.1:1"})


def test_a_cluster_that_does_not_start_says_why(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("kind: htcondor\n")
    with pytest.raises(DtperfError, match="htcondor: there is no condor_submit here"):
        persistent.up(path)


@contextmanager
def killing(kills: int) -> Iterator[set[int]]:
    """Kill worker processes as soon as they are there; those that were."""
    killed: set[int] = set()
    over = threading.Event()

    def kill() -> None:
        while len(killed) < kills and not over.is_set():
            for child in psutil.Process().children():
                with suppress(psutil.Error):
                    is_new = child.pid not in killed and len(killed) < kills
                    if is_new and "spawn_main" in " ".join(child.cmdline()):
                        child.kill()
                        killed.add(child.pid)
            time.sleep(0.005)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield killed
    finally:
        over.set()
        killer.join()


@pytest.mark.parametrize(("workers", "kills"), [(2, 1), (1, 6)])
def test_workers_that_are_killed_while_they_start_are_started_again(
    workers: int, kills: int
) -> None:
    """Dask's own nanny waits for ever then, and so did `dtperf run --executor dask`."""
    with killing(kills) as killed, local_client(workers) as client:
        # on a busy machine one may have started before it is killed
        while len(killed) < kills or len(client.nthreads()) < workers:
            time.sleep(0.05)
        assert client.submit(sum, (4, 5)).result(timeout=240) == 9


def test_a_worker_that_is_killed_again_and_again_later_comes_back() -> None:
    with local_client(1) as client, killing(5) as killed:
        while len(killed) < 5:
            time.sleep(0.05)
        assert client.submit(sum, (4, 5), pure=False).result(timeout=240) == 9


def test_a_worker_that_ends_by_itself_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    async def start(self: OneStartAtATime) -> Status:
        started.append(self)
        self._on_worker_exit_sync(1)
        return Status.stopped

    monkeypatch.setattr("distributed.Nanny.instantiate", start)
    with pytest.raises(DtperfError, match="does not start: Nanny failed"), local_client(1):
        pass
    assert len(started) == 3


def test_workers_that_do_not_start_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(_: object) -> None:
        await asyncio.sleep(1000)

    monkeypatch.setattr("dtperf.execution.clusters.local.START_S", 1)
    monkeypatch.setattr("dtperf.execution.clusters.local.END_S", 1)
    monkeypatch.setattr(OneStartAtATime, "instantiate", hang)
    with pytest.raises(DtperfError, match="have not started within 1 s"), local_client(1):
        pass


def test_workers_that_cannot_start(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(OneStartAtATime, "instantiate", fail)
    with pytest.raises(DtperfError, match=r"does not start: .*no room"), local_client(1):
        pass
