"""Dask's dashboard is named where it can be seen, and nowhere else."""

from __future__ import annotations

from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from distributed import Client, Scheduler
from distributed.deploy.spec import SpecCluster

from dtperf.execution.clusters import dashboard
from dtperf.execution.clusters.dashboard import dashboard_of
from dtperf.execution.clusters.local import local_client

PAGES = ("/health", "/status", "/", "/workers", "/json/counts.json", "/info/main/workers.html")


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait longer for an answer than who only wants to name a page: this machine may be busy."""
    monkeypatch.setattr(dashboard, "ANSWER_S", 60)


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


def test_pages_are_there_when_somebody_asks_for_them() -> None:
    """Loaded before, they would be what the first worker waits for."""
    with local_client(1) as client:
        application = client.cluster.scheduler.http_application
        before = len(application.applications)
        link = dashboard_of(client)
        assert link.startswith("http://127.0.0.1:")
        assert len(application.applications) == before
        for page in (*PAGES, "/static/js/bokeh.min.js"):
            with urlopen(link.removesuffix("/status") + page, timeout=240) as answer:
                assert answer.status == 200
        assert len(application.applications) == before + 2
        with pytest.raises(HTTPError, match="404"):
            urlopen(link + "/nowhere", timeout=240)
        assert dashboard_of(client) == link
