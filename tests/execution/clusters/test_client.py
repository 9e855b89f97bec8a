"""What is given as `client` or `cluster`: taken, or told within seconds why not."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.errors import ConfigError
from dtperf.execution.clusters import client as given
from dtperf.execution.clusters.started import StartedCluster
from dtperf.results.result import Result
from tests.helpers.golden import GOLDEN
from tests.helpers.runs import assert_same


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture(scope="module")
def dask_cluster() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=1, dashboard_address="127.0.0.1:0") as cluster:
        yield cluster


@pytest.mark.parametrize("name", ["client", "cluster"])
@pytest.mark.parametrize("kind", ["cluster", "address"])
def test_a_cluster_of_dask_and_an_address_are_taken(
    name: str,
    kind: str,
    dask_cluster: LocalCluster,
    reference_config: AnalysisConfig,
    golden_result: Result,
) -> None:
    what = dask_cluster if kind == "cluster" else dask_cluster.scheduler_address
    options: dict[str, Any] = {name: what}
    assert_same(dtperf.run(reference_config, GOLDEN, **options), golden_result)
    assert dask_cluster.status.name == "running"


def test_an_address_without_its_port(reference_config: AnalysisConfig) -> None:
    with pytest.raises(ConfigError, match=r"tcp://127\.0\.0\.1: address: .*is not allowed"):
        dtperf.run(reference_config, GOLDEN, cluster="tcp://127.0.0.1")


def test_something_else(reference_config: AnalysisConfig) -> None:
    with pytest.raises(ConfigError, match="client: is of type int; allowed: a Dask client, a clu"):
        dtperf.run(reference_config, GOLDEN, client=4)


def test_a_closed_cluster_of_dask(reference_config: AnalysisConfig) -> None:
    with LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0") as cluster:
        pass
    with pytest.raises(ConfigError, match=r"cluster: is not connected .*closed"):
        dtperf.run(reference_config, GOLDEN, cluster=cluster)


def test_workers_that_a_stop_has_ended(
    reference_config: AnalysisConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Jupyter's stop button does it to those of `Client(n_workers=2)`."""
    monkeypatch.setattr(given, "WORKER_S", 0.5)
    with Client(n_workers=2, dashboard_address="127.0.0.1:0") as client:
        for pid in client.run(os.getpid).values():
            os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + 240
        while client.nthreads() and time.monotonic() < deadline:
            time.sleep(0.1)
        with pytest.raises(ConfigError, match=r"the client has no workers.*make a new one; or use"):
            dtperf.run(reference_config, GOLDEN, client=client)


def test_workers_that_come_are_waited_for(
    reference_config: AnalysisConfig, golden_result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(given, "WORKER_S", 120.0)  # where many tests run at a time
    with LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0") as cluster:
        cluster.adapt(minimum=0, maximum=1, interval="100ms")
        assert_same(dtperf.run(reference_config, GOLDEN, client=cluster), golden_result)


def wait_for(cluster: StartedCluster, workers: int) -> None:
    deadline = time.monotonic() + 240
    while len(cluster.client.nthreads()) != workers and time.monotonic() < deadline:
        time.sleep(0.1)
    assert f"workers: {workers}, cores: {workers}" in repr(cluster)


def test_a_cluster_over_cells(reference_config: AnalysisConfig, golden_result: Result) -> None:
    with closing(dtperf.cluster({"kind": "local", "workers": 1})) as cluster:
        assert_same(dtperf.run(reference_config, GOLDEN, cluster=cluster), golden_result)
        assert_same(dtperf.run(reference_config, GOLDEN, client=cluster), golden_result)
        assert cluster.client.status == "running"
        link = cluster.dashboard_link
        assert link.startswith("http://127.0.0.1:")
        assert link in repr(cluster)
        assert f'<a href="{link}"' in cluster._repr_html_()
        cluster.scale(2)
        wait_for(cluster, 2)
        cluster.scale(1)
        wait_for(cluster, 1)
        with pytest.raises(ConfigError, match="workers: -1 is negative"):
            cluster.scale(-1)
    assert repr(cluster) == "<dtperf.cluster local: closed>"
    assert cluster.client.status == "closed"
    cluster.close()
    with pytest.raises(ConfigError, match="the cluster is closed"):
        cluster.scale(2)
    with pytest.raises(ConfigError, match=r"client: is not connected .*closed"):
        dtperf.run(reference_config, GOLDEN, cluster=cluster)


def test_a_cell_that_is_run_again_ends_what_it_has_started(state: None) -> None:
    cluster = dtperf.cluster({"kind": "local", "workers": 1})
    client = cluster.client
    del cluster
    assert client.status == "closed"


def test_workers_of_others_are_not_scaled(dask_cluster: LocalCluster) -> None:
    with closing(dtperf.cluster(dask_cluster.scheduler_address)) as cluster:
        assert "workers: 1" in repr(cluster)
        with pytest.raises(ConfigError, match="others have started the workers"):
            cluster.scale(2)
    assert dask_cluster.status.name == "running"
