"""What the chart makes of several values, with the real helm."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.execution.clusters.chart import VALUES, Object, rendered


@pytest.fixture(params=[*VALUES])
def values(request: pytest.FixtureRequest) -> Object:
    return VALUES[request.param]


@pytest.fixture
def release(values: Object, tmp_path: Path) -> list[Object]:
    return rendered(tmp_path, values)
