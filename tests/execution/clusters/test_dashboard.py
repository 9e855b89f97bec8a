"""Dask's dashboard is named where it can be seen, and nowhere else."""

from __future__ import annotations

import pytest
from distributed import Client, Scheduler
from distributed.deploy.spec import SpecCluster

from dtperf.execution.clusters.dashboard import dashboard_of


@pytest.mark.parametrize("is_served", [True, False])
def test_a_dashboard_is_named_where_it_is_served(is_served: bool) -> None:
    options = {"host": "127.0.0.1", "dashboard": is_served, "dashboard_address": "127.0.0.1:0"}
    scheduler = {"cls": Scheduler, "options": options}
    with SpecCluster(scheduler=scheduler, workers={}) as cluster, Client(cluster) as client:
        assert client.dashboard_link, "Dask names one all the same"
        assert dashboard_of(client) == (client.dashboard_link if is_served else "")


def test_nobody_reaches_the_dashboard() -> None:
    options = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    scheduler = {"cls": Scheduler, "options": options}
    with SpecCluster(scheduler=scheduler, workers={}) as cluster, Client(cluster) as client:
        cluster.scheduler.http_server.stop()
        assert dashboard_of(client) == ""
