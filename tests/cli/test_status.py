"""`dtperf status` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

from dtperf.execution.status import summarize
from tests.cli.commands import Call
from tests.helpers.ledgers import ROWS, plan, row, stopped
from tests.helpers.made_results import made


def test_complete(dtperf: Call, tmp_path: Path) -> None:
    done = dtperf("status", made(ROWS[:3]).save(tmp_path))
    assert done.code == 0
    assert f"{tmp_path}: complete\n" in done.out
    assert "100.0% of 90 events: 90 read, 0 skipped, 0 left" in done.out
    assert "45 events/s" in done.out
    assert "Skipped" not in done.out


def test_gaps(dtperf: Call, tmp_path: Path) -> None:
    done = dtperf("status", made(ROWS).save(tmp_path))
    assert done.code == 3
    assert "complete with gaps" in done.out
    assert "4 files: 2 read, in whole or in part; 2 with something skipped" in done.out
    assert "and 1 file of unknown length, which never could be opened" in done.out
    lines = [line.split() for line in done.out.splitlines()]
    assert ["timeout", "1"] in lines
    assert ["slow", "2", "50", "0.1", "0.01", "3", "2"] in lines
    assert ["100.000", "6.0", "60", "fast,", "slow", "w", "a"] in lines


def test_files_with_a_remark(dtperf: Call, tmp_path: Path) -> None:
    remark = "was not closed: [some] events"
    rows = [row(f"[{n}].root", 0, 5)._replace(message=remark) for n in range(12)]
    done = dtperf("status", made([*rows, row("whole.root", 0, 5)]).save(tmp_path))
    assert f"[0].root: {remark}\n" in done.out
    assert "more such files" in done.out
    assert "whole.root:" not in done.out
    assert {*summarize(tmp_path).file_remarks} == {f"[{n}].root" for n in range(12)}


def test_stopped(dtperf: Call, tmp_path: Path) -> None:
    plan(tmp_path, events=180, files=3)
    stopped(tmp_path, ROWS[:3])
    done = dtperf("status", tmp_path)
    assert done.code == 0
    assert "stopped" in done.out
    assert "50.0% of 180 events" in done.out


def test_json(dtperf: Call, tmp_path: Path) -> None:
    done = dtperf("status", made(ROWS).save(tmp_path), "--json")
    assert done.code == 3
    content = json.loads(done.out)
    found = summarize(tmp_path)
    assert content["state"] == "complete with gaps"
    assert content["events_per_second"] == found.events_per_second
    assert content["percent"] == 100
    assert content["servers"][0]["name"] == "slow"
    assert content["servers"][0]["megabytes_per_second"] == found.servers[0].megabytes_per_second
    assert content["slowest"][0]["servers"] == ["fast", "slow"]


def test_names_do_nothing_to_the_terminal(dtperf: Call, tmp_path: Path) -> None:
    evil = "[red]a[/red]\x1b[2J\n[/x]"
    done = dtperf("status", made([row(evil, 0, 5)._replace(source="", worker=evil)]).save(tmp_path))
    assert done.code == 0
    assert r"[red]a[/red]\x1b[2J\n[/x]" in done.out
    assert "\x1b" not in done.out


def test_no_run(dtperf: Call, tmp_path: Path) -> None:
    done = dtperf("status", tmp_path / "nowhere")
    assert done.code == 1
    assert "nowhere: no such directory" in done.err
