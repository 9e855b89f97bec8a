"""The worker's entry point: everything from the environment, and a clean end."""

from __future__ import annotations

import base64
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from distributed import Client, Scheduler
from distributed.core import Status
from distributed.deploy.spec import SpecCluster
from distributed.scheduler import KilledWorker

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.errors import ConfigError, DtperfError
from dtperf.execution.clusters import worker
from dtperf.execution.clusters.environment import check_same
from dtperf.execution.clusters.preload_site import dask_setup
from dtperf.execution.clusters.tls import Credentials
from dtperf.execution.clusters.worker import LentCredential
from dtperf.execution.clusters.worker_process import WATCH_BYTES, arguments, decoded
from dtperf.results.result import Result
from tests.helpers.golden import GOLDEN
from tests.helpers.runs import assert_same, with_run

PEM = b"-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls") / "own"
    Credentials.make(folder)
    return folder


@pytest.fixture
def client(tls: Path) -> Iterator[Client]:
    """Connected to a TLS scheduler without workers."""
    security = Credentials.in_folder(tls).security()
    options = {
        "host": "127.0.0.1",
        "protocol": "tls://",
        "security": security,
        "dashboard": False,
        "dashboard_address": "127.0.0.1:0",
    }
    scheduler = {"cls": Scheduler, "options": options}
    with (
        SpecCluster(scheduler=scheduler, workers={}, security=security) as cluster,
        Client(cluster, security=security) as client,
    ):
        yield client


