"""A redirector with two servers behind it, each with a part of the files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from dtperf.errors import InputError
from dtperf.filesets.listing import list_remote
from dtperf.results.result import Result
from tests.helpers.ports import free_port
from tests.integration.commands import finished
from tests.integration.xrootd_runs import NAMES, PATIENT_S, arguments, assert_books
from tests.integration.xrootd_server import Server, until

pytest.importorskip("fsspec_xrootd")
pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]


@pytest.fixture
def cluster(golden_files: list[Path]) -> Iterator[tuple[Server, Server]]:
    """Give a redirector, and one of its two servers."""
    port = free_port()
    with ExitStack() as stack:
        redirector = stack.enter_context(Server("manager", port))
        members = [stack.enter_context(Server("server", port)) for _ in range(2)]
        members[0].add(*golden_files[:2])
        members[1].add(*golden_files[2:])
        yield redirector, members[1]


def listed(redirector: Server) -> list[str]:
    with suppress(InputError):  # a server has not yet told that it is there
        return list_remote(redirector.url(), PATIENT_S)
    return []


def test_all_servers_or_none(
    cluster: tuple[Server, Server], tmp_path: Path, golden_result: Result
) -> None:
    redirector, member = cluster
    urls = sorted(map(redirector.url, NAMES))
    assert until(lambda: listed(redirector) == urls), redirector.log()
    out = tmp_path / "out"
    code, text = finished(*arguments(out, redirector.url()))
    assert code == 0, text
    result = Result.load(out)
    assert_books(result, golden_result)
    assert {row.source for row in result.ledger} == {*urls}
    # a part of the files is not taken for all of them
    member.kill()
    with pytest.raises(InputError, match="some of its servers have not told") as info:
        list_remote(redirector.url(), PATIENT_S)
    assert info.value.cause == "unreachable"
