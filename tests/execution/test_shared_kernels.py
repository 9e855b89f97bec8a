"""Workers that share no folder with the client: what one has compiled nobody compiles again."""

from __future__ import annotations

import hashlib
import os
import pickle
import platform
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import msgpack
import numba
import psutil  # type: ignore[import-untyped]
import pytest
import zstandard
from coffea.processor.executor import WorkItem
from distributed import Client, Scheduler
from distributed.deploy.spec import SpecCluster

import dtperf
from dtperf.compiled import kept
from dtperf.config import AnalysisConfig
from dtperf.execution.dask_pool import DaskPool
from dtperf.execution.kernel_store import KernelStore
from dtperf.kernel_sharing import others
from dtperf.results.result import Result
from tests.helpers import chunks
from tests.helpers.golden import GOLDEN
from tests.helpers.kernel_modules import SOURCE, load, misses, own_kernels
from tests.helpers.runs import assert_same

ROOT = Path(__file__).parents[2]
OLDER = {"NUMBA_CPU_NAME": "nehalem" if platform.machine() == "x86_64" else "generic"}
OLDER["NUMBA_CPU_FEATURES"] = ""
"""For a processor that is not this one, and whose code it runs."""
CHUNKS = 4
OF_ONE = {"chunks": CHUNKS, "halves": sum(range(CHUNKS))}

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module with kernels, which the client has compiled."""
    with own_kernels(tmp_path, monkeypatch) as path:
        # others than those of other tests, which the client may still have
        path.write_text(f"{SOURCE}# {tmp_path}\n")
        module = load(path)
        # numba's environments have a module's name, and workers import it
        monkeypatch.setitem(sys.modules, module.__name__, module)
        assert (module.half(3.0), module.half(3)) == (1.5, 1.5)
        yield path
    others.ask(None)


@contextmanager
def scheduler() -> Iterator[Client]:
    """Connect to a scheduler without workers."""
    options = {"host": "127.0.0.1", "dashboard": False, "dashboard_address": "127.0.0.1:0"}
    made = {"cls": Scheduler, "options": options}
    with SpecCluster(scheduler=made, workers={}) as cluster, Client(cluster) as client:
        yield client


@pytest.fixture
def client() -> Iterator[Client]:
    with scheduler() as client:
        yield client


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a worker in a process of its own, whose cache is a new folder, and waits for it."""
    number = 0

    def begin(client: Client, **more: str) -> subprocess.Popen[bytes]:
        nonlocal number
        number += 1
        before = len(client.nthreads())
        told = {
            "DASK_SCHEDULER_ADDRESS": client.scheduler.address,
            "DASK_WORKER_NAME": f"mu-{number}",
            "DTPERF_CORES": "1",  # which counts what is compiled
            "DTPERF_SCRATCH": str(tmp_path),
            "NUMBA_CACHE_DIR": str(tmp_path / f"of worker {number}"),
            "PYTHONPATH": f"{tmp_path}:{ROOT}",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "dtperf.execution.clusters.worker"],
            env={**os.environ, **told, **more},
        )
        stack.callback(process.wait, 60)
        stack.callback(process.terminate)
        client.wait_for_workers(before + 1, timeout=240)
        return process

    with ExitStack() as stack:
        yield begin


def halved(item: WorkItem) -> dict[str, Any]:
    """Call kernels for two types, and count what had to be compiled."""
    import kernels  # type: ignore[import-not-found]  # which stands beside the workers' caches

    count = kernels.half.dispatcher.stats.cache_misses
    before = sum(count.values())
    halves = kernels.half(float(item.entrystart)) + kernels.half(item.entrystart)
    compiled = sum(count.values()) - before
    return {"out": {"chunks": 1, "halves": int(halves), "compiled": compiled}, "bytes": 10}


def run(client: Client) -> Counter[str]:
    with closing(DaskPool(client)) as pool:
        total, _ = chunks.run(halved, CHUNKS, pool)
    return total  # type: ignore[return-value]


@pytest.mark.slow
def test_workers_take_what_the_client_has(kernels: Path, client: Client, start: Start) -> None:
    first = start(client)
    assert run(client) == OF_ONE | {"compiled": 0}
    # who comes later, or is started again
    start(client)
    first.terminate()
    first.wait(240)
    assert run(client) == OF_ONE | {"compiled": 0}
    of_worker = kernels.parent / "of worker 1"
    assert len([*of_worker.rglob("kernels.half-*.nbc")]) == 2


