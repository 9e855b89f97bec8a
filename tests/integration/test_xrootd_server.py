"""Runs over real XRootD servers, which die, dawdle and come back.

Each run is a process of its own: timeouts are those of a process.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from dtperf.errors import InputError
from dtperf.filesets import build
from dtperf.filesets.listing import list_remote
from dtperf.results.result import Result
from tests.helpers.golden import GOLDEN_CMSSW, GOLDEN_PROJECTED, golden_differences
from tests.helpers.ports import free_port
from tests.helpers.runs import assert_same
from tests.integration.commands import finished
from tests.integration.stepwise import Stepwise
from tests.integration.xrootd_proxy import Proxy
from tests.integration.xrootd_runs import (
    IMPATIENT_S,
    N_CHUNKS,
    NAMES,
    PATIENT_S,
    arguments,
    assert_books,
    elsewhere,
    skipped,
)
from tests.integration.xrootd_server import Server

pytest.importorskip("fsspec_xrootd")
pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]


@pytest.mark.parametrize(
    ("how", "executor"),
    [
        ("files", "iterative"),
        ("directory", "iterative"),
        ("pattern", "iterative"),
        ("directory", "futures"),
    ],
)
def test_golden(
    how: str, executor: str, server: Server, tmp_path: Path, golden_result: Result
) -> None:
    inputs = {"files": map(server.url, NAMES), "directory": [server.url()]}
    inputs["pattern"] = [server.url("[0-9]*.root")]
    command = arguments(tmp_path / "out", *inputs[how])
    code, text = finished(*command, "--executor", executor, "--workers", "2")
    assert code == 0, text
    result = Result.load(tmp_path / "out")
    assert_same(result, golden_result)
    assert_books(result, golden_result)
    assert {row.file for row in result.ledger} == {*map(server.url, NAMES)}
    assert all(row.source == row.file and row.attempts == 1 for row in result.ledger)
    assert len(result.ledger) == N_CHUNKS


def test_rntuples_of_cmssw_which_have_no_uuid(server: Server, tmp_path: Path) -> None:
    folder = server.data / "nt"
    folder.mkdir()
    shutil.copyfile(GOLDEN_CMSSW, folder / "a.root")
    shutil.copyfile(GOLDEN_PROJECTED, folder / "b.rntpl")
    command = arguments(tmp_path / "out", server.url("nt/a.root"), chunksize=1700)
    code, text = finished(*command)
    assert code == 0, text
    result = Result.load(tmp_path / "out")
    assert golden_differences(result.counts) == []
    found = build(server.url("nt/"))
    assert [file.uuid for file in found] == [
        file.uuid for file in build([GOLDEN_CMSSW, GOLDEN_PROJECTED])
    ]
    assert {row.uuid for row in result.ledger} == {str(found[0].uuid)}
    with pytest.raises(InputError, match="are copies of one file"):
        build([server.url("nt/"), GOLDEN_CMSSW])


def test_listing(server: Server) -> None:
    deep = server.data / "run" / "deep"
    deep.mkdir(parents=True)
    shutil.copyfile(server.data / NAMES[0], deep / "x.root")
    (server.data / "run" / "log.txt").touch()
    every = sorted([*map(server.url, NAMES), server.url("run/deep/x.root")])
    assert list_remote(server.url(), PATIENT_S) == every
    assert list_remote(server.url("?authz=a/b"), PATIENT_S) == [f"{u}?authz=a/b" for u in every]
    assert list_remote(server.url("*.root"), PATIENT_S) == sorted(map(server.url, NAMES))
    assert list_remote(server.url("r*/*/x.root"), PATIENT_S) == [server.url("run/deep/x.root")]
    assert list_remote(server.url("**/[0-9x].root"), PATIENT_S) == [
        server.url("0.root"),
        server.url("run/deep/x.root"),
    ]


def test_what_cannot_be_listed(server: Server) -> None:
    (server.data / "empty").mkdir()
    secret = server.data / "secret"
    secret.mkdir()
    secret.chmod(0)
    dead = f"root://127.0.0.1:{free_port()}//data/"
    for url, cause, message in (
        (server.url("nowhere/"), "missing", "no such file or directory"),
        (server.url("nowhere/*.root"), "missing", "no such file or directory"),
        (server.url("empty/"), "unusable", "no ROOT file"),
        (server.url("x*.root"), "missing", "no file matches"),
        (server.url("0.root/"), "missing", "Leave out the '/'"),
        (server.url("secret/"), "refused", "permission denied"),
        # not without what cannot be looked into
        (server.url(), "refused", "permission denied"),
        (f"{dead}", "unreachable", "Is 127.0.0.1:.* reachable"),
        (f"{dead}*.root", "unreachable", "Is 127.0.0.1:.* reachable"),
    ):
        with pytest.raises(InputError, match=message) as info:
            list_remote(url, PATIENT_S)
        assert info.value.cause == cause
        assert str(info.value).startswith(f"{url}: ")


def test_a_server_that_takes_the_call_and_does_not_list(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"root://127.0.0.1:{mute.getsockname()[1]}//data/"
        code, text = finished(*arguments(tmp_path / "out", url, timeout_s=IMPATIENT_S), timeout=240)
    assert code == 1
    assert f"dtperf: {url}: cannot be listed" in text
    assert "Traceback" not in text
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("executor", ["iterative", "futures"])
def test_a_server_dies_and_comes_back(
    executor: str,
    server: Server,
    stepwise: Callable[..., Stepwise],
    tmp_path: Path,
    golden_result: Result,
) -> None:
    command = arguments(tmp_path / "out", server.url(), timeout_s=IMPATIENT_S, retries=9)
    run = stepwise(*command, "--executor", executor, "--workers", "2")
    run.until("measuring", 1000)
    server.kill()
    run.until("failed")
    server.start()
    code, text = run.finish()
    assert code == 0, text
    result = Result.load(tmp_path / "out")
    assert_books(result, golden_result)
    assert len(result.ledger) == N_CHUNKS
    assert {*run.causes} <= {"unreachable", "timeout"}
    assert sum(row.attempts - 1 for row in result.ledger) == len(run.causes) > 0


def test_a_server_stays_away_until_the_run_is_resumed(
    server: Server, stepwise: Callable[..., Stepwise], tmp_path: Path, golden_result: Result
) -> None:
    out = tmp_path / "out"
    how = {"chunksize": 2000, "timeout_s": IMPATIENT_S, "retries": 1}
    command = arguments(out, server.url("*.root"), **how)
    run = stepwise(*command)
    run.until("measuring", 900)
    server.kill()
    code, text = run.finish()
    assert code == 3, text
    result = Result.load(out)
    assert_books(result, golden_result)
    assert skipped(result).keys() == {"1700.root", "3100.root", "900.root"}
    assert {*skipped(result).values()} <= {"unreachable", "timeout"}
    assert {row.attempts for row in result.ledger if row.status == "skipped"} == {2}
    done = [row for row in result.ledger if row.status == "read"]
    server.start()
    code, text = finished(*command, "--resume")
    assert code == 0, text
    result = Result.load(out)
    assert_books(result, golden_result)
    # what was done before was not read again
    assert {*done} < {*result.ledger}
    assert len(result.ledger) == 4


def test_a_slow_server(server: Server, tmp_path: Path, golden_result: Result) -> None:
    with Proxy(server.port, delay_s=0.1) as slow:
        command = arguments(tmp_path / "out", *map(slow.url, NAMES), timeout_s=IMPATIENT_S)
        code, text = finished(*command)
    assert code == 0, text
    # each answer comes in time, and all of them together do not
    assert slow.answers * slow.delay_s > IMPATIENT_S
    assert_books(Result.load(tmp_path / "out"), golden_result)


def test_a_file_that_falls_silent(
    server: Server, stepwise: Callable[..., Stepwise], tmp_path: Path, golden_result: Result
) -> None:
    out = tmp_path / "out"
    with Proxy(server.port) as proxy:
        proxy.silent.add("1700.root")
        how = {"chunksize": 2000, "timeout_s": IMPATIENT_S, "retries": 1}
        code, text = finished(*arguments(out, proxy.url("*.root"), **how))
        assert code == 3, text
        assert proxy.swallowed > 0
        result = Result.load(out)
        assert_books(result, golden_result)
        assert skipped(result) == {"1700.root": "timeout"}
        assert result.ledger.events("skipped") == 1400
        # a second server has it; others are not asked for what is read
        command = arguments(out, proxy.url("*.root"), **how)
        code, text = finished(*command, elsewhere(server), "--resume")
    assert code == 0, text
    result = Result.load(out)
    assert_books(result, golden_result)
    others = {row.file for row in result.ledger if row.source != row.file}
    assert others == {proxy.url("1700.root")}
