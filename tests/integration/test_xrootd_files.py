"""Files that XRootD servers refuse, lose or change: they are left out, or read elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dtperf.results.result import Result
from tests.helpers.runs import N_EVENTS
from tests.integration.commands import finished
from tests.integration.stepwise import Stepwise
from tests.integration.xrootd_runs import IMPATIENT_S, arguments, assert_books, elsewhere, skipped
from tests.integration.xrootd_server import Server

pytest.importorskip("fsspec_xrootd")
pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]


def test_a_server_that_refuses_a_file(
    servers: Callable[[], Server], tmp_path: Path, golden_result: Result
) -> None:
    out, server = tmp_path / "out", servers()
    (server.data / "1700.root").chmod(0)
    command = arguments(out, server.url())
    code, text = finished(*command)
    assert code == 3, text
    assert "permission denied" in text
    result = Result.load(out)
    assert skipped(result) == {"1700.root": "refused"}
    assert result.totals["events"] == result.ledger.events("read") == N_EVENTS - 1400
    other = servers()
    # there and then, or later
    again = arguments(tmp_path / "again", server.url())
    for whole in ([*command, elsewhere(other), "--resume"], [*again, elsewhere(other)]):
        code, text = finished(*whole)
        assert code == 0, text
    for path in (out, tmp_path / "again"):
        result = Result.load(path)
        assert_books(result, golden_result)
        moved = {row.file: row.source for row in result.ledger if row.source != row.file}
        assert moved == {server.url("1700.root"): other.url("1700.root")}


def test_another_server_takes_over(
    servers: Callable[[], Server],
    stepwise: Callable[..., Stepwise],
    tmp_path: Path,
    golden_result: Result,
) -> None:
    out, server, other = tmp_path / "out", servers(), servers()
    command = arguments(out, server.url(), timeout_s=IMPATIENT_S, retries=0)
    run = stepwise(*command, elsewhere(other))
    run.until("measuring", 1000)
    server.kill()
    code, text = run.finish()
    assert code == 0, text
    result = Result.load(out)
    assert_books(result, golden_result)
    sources = {row.source.removesuffix(row.file.rpartition("/")[2]) for row in result.ledger}
    assert sources == {server.url(), other.url()}


def cut(server: Server, name: str) -> None:
    content = (server.data / name).read_bytes()
    server.replace(name, content[: len(content) // 2])


def cut_in_place(server: Server, name: str) -> None:
    with (server.data / name).open("r+b") as file:
        file.truncate(1000)


def swap(server: Server, name: str) -> None:
    server.replace(name, (server.data / "3100.root").read_bytes())


def swap_in_place(server: Server, name: str) -> None:
    (server.data / name).write_bytes((server.data / "3100.root").read_bytes())


def lengthen(server: Server, name: str) -> None:
    server.replace(name, (server.data / name).read_bytes() + b"more")


def remove(server: Server, name: str) -> None:
    (server.data / name).unlink()


def empty(server: Server, name: str) -> None:
    server.replace(name, b"")


def refuse(server: Server, name: str) -> None:
    (server.data / name).chmod(0)


@pytest.mark.parametrize(
    ("harm", "cause"),
    [
        (cut, "truncated"),
        (cut_in_place, "truncated"),
        (swap, "changed"),
        (lengthen, "changed"),
        (remove, "missing"),
        (empty, "empty"),
        (refuse, "refused"),
    ],
)
def test_a_file_is_harmed_after_it_was_checked(
    harm: Callable[[Server, str], None],
    cause: str,
    server: Server,
    stepwise: Callable[..., Stepwise],
    tmp_path: Path,
    golden_result: Result,
) -> None:
    run = stepwise(*arguments(tmp_path / "out", server.url()))
    run.until("measuring", 0)
    harm(server, "1700.root")
    code, text = run.finish()
    assert code == 3, text
    result = Result.load(tmp_path / "out")
    assert_books(result, golden_result)
    assert skipped(result) == {"1700.root": cause}
    assert result.ledger.events("skipped") == 1400
    # another try would find the same
    assert all(row.attempts == 1 for row in result.ledger)


@pytest.mark.parametrize(
    ("harm", "cause"),
    [
        (cut_in_place, "truncated"),
        (swap_in_place, "changed"),
        # the server goes on to read what it has opened, and nobody can tell
        (swap, None),
        (remove, None),
        (refuse, None),
    ],
)
def test_a_file_is_harmed_while_it_is_read(
    harm: Callable[[Server, str], None],
    cause: str | None,
    server: Server,
    stepwise: Callable[..., Stepwise],
    tmp_path: Path,
    golden_result: Result,
) -> None:
    run = stepwise(*arguments(tmp_path / "out", server.url()))
    run.until("measuring", 1)
    harm(server, "0.root")
    code, text = run.finish()
    result = Result.load(tmp_path / "out")
    assert_books(result, golden_result)
    assert skipped(result) == ({"0.root": cause} if cause else {}), text
    assert code == (3 if cause else 0), text
