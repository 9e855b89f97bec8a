"""Files of a server through a real XCache, and past one that is gone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dtperf.results.result import Result
from tests.integration.commands import finished
from tests.integration.stepwise import Stepwise
from tests.integration.xrootd_runs import NAMES, arguments, assert_books
from tests.integration.xrootd_server import CACHE, Server

pytest.importorskip("fsspec_xrootd")
pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]


def test_a_cache_serves_and_is_missed_by_nobody(
    server: Server, stepwise: Callable[..., Stepwise], tmp_path: Path, golden_result: Result
) -> None:
    urls = [*map(server.url, NAMES)]
    with Server(more=CACHE) as cache:
        through = {f"root://{cache.address}//{url}" for url in urls}
        how = {"cache": f"root://{cache.address}/"}
        code, text = finished(*arguments(tmp_path / "a", *urls, **how))
        assert code == 0, text
        result = Result.load(tmp_path / "a")
        assert_books(result, golden_result)
        assert {row.file for row in result.ledger} == {*urls}
        assert {row.source for row in result.ledger} == through
        assert [path for path in cache.folder.rglob("0.root") if path.is_file()]
        # it goes in the middle of a run
        run = stepwise(*arguments(tmp_path / "b", *urls, **how))
        run.until("measuring", 1000)
    code, text = run.finish()
    assert code == 0, text
    result = Result.load(tmp_path / "b")
    assert_books(result, golden_result)
    assert {row.source for row in result.ledger} & through
    assert {row.source for row in result.ledger} & {*urls}
