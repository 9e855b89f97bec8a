"""Files of a server through a real XCache, which comes and goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from dtperf.results import Result
from tests.integration.commands import finished
from tests.integration.xrootd_runs import NAMES, arguments, assert_books
from tests.integration.xrootd_server import CACHE, Server

pytest.importorskip("fsspec_xrootd")
pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]


def test_a_cache_serves_and_is_missed_by_nobody(
    server: Server, tmp_path: Path, golden_result: Result
) -> None:
    urls = [*map(server.url, NAMES)]
    with Server(more=CACHE) as cache:
        through = {f"root://{cache.address}//{url}" for url in urls}
        command = arguments(tmp_path / "a", *urls, cache=f"root://{cache.address}/")
        code, text = finished(*command)
        assert code == 0, text
        result = Result.load(tmp_path / "a")
        assert_books(result, golden_result)
        assert {row.file for row in result.ledger} == {*urls}
        assert {row.source for row in result.ledger} == through
        assert [path for path in cache.folder.rglob("0.root") if path.is_file()]
        # it has them, the server need not
        server.kill()
        command[3:7] = [*urls]
        command[command.index(tmp_path / "a")] = tmp_path / "b"
        code, text = finished(*command)
        assert code == 0, text
        assert_books(Result.load(tmp_path / "b"), golden_result)
        server.start()
    command[command.index(tmp_path / "b")] = tmp_path / "c"
    code, text = finished(*command)
    assert code == 0, text
    result = Result.load(tmp_path / "c")
    assert_books(result, golden_result)
    assert {row.source for row in result.ledger} == {*urls}
