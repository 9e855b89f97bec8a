"""`dtperf merge` as a user meets it."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from dtperf.results.result import Result
from tests.cli.commands import Call
from tests.helpers.ledgers import plan, row, stopped, unopened
from tests.helpers.made_results import made


@pytest.fixture
def jobs(tmp_path: Path) -> list[Path]:
    """Three jobs with a file each."""
    return [
        made([row(file, 0, 10)], begin=f"2026-{file}").save(tmp_path / f"job_{file}")
        for file in "abc"
    ]


def test_the_sum(dtperf: Call, tmp_path: Path, jobs: list[Path]) -> None:
    done = dtperf("merge", *jobs, "-o", tmp_path / "sum")
    assert done.code == 0, done.err
    assert "30 events read + 0 skipped = 30" in done.out
    assert "3 files, 3 chunks" in done.out
    assert "6.0 s in 3 jobs, added up" in done.out
    a, b, c = map(Result.load, jobs)
    found = Result.load(tmp_path / "sum")
    assert found.counts == (a + b + c).counts
    assert found.ledger == (a + b + c).ledger
    assert len(found.jobs) == 3


def test_gaps_that_are_left(dtperf: Call, tmp_path: Path, jobs: list[Path]) -> None:
    lost = [row("d", 0, 10, "timeout"), row("d", 10, 15), unopened("e", "missing")]
    gaps = made(lost).save(tmp_path / "gaps")
    done = dtperf("merge", jobs[0], gaps, "-o", tmp_path / "sum")
    assert done.code == 3
    assert "15 events read + 10 skipped + 1 file of unknown length\n" in done.out
    assert "timeout: 10 events of 1 file\n" in done.out
    assert "  d: timeout\n" in done.out
    assert f"dtperf fileset retry {tmp_path / 'sum'} -o missing.json.gz" in done.out
    retried = made([row("d", 0, 10), row("e", 0, 3)]).save(tmp_path / "retried")
    done = dtperf("merge", tmp_path / "sum", retried, "-o", tmp_path / "whole")
    assert done.code == 0
    assert "28 events read + 0 skipped = 28" in done.out


def test_more_than_ten_files_with_gaps(dtperf: Call, tmp_path: Path, jobs: list[Path]) -> None:
    rows = [row(f"[bold]{n:02}", k, k + 1, "corrupt") for n in range(12) for k in range(2)]
    done = dtperf("merge", jobs[0], made(rows).save(tmp_path / "gaps"), "-o", tmp_path / "sum")
    assert "corrupt: 24 events of 12 files" in done.out
    assert done.out.count(": corrupt\n") == 10
    assert "  [bold]09: corrupt\n" in done.out
    assert "and 2 more files" in done.out


def refused(dtperf: Call, out: Path, *arguments: str | Path, code: int = 1) -> str:
    done = dtperf("merge", *arguments, "-o", out)
    assert done.code == code
    assert not done.out
    return done.err


def test_one_result_named_twice(dtperf: Call, tmp_path: Path, jobs: list[Path]) -> None:
    (tmp_path / "link").symlink_to(jobs[0])
    for again in (jobs[0], jobs[0] / ".." / jobs[0].name, tmp_path / "link"):
        assert "are one result" in refused(dtperf, tmp_path / "sum", jobs[0], jobs[1], again)
    assert not (tmp_path / "sum").exists()


def test_the_pair_that_does_not_go_together(dtperf: Call, tmp_path: Path, jobs: list[Path]) -> None:
    overlap = made([row("b", 5, 20)]).save(tmp_path / "overlap")
    said = refused(dtperf, tmp_path / "sum", *jobs, overlap)
    assert f"{jobs[1]} and {overlap}: b: events 5 to 10" in said
    assert "count twice" in said
    other = made([row("d", 0, 5)], code="9.9").save(tmp_path / "other")
    said = refused(dtperf, tmp_path / "sum", *jobs, other)
    assert f"{jobs[0]} and {other}: these results come from different code" in said
    assert not (tmp_path / "sum").exists()


def test_a_result_is_not_replaced(dtperf: Call, tmp_path: Path, jobs: list[Path]) -> None:
    assert "add --force" in refused(dtperf, jobs[2], *jobs[:2], code=2)
    assert len(Result.load(jobs[2]).ledger) == 1
    assert dtperf("merge", *jobs[:2], "-o", jobs[2], "--force").code == 0
    assert len(Result.load(jobs[2]).ledger) == 2
    for force in ([], ["--force"]):
        said = refused(dtperf, jobs[0], *jobs[:2], *force, code=2)
        assert "is one of the results to be merged" in said
    assert len(Result.load(jobs[0]).ledger) == 1


def test_unfinished_runs(dtperf: Call, tmp_path: Path, jobs: list[Path]) -> None:
    unfinished = tmp_path / "unfinished"
    plan(unfinished, events=100, files=2)
    stopped(unfinished, [row("d", 0, 10)])
    said = refused(dtperf, tmp_path / "sum", *jobs, unfinished)
    assert f"{unfinished}: its run is not finished" in said
    assert "--resume" in said
    with (jobs[1] / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "goes on" in refused(dtperf, tmp_path / "sum", *jobs)


def test_no_results(dtperf: Call, tmp_path: Path, jobs: list[Path]) -> None:
    assert "no such directory" in refused(dtperf, tmp_path / "sum", jobs[0], tmp_path / "x")
    (tmp_path / "empty").mkdir()
    said = refused(dtperf, tmp_path / "sum", jobs[0], tmp_path / "empty")
    assert "is not a result directory" in said
    assert "two or more" in refused(dtperf, tmp_path / "sum", jobs[0], code=2)
