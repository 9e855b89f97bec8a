"""Workers with other software are not worked with; code of this machine travels with the work."""

from __future__ import annotations

import asyncio
import functools
import inspect
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
from distributed import Client, LocalCluster, Scheduler
from distributed.versions import get_versions

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.errors import ConfigError, DtperfError
from dtperf.execution import dask_tasks
from dtperf.execution.clusters import environment, local_client
from dtperf.execution.clusters.environment import (
    check_same,
    own_versions,
    ship,
    versions_everywhere,
)
from dtperf.execution.dask_pool import DaskPool
from dtperf.execution.dask_tasks import SoftwareMismatch
from dtperf.execution.provenance import package_state
from tests.helpers.chunks import counted, run
from tests.helpers.golden import GOLDEN

HERE = dict.fromkeys(environment.PACKAGES, "1.0")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, str]]:
    """What client, scheduler and workers tell."""
    found = {"client": {**HERE}, "scheduler": {**HERE}}
    monkeypatch.setattr(environment, "versions_everywhere", lambda _: found)
    return found


def refused() -> str:
    client: Any = None
    with pytest.raises(DtperfError, match="software is not the same everywhere") as caught:
        check_same(client)
    return str(caught.value)


def test_all_the_same(told: dict[str, dict[str, str]]) -> None:
    told["a"] = {**HERE}
    client: Any = None
    check_same(client)


def test_a_table_says_what_differs_where(told: dict[str, dict[str, str]]) -> None:
    told |= {f"w{n}": {**HERE, "uproot": "0.9"} for n in range(5)}
    told["scheduler"]["msgpack"] = "2.0"
    text = refused()
    assert "uproot       1.0 on client, scheduler; 0.9 on w0, w1, w2 and 2 more" in text
    assert "msgpack      1.0 on client, w0, w1 and 3 more; 2.0 on scheduler" in text
    assert "awkward" not in text


def test_something_is_not_installed_there(told: dict[str, dict[str, str]]) -> None:
    told["a"] = {**HERE, "dtperf": environment.NOWHERE}
    assert "dtperf       1.0 on client, scheduler; not installed on a" in refused()


def test_equal_versions_of_edited_source(told: dict[str, dict[str, str]]) -> None:
    told |= {"a": {**HERE}, "b": {**HERE, "source": "0123456789ab"}}
    assert "source       1.0 on client, scheduler, a; 0123456789ab on b" in refused()


def test_what_is_told_on_a_real_cluster() -> None:
    with local_client(2) as client:
        found = versions_everywhere(client)
        assert found.keys() == {"client", "scheduler", *client.nthreads()}
    for its in found.values():
        assert its == found["client"]
    assert found["client"].keys() == {*environment.PACKAGES}
    assert found["client"]["uproot"] == version("uproot")
    assert found["client"]["source"] == package_state()


