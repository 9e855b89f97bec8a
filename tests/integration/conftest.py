"""Servers and commands that end with the test that has begun them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import Client

from dtperf.execution.clusters import local_client
from tests.helpers.golden import GOLDEN
from tests.helpers.runs import pieces
from tests.integration.stepwise import Stepwise
from tests.integration.xrootd_runs import STARTS
from tests.integration.xrootd_server import Server

OUTCOME = pytest.StashKey[str]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Tell fixtures how a test has ended: they keep a picture of what has failed."""
    report = yield
    if report.when == "call":
        item.stash[OUTCOME] = report.outcome
    return report


@pytest.fixture(scope="session")
def golden_files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return pieces(GOLDEN, tmp_path_factory.mktemp("files"), STARTS)


@pytest.fixture(scope="session")
def files(golden_files: list[Path]) -> Path:
    """Give the directory that they are in."""
    return golden_files[0].parent


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with local_client(2) as client:
        yield client


@pytest.fixture
def servers(golden_files: list[Path]) -> Iterator[Callable[[], Server]]:
    started = []

    def start() -> Server:
        server = Server()
        started.append(server)
        server.add(*golden_files)
        server.start()
        return server

    yield start
    for server in started:
        server.__exit__(None, None, None)


@pytest.fixture
def server(servers: Callable[[], Server]) -> Server:
    return servers()


@pytest.fixture
def stepwise() -> Iterator[Callable[..., Stepwise]]:
    begun = []

    def begin(*arguments: str | Path) -> Stepwise:
        begun.append(Stepwise(*arguments))
        return begun[-1]

    yield begin
    for each in begun:
        each.end()
