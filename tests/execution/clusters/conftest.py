"""What the chart makes of several values, with the real helm; and a site that has all it needs."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.execution.clusters.apiserver import Stub
from tests.execution.clusters.chart import VALUES, Object, rendered
from tests.execution.clusters.prepared import prepared


@pytest.fixture(params=[*VALUES])
def values(request: pytest.FixtureRequest) -> Object:
    return VALUES[request.param]


@pytest.fixture
def release(values: Object, tmp_path: Path) -> list[Object]:
    return rendered(tmp_path, values)


@pytest.fixture
def listening() -> Iterator[int]:
    """A port at which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """The API server of that site."""
    with prepared(tmp_path, monkeypatch) as stub:
        yield stub