def test_a_scheduler_of_edited_source_is_refused(
    asked: tuple[Client, Scheduler, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = {**own_versions(), "source": "0123456789ab"}
    monkeypatch.setattr(environment, "own_versions", lambda: here)
    with pytest.raises(DtperfError) as caught:
        check_same(asked[0])
    [line] = [line for line in str(caught.value).splitlines() if line.startswith("  ")]
    assert line.split() == f"source 0123456789ab on client; {package_state()} on scheduler".split()


@pytest.fixture
def asked() -> Iterator[tuple[Client, Scheduler, list[str]]]:
    """A client, its scheduler, and what the client asks of it."""
    with (
        LocalCluster(
            n_workers=1, processes=False, memory_limit=0, dashboard_address="127.0.0.1:0"
        ) as cluster,
        Client(cluster) as client,
    ):
        scheduler, seen = cluster.scheduler, list[str]()

        def noting(name: str, handler: Any) -> Any:
            @functools.wraps(handler)
            def noted(*args: Any, **kwargs: Any) -> Any:
                seen.append(name)
                return handler(*args, **kwargs)

            @functools.wraps(handler)
            async def noted_and_awaited(*args: Any, **kwargs: Any) -> Any:
                seen.append(name)
                return await handler(*args, **kwargs)

            return noted_and_awaited if inspect.iscoroutinefunction(handler) else noted

        for handlers in (scheduler.handlers, scheduler.stream_handlers):
            handlers.update({name: noting(name, each) for name, each in handlers.items()})
        yield client, scheduler, seen


WITHOUT_CODE = {
    *("versions", "broadcast", "ncores", "heartbeat-client", "heartbeat_worker"),
    "subscribe-topic",  # which a client does when it connects
    *("identity", "keep-alive"),  # which clients and workers ask, or say, every now and then
}
WITH_CODE = {"run_function", "update-graph"}


def of_another_python(**packages: Any) -> dict[str, Any]:
    told = get_versions(**packages)
    told["packages"]["python"] = "3.99.0.final.0"
    return told


def test_a_scheduler_of_another_python_is_sent_no_code(
    asked: tuple[Client, Scheduler, list[str]],
) -> None:
    client, scheduler, seen = asked
    scheduler.handlers["versions"] = of_another_python
    seen.clear()
    with pytest.raises(DtperfError, match=r"python .* on client.*; 3\.99\.0 on scheduler"):
        check_same(client)
    assert {*seen} <= WITHOUT_CODE


def test_a_client_that_is_handed_in_is_checked_before_its_scheduler_is_sent_code(
    asked: tuple[Client, Scheduler, list[str]], reference_config: AnalysisConfig
) -> None:
    client, scheduler, seen = asked
    scheduler.handlers["versions"] = of_another_python
    seen.clear()
    with pytest.raises(DtperfError, match=r"3\.99\.0 on scheduler"):
        dtperf.run(reference_config, GOLDEN, client=client)
    assert not WITH_CODE & {*seen}


def test_a_worker_of_another_python_is_sent_no_code(
    asked: tuple[Client, Scheduler, list[str]],
) -> None:
    client, scheduler, seen = asked
    [worker] = scheduler.workers.values()
    worker.versions["packages"] = {**worker.versions["packages"], "python": "3.99.0.final.0"}
    seen.clear()
    with pytest.raises(DtperfError, match=rf"3\.99\.0 on {worker.address}"):
        check_same(client)
    assert "update-graph" not in seen


def test_what_the_other_tests_watch_is_how_code_travels(
    asked: tuple[Client, Scheduler, list[str]],
) -> None:
    client, _, seen = asked
    check_same(client)
    assert {*seen} >= WITH_CODE


def test_a_worker_that_comes_later_opens_nothing_of_another_python(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = own_versions()
    monkeypatch.setattr(dask_tasks, "own_versions", lambda: {**here, "python": "3.99.0"})
    monkeypatch.setattr(dask_tasks.cloudpickle, "dumps", lambda _: b"byte code that would be fatal")
    function = dask_tasks.sealed(counted)
    monkeypatch.setattr(dask_tasks, "own_versions", lambda: here)
    with pytest.raises(SoftwareMismatch, match=r"python +3\.99\.0 on client"):
        dask_tasks.measure("topic", 1, function, dask_tasks.pack_items([]), 1.0)


def test_a_run_ends_when_a_worker_of_other_software_joins(monkeypatch: pytest.MonkeyPatch) -> None:
    here = own_versions()
    monkeypatch.setattr(dask_tasks, "own_versions", lambda: {**here, "uproot": "0.9"})
    with (
        local_client(1) as client,
        closing(DaskPool(client)) as pool,
        pytest.raises(SoftwareMismatch, match=r"uproot +0\.9 on client; .* on a worker on"),
    ):
        run(counted, 3, pool)


def test_an_asynchronous_client_is_refused(reference_config: AnalysisConfig) -> None:
    async def cell() -> None:
        async with Client(
            n_workers=1, processes=False, asynchronous=True, dashboard_address="127.0.0.1:0"
        ) as client:
            with pytest.raises(ConfigError, match="client: is asynchronous"):
                dtperf.run(reference_config, GOLDEN, client=client)

    asyncio.run(cell())


def test_a_closed_client_is_refused(reference_config: AnalysisConfig) -> None:
    with local_client(1) as client:
        pass
    with pytest.raises(ConfigError, match=r"client: is not connected .*closed"):
        dtperf.run(reference_config, GOLDEN, client=client)


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "my_own_analysis.py"
    path.write_text("def answer():\n    return 42\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield path
    module = sys.modules.pop("my_own_analysis", None)
    if module is not None:
        cloudpickle.unregister_pickle_by_value(module)


def test_own_code_is_run_where_it_is_not_installed(own_module: Path) -> None:
    ship(("my_own_analysis",))
    import my_own_analysis  # type: ignore[import-not-found]

    shipped = cloudpickle.dumps(my_own_analysis.answer)
    program = "import pickle, sys; print(pickle.load(sys.stdin.buffer)())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=shipped,
        capture_output=True,
        cwd=own_module.parent.parent,
        check=True,
        timeout=240,
    )
    assert done.stdout.strip() == b"42"


def test_a_module_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match="ship: no_such_module: cannot be imported here"):
        ship(("no_such_module",))