def begin(
    client: Client, tls: Path, scratch: Path, *options: str, **more: str
) -> subprocess.Popen[str]:
    told = {
        "DASK_SCHEDULER_ADDRESS": client.scheduler.address,
        "DASK_WORKER_NAME": "mu-1",
        "DTPERF_TLS": str(tls),
        "DTPERF_SCRATCH": str(scratch),
        "DTPERF_CORES": "2",
        "DTPERF_MEMORY": "1GiB",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "dtperf.execution.clusters.worker", *options],
        env={**os.environ, **told, **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def seen_by_worker() -> dict[str, Any]:
    names = ("X509_USER_PROXY", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS")
    return {name: os.environ.get(name) for name in names}


def in_base64(source: Path, folder: Path) -> Path:
    """Leave certificates as some plugins write them."""
    folder.mkdir()
    for path in source.iterdir():
        (folder / path.name).write_bytes(base64.b64encode(path.read_bytes()))
    return folder


def test_a_worker_of_a_pod(client: Client, tls: Path, tmp_path: Path) -> None:
    proxy = tmp_path / "mounted"
    proxy.write_bytes(PEM)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = begin(client, in_base64(tls, tmp_path / "b64"), scratch, DTPERF_PROXY=str(proxy))
    try:
        client.wait_for_workers(1, timeout=240)
        [told] = client.scheduler_info()["workers"].values()
        assert told["name"] == "mu-1"
        assert told["nthreads"] == 2
        assert told["memory_limit"] == 2**30 - WATCH_BYTES
        seen = client.submit(seen_by_worker, pure=False).result()
        copy = Path(seen.pop("X509_USER_PROXY"))
        assert copy.read_bytes() == PEM
        assert copy.stat().st_mode & 0o777 == 0o600
        assert copy.parent.stat().st_mode & 0o777 == 0o700
        assert set(seen.values()) == {"1"}
    finally:
        process.terminate()
    text, _ = process.communicate(timeout=240)
    assert "Traceback" not in text
    assert not [*scratch.iterdir()], "the private folder is still there"


class Ending:
    """A worker as far as a preload sees it."""

    def __init__(self) -> None:
        self.status = Status.running


@pytest.mark.parametrize("status", [Status.closing, Status.closed, Status.closing_gracefully])
def test_a_heartbeat_that_an_end_cuts_is_no_failure(
    status: Status, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger = logging.getLogger("distributed.worker")
    monkeypatch.setattr(logger, "filters", [])
    ending = Ending()
    dask_setup(ending)
    logger.error("Failed to communicate with scheduler during heartbeat.")
    ending.status = status
    logger.error("Failed to communicate with scheduler during heartbeat.")
    logger.error("out of memory")
    assert [record.getMessage().split()[0] for record in caplog.records] == ["Failed", "out"]


def nap(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


@pytest.mark.slow
def test_sigterm_gives_the_work_back(client: Client, tls: Path, tmp_path: Path) -> None:
    first = begin(client, tls, tmp_path)
    client.wait_for_workers(1, timeout=240)
    futures = client.map(nap, [3.0] * 6, pure=False)
    second = None
    try:
        time.sleep(1)
        second = begin(client, tls, tmp_path, DASK_WORKER_NAME="mu-2")
        client.wait_for_workers(2, timeout=240)
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=240)
        assert len(client.gather(futures)) == 6
    finally:
        for process in filter(None, (first, second)):
            process.kill()
            process.communicate()


def patched(folder: Path, text: str) -> dict[str, str]:
    """Let a process begin with some code; gives the variables that do that."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(text)
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(paths)}


def test_a_node_without_semaphores(client: Client, tls: Path, tmp_path: Path) -> None:
    """As where /dev/shm is not writable: Dask's own worker hangs then, and ignores SIGTERM."""
    text = (
        "import _multiprocessing\n"
        "class Refused(_multiprocessing.SemLock):\n"
        "    def __new__(cls, *_): raise PermissionError(13, 'Permission denied')\n"
        "_multiprocessing.SemLock = Refused\n"
    )
    process = begin(client, tls, tmp_path, **patched(tmp_path / "patch", text))
    try:
        client.wait_for_workers(1, timeout=240)
        assert client.submit(nap, 0.0, pure=False).result() != process.pid
    finally:
        process.terminate()
        process.communicate(timeout=240)


@pytest.mark.slow
def test_a_worker_that_hangs_in_its_end_gives_up_its_place(
    client: Client, tls: Path, tmp_path: Path
) -> None:
    """Dask's death timeout is over then; SIGTERM waits for the same end."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    text = (
        "import asyncio, distributed\n"
        "async def fail(self): raise RuntimeError('no luck')\n"
        "async def hang(self, *_, **__): await asyncio.sleep(1e6)\n"
        "distributed.Worker.start_unsafe, distributed.Worker.close = fail, hang\n"
    )
    more = {**patched(tmp_path / "patch", text), "DTPERF_DEATH_TIMEOUT_S": "3"}
    process = begin(client, tls, scratch, **more)
    said, _ = process.communicate(timeout=240)
    assert process.returncode == 128 + signal.SIGKILL
    assert "dtperf worker: has not run for" in said.splitlines()[-1]
    assert not [*scratch.iterdir()], "the private folder is still there"


def pid_of_worker(client: Client, *, but: int = 0) -> int:
    """Wait for a worker's process, which is not the one that was there before."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        with suppress(OSError):  # just when it dies
            if others := {*client.run(os.getpid).values()} - {but}:
                return others.pop()
        time.sleep(0.1)
    raise TimeoutError("no other process of the worker has come")


def test_a_worker_that_is_killed_is_started_again(
    client: Client, tls: Path, tmp_path: Path
) -> None:
    process = begin(client, tls, tmp_path)
    try:
        first = pid_of_worker(client)
        assert psutil.Process(first).ppid() == process.pid
        os.kill(first, signal.SIGKILL)
        assert pid_of_worker(client, but=first) != first
    finally:
        process.terminate()
    said, _ = process.communicate(timeout=240)
    assert process.returncode == 0
    assert said.count("ended with signal 9: another one is started") == 1


def take(megabytes: int) -> int:
    """Take memory, and keep it until somebody has looked at it."""
    taken = b"a" * (megabytes << 20)
    time.sleep(200)
    return len(taken)


@pytest.mark.slow
def test_a_worker_that_takes_too_much_memory_is_ended_and_started_again(
    client: Client, tls: Path, tmp_path: Path
) -> None:
    process = begin(client, tls, tmp_path, DTPERF_MEMORY="600MiB", DTPERF_CORES="1")
    try:
        first = pid_of_worker(client)
        client.cluster.scheduler.allowed_failures = 0
        with pytest.raises(KilledWorker):
            client.submit(take, 600, pure=False).result()
        second = pid_of_worker(client, but=first)
        assert second != first
    finally:
        process.terminate()
    said, _ = process.communicate(timeout=240)
    assert "dtperf worker: out of memory: its process has" in said


def test_a_worker_ends_with_the_process_that_watches_it(
    client: Client, tls: Path, tmp_path: Path
) -> None:
    process = begin(client, tls, tmp_path)
    try:
        worker = psutil.Process(pid_of_worker(client))
    finally:
        process.kill()
        process.communicate(timeout=240)
    worker.wait(timeout=240)


def test_what_is_told_twice_is_taken_from_the_environment(tmp_path: Path) -> None:
    given = ["tls://host:1", "--name", "a", "--death-timeout", "60"]
    options = arguments({"DTPERF_LIFETIME_S": "99"}, tmp_path, given)
    assert "--death-timeout" not in options
    assert options[options.index("--lifetime") + 1] == "99"
    assert "--death-timeout" in arguments({}, tmp_path)


def test_pem_and_base64_of_it() -> None:
    assert decoded(PEM, "x") == PEM
    assert decoded(base64.b64encode(PEM), "x") == PEM
    assert decoded(base64.encodebytes(PEM), "x") == PEM
    for nonsense in (b"", b"hello", base64.b64encode(b"hello"), b"\xff\xfe"):
        with pytest.raises(ConfigError, match="ca: is neither PEM nor base64"):
            decoded(nonsense, "ca")


def test_a_proxy_is_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "REFRESH_S", -1.0)
    source = tmp_path / "proxy"
    source.write_bytes(PEM)
    lent = LentCredential(source, tmp_path)
    assert lent.variable.keys() == {"X509_USER_PROXY"}
    copy = Path(lent.variable["X509_USER_PROXY"])
    source.write_bytes(PEM + b"new")
    lent.renew()
    assert copy.read_bytes() == PEM + b"new"
    # one that is gone for a while stays
    source.unlink()
    lent.renew()
    assert copy.read_bytes() == PEM + b"new"


def test_a_proxy_is_not_looked_at_all_the_time(tmp_path: Path) -> None:
    source = tmp_path / "proxy"
    source.write_bytes(PEM)
    lent = LentCredential(source, tmp_path)
    source.write_bytes(PEM + b"new")
    lent.renew()
    assert Path(lent.variable["X509_USER_PROXY"]).read_bytes() == PEM


def test_a_proxy_is_renewed_after_a_copy_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "REFRESH_S", -1.0)
    source = tmp_path / "proxy"
    source.write_bytes(PEM)
    folder = tmp_path / "private"
    folder.mkdir()
    lent = LentCredential(source, folder)
    copy = Path(lent.variable["X509_USER_PROXY"])
    kept = folder.rename(tmp_path / "elsewhere")
    source.write_bytes(PEM + b"new")
    lent.renew()
    assert (kept / copy.name).read_bytes() == PEM
    kept.rename(folder)
    lent.renew()
    assert copy.read_bytes() == PEM + b"new"


@pytest.mark.parametrize("token", ["eyJhbGciOi.eyJpc3MiOi.c2ln", "eyJhbGciOi.eyJpc3MiOi.c2ln\n"])
def test_a_secret_that_was_left_in_base64(token: str, tmp_path: Path) -> None:
    for content, variable in (
        (PEM, "X509_USER_PROXY"),
        (token.encode(), "BEARER_TOKEN_FILE"),
    ):
        for written in (content, base64.b64encode(content), base64.encodebytes(content)):
            folder = Path(tempfile.mkdtemp(dir=tmp_path))
            (folder / "secret").write_bytes(written)
            told = LentCredential(folder / "secret", folder).variable
            assert {name: Path(path).read_bytes() for name, path in told.items()} == {
                variable: content
            }


def test_a_token_is_no_proxy(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("eyJhbGciOi")
    lent = LentCredential(tmp_path / "token", tmp_path)
    assert lent.variable.keys() == {"BEARER_TOKEN_FILE"}


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"DTPERF_TLS": "nowhere"}, "DTPERF_TLS: nowhere/ca.crt: cannot be read"),
        ({"DTPERF_PROXY": "nowhere"}, "DTPERF_PROXY: nowhere: cannot be read"),
        ({"DTPERF_SCRATCH": "nowhere"}, "DTPERF_SCRATCH: nowhere"),
    ],
)
def test_a_wrong_environment_ends_in_one_line(environ: dict[str, str], told: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dtperf.execution.clusters.worker"],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"dtperf worker: {told}")
    assert len(done.stderr.splitlines()) == 1


def test_a_worker_with_other_software_is_not_worked_with(
    client: Client, tls: Path, tmp_path: Path
) -> None:
    # Dask asks coffea itself, or, from 2026 on, what its installation says of it
    old = tmp_path / "old.py"
    old.write_text("import coffea\ncoffea.__version__ = '2020.1'\n")
    installed = tmp_path / "coffea-2020.1.dist-info/METADATA"
    installed.parent.mkdir()
    installed.write_text("Metadata-Version: 2.1\nName: coffea\nVersion: 2020.1\n")
    environ = {
        "DASK_DISTRIBUTED__WORKER__PRELOAD": str(old),
        "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path]),
    }
    workers = [
        begin(client, tls, tmp_path, DASK_WORKER_NAME="new"),
        begin(client, tls, tmp_path, DASK_WORKER_NAME="old", **environ),
    ]
    try:
        client.wait_for_workers(2, timeout=240)
        [address] = [
            address
            for address, its in client.scheduler_info()["workers"].items()
            if its["name"] == "old"
        ]
        with pytest.raises(DtperfError) as caught:
            check_same(client)
        [line] = [line for line in str(caught.value).splitlines() if line.startswith("  ")]
        assert line.split()[0] == "coffea"
        assert f"2020.1 on {address}" in line
    finally:
        for process in workers:
            process.terminate()
        for process in workers:
            process.communicate(timeout=240)


def test_workers_that_can_only_dial_out(
    client: Client,
    tls: Path,
    tmp_path: Path,
    reference_config: AnalysisConfig,
    golden_result: Result,
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        # what scheduler and client are told to dial, and cannot
        unreachable = f"tls://127.0.0.1:{nobody.getsockname()[1]}"
        places = ["--listen-address", "tls://127.0.0.1:0", "--contact-address", unreachable]
        process = begin(client, tls, tmp_path, *places)
        try:
            client.wait_for_workers(1, timeout=240)
            assert [*client.nthreads()] == [unreachable]
            check_same(client)
            result = dtperf.run(with_run(reference_config, chunksize=250), GOLDEN, client=client)
            assert_same(result, golden_result)
        finally:
            process.kill()
            process.communicate()