@pytest.mark.slow
def test_workers_of_another_processor_take_what_the_first_of_them_has_compiled(
    kernels: Path, client: Client, start: Start
) -> None:
    first = start(client, **OLDER)
    assert run(client) == OF_ONE | {"compiled": 2}
    start(client, **OLDER)
    first.terminate()
    first.wait(240)
    assert run(client) == OF_ONE | {"compiled": 0}
    # and with another scheduler in another run, as the client has kept it
    with scheduler() as another:
        start(another, **OLDER)
        assert run(another) == OF_ONE | {"compiled": 0}
    # what is for the client's own processor is still there
    assert misses(kernels) == 0


@pytest.mark.slow
def test_what_is_damaged_where_the_client_keeps_it_is_compiled_by_the_worker(
    kernels: Path, client: Client, start: Start
) -> None:
    for path in (kernels.parent / "cache").rglob("*.nbc"):
        content = path.read_bytes()
        path.write_bytes(content[:5000] + bytes(64) + content[5064:])
    start(client)
    assert run(client) == OF_ONE | {"compiled": 2}


def halved_slowly(item: WorkItem) -> dict[str, Any]:
    """Take so long that both workers are at work before one has given anything."""
    done = halved(item)
    time.sleep(2.0)
    return done


@pytest.mark.slow
@pytest.mark.parametrize("dies", [False, True])
def test_of_workers_that_begin_together_one_compiles(
    kernels: Path, client: Client, start: Start, *, dies: bool
) -> None:
    """Two of a processor that the client cannot compile for; others come if the first one dies."""
    workers = [start(client, **OLDER), start(client, **OLDER)]
    with closing(DaskPool(client)) as pool:
        pool.begin(halved_slowly)
        if dies:
            pool.submit(0, chunks.items(1)[0])
            deadline = time.monotonic() + 240
            while not has_turn(client) and time.monotonic() < deadline:
                pool.collect(0.05, last=True)
            assert has_turn(client)
            # its watchdog would start another
            for worker in workers:
                [child] = psutil.Process(worker.pid).children()
                child.kill()
    total, _ = chunks.run(halved_slowly, CHUNKS, DaskPool(client))
    assert total["chunks"] == CHUNKS
    assert total["compiled"] == 2


def has_turn(client: Client) -> bool:
    def turns(dask_scheduler: Any) -> int:
        return len(dask_scheduler.plugins["dtperf-kernels"]._turns)

    return bool(client.run_on_scheduler(turns))


def cut(content: bytes) -> bytes:
    return content[:-7]


def of_another_processor(content: bytes) -> bytes:
    """Make it whole as far as its checksum can tell, and such as would end a process."""
    (sig, (triple, _, features), code), data = pickle.loads(content[32:])  # noqa: S301
    stored = pickle.dumps(((sig, (triple, "another", features), code), data))
    return hashlib.sha256(stored).digest() + stored


@pytest.mark.slow
@pytest.mark.parametrize("spoil", [cut, of_another_processor])
def test_workers_refuse_what_does_not_fit_exactly(
    kernels: Path, client: Client, start: Start, spoil: Callable[[bytes], bytes]
) -> None:
    client.register_plugin(KernelStore())
    here = [each for each in kept() if each.path.is_relative_to(kernels.parent)]
    assert len(here) == 2
    for machine, name, path in here:
        batch = zstandard.compress(msgpack.packb({name: spoil(path.read_bytes())}))
        add = client.scheduler.dtperf_kernels_add
        client.sync(add, machine=machine, names=[name], content=batch)
    start(client)
    assert run(client) == OF_ONE | {"compiled": 2}


@pytest.mark.slow
def test_workers_of_this_machine_ask_nobody(
    kernels: Path, client: Client, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(client, NUMBA_CACHE_DIR=str(numba.config.CACHE_DIR))
    asked = list[Sequence[str]]()
    # of the scheduler, which is in this process
    monkeypatch.setattr(KernelStore, "batches_for", lambda _, machines: asked.append(machines))
    assert run(client) == OF_ONE | {"compiled": 0}
    assert not asked


def compiled_by(dask_worker: Any) -> dict[str, int]:
    """Count what a worker has compiled, and what it has loaded."""
    import gc

    from dtperf.compiled import Kernel

    kernels = [k for k in gc.get_objects() if isinstance(k, Kernel) and "dispatcher" in vars(k)]
    stats = [kernel.dispatcher.stats for kernel in kernels]
    return {
        "compiled": sum(sum(each.cache_misses.values()) for each in stats),
        "loaded": sum(sum(each.cache_hits.values()) for each in stats),
    }


@pytest.mark.slow
def test_a_run_whose_workers_have_compiled_nothing(
    golden_result: Result, reference_config: AnalysisConfig, client: Client, start: Start
) -> None:
    start(client)
    found = dtperf.run(reference_config, GOLDEN, client=client)
    assert_same(found, golden_result)
    [counts] = client.run(compiled_by).values()
    assert counts["compiled"] == 0
    assert counts["loaded"] > 30
