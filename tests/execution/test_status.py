"""The state of a run, from its directory."""

from __future__ import annotations

import fcntl
import math
from pathlib import Path

import pytest

from dtperf.errors import InputError
from dtperf.execution import status as module
from dtperf.execution.status import RunStatus, summarize
from dtperf.results.ledger import LedgerRow
from tests.helpers.ledgers import ROWS, measured, plan, row, stopped
from tests.helpers.made_results import made


def running(out: Path) -> RunStatus:
    with (out / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return summarize(out)


def test_a_run_that_goes_on(tmp_path: Path) -> None:
    plan(tmp_path, events=210, files=5)
    stopped(tmp_path, ROWS[:1])
    stopped(tmp_path, ROWS, 2)
    found = running(tmp_path)
    assert found.state == "running"
    assert (found.events_total, found.events_read) == (210, 90)
    assert (found.events_skipped, found.events_left) == (15, 105)
    assert found.percent == 50
    assert (found.files_total, found.files_read) == (5, 2)
    assert (found.files_skipped, found.files_unknown) == (2, 1)
    # 105 of 210 events in the two seconds that `made` says
    assert found.seconds_left == 2
    assert found.events_per_second == 45
    assert found.worker_seconds == 9
    assert found.events_per_worker_second == 10
    assert found.megabytes == pytest.approx(0.09)
    assert found.megabytes_per_second == pytest.approx(0.045)
    assert found.megabytes_per_worker_second == pytest.approx(0.01)
    assert found.causes == {"timeout": 1, "corrupt": 1, "unreachable": 1}


def test_a_run_that_was_stopped(tmp_path: Path) -> None:
    plan(tmp_path, events=100, files=5)
    stopped(tmp_path, ROWS[:1])
    found = summarize(tmp_path)
    assert (found.state, found.seconds_left) == ("stopped", None)
    assert found.percent == 40


def test_a_run_that_has_saved_nothing_yet(tmp_path: Path) -> None:
    plan(tmp_path, events=100, files=5)
    found = running(tmp_path)
    assert found.state == "running"
    assert (found.events_total, found.events_read, found.events_left) == (100, 0, 100)
    assert (found.percent, found.events_per_second, found.events_per_worker_second) == (0, 0, 0)
    assert found.seconds_left is None
    assert found.servers == found.slowest == ()
    assert summarize(tmp_path).state == "stopped"


@pytest.mark.parametrize(("rows", "state"), [(ROWS[:3], "complete"), (ROWS, "complete with gaps")])
def test_a_run_that_is_complete(tmp_path: Path, rows: list[LedgerRow], state: str) -> None:
    # as the sum of several has it, there is no run.json
    found = summarize(made(rows).save(tmp_path))
    assert found.state == state
    assert found.events_left == 0
    assert found.percent == 100


def test_a_complete_result_that_is_resumed_is_not_complete(tmp_path: Path) -> None:
    made(ROWS).save(tmp_path)
    stopped(tmp_path, ROWS[:3])
    assert summarize(tmp_path).state == "stopped"


def test_servers(tmp_path: Path) -> None:
    slow, fast, local = summarize(made(ROWS).save(tmp_path)).servers
    assert (slow.name, slow.files, slow.events) == ("slow", 2, 50)
    assert slow.megabytes == pytest.approx(0.05)
    assert slow.seconds == 7
    assert slow.megabytes_per_second == pytest.approx(0.05 / 7)
    assert (slow.retried_chunks, slow.failures) == (3, 2)
    assert (fast.name, fast.events, fast.retried_chunks, fast.failures) == ("fast", 40, 0, 0)
    assert (local.name, local.events, local.failures) == ("local", 0, 1)
    assert local.megabytes_per_second == 0


def test_slowest_files(tmp_path: Path) -> None:
    many = [measured(f"file{n}", 10, n, "fast") for n in range(12)]
    found = summarize(made([*ROWS, *many, row("e", 0, 0)]).save(tmp_path)).slowest
    assert [file.file for file in found[:3]] == ["file11", "file10", "file9"]
    assert len(found) == 10
    a, b = summarize(made(ROWS).save(tmp_path)).slowest
    assert math.isclose(a.milliseconds_per_event, 100)
    assert math.isclose(b.milliseconds_per_event, 100)
    assert (a.file, a.events, a.seconds) == ("a", 60, 6)
    assert a.servers == ("fast", "slow")
    assert b.workers == ("x",)


def test_a_result_that_goes_away_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(tmp_path, events=90, files=2)
    stopped(tmp_path, ROWS[:2], 7)
    found = iter([tmp_path / "partial" / "000006", tmp_path / "partial" / "000007"])
    real = module.newest
    monkeypatch.setattr(module, "newest", lambda out: next(found, None) or real(out))
    assert summarize(tmp_path).events_read == 60


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"events": 1}', '{"events": -1, "files": 1}', '{"events": 1e3}']
)
def test_no_plan(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(InputError, match=r"run\.json"):
        summarize(tmp_path)


def test_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not the directory of a run"):
        summarize(tmp_path)
    with pytest.raises(InputError, match="no such directory"):
        summarize(tmp_path / "x")


def test_workers(tmp_path: Path) -> None:
    rows = [
        row("a", 0, 5)._replace(cpu_seconds=0.4, memory=300_000_000),
        row("a", 5, 9)._replace(cpu_seconds=0.1, memory=500_000_000),
        row("b", 0, 7, worker="x")._replace(cpu_seconds=0.5, memory=200_000_000),
        row("b", 7, 9, "timeout", worker="x"),
    ]
    made(rows).save(tmp_path)
    first, second = summarize(tmp_path).workers
    assert (first.name, first.chunks, first.events) == ("w", 2, 9)
    assert (first.seconds, first.cpu_percent, first.memory_megabytes) == (1.0, 50.0, 500.0)
    assert first.megabytes == pytest.approx(90e-6)
    assert (second.name, second.events, second.cpu_percent) == ("x", 7, 100.0)
