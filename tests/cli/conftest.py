"""A site for `dtperf cluster check`, as the tests of its steps have it."""

from __future__ import annotations

from tests.execution.clusters.conftest import listening, server

__all__ = ["listening", "server"]
