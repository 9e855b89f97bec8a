"""What a larger sample would need."""

from __future__ import annotations

from pathlib import Path

import pytest

from dtperf.errors import InputError
from dtperf.execution.estimate import GOALS, Goal, Rates, needs, rates_of
from dtperf.filesets import InputFile
from tests.cli.commands import Call
from tests.helpers.ledgers import row, unopened
from tests.helpers.made_results import made


def test_rates_of_a_ledger() -> None:
    rows = [
        row("a", 0, 300)._replace(cpu_seconds=2.0, seconds=9.0, bytes=9_000),
        row("b", 0, 100)._replace(cpu_seconds=0.0, seconds=2.0, bytes=1_000),  # of an older dtperf
        row("c", 0, 70, "truncated")._replace(cpu_seconds=100.0, bytes=10**9),
        unopened("d", "missing"),
    ]
    files = [
        InputFile("a", "Events", entries=300, bytes=60_000),
        InputFile("b", "Events", entries=100, bytes=20_000),
        InputFile("d", "Events"),
    ]
    assert rates_of(rows, files) == Rates(100.0, 25.0, 200.0, 400)
    assert rates_of(rows).event_bytes is None


def test_without_events_there_is_no_rate() -> None:
    with pytest.raises(InputError, match=r"no rate to plan with"):
        rates_of([unopened("d", "missing")])


def test_what_a_goal_takes() -> None:
    [need] = needs(Rates(2_000.0, 500.0, None, 1), [Goal("some", 1e6, 100)])
    assert (need.hz, need.cores, need.bytes_per_s, need.cores_of_talk) == (1e4, 5.0, 5e6, 100.0)


def test_the_goals_are_parts_of_one_year() -> None:
    parts = [goal.events / float(goal.name.split(" %")[0]) * 100 for goal in GOALS]
    assert parts == pytest.approx([60e9] * 3)
    assert needs(Rates(1.0, 1.0, None, 1))[1].hz == pytest.approx(1.7e6, rel=0.02)


def test_the_command(dtperf: Call, tmp_path: Path) -> None:
    rows = [row("a", 0, 1000)._replace(cpu_seconds=1.0, bytes=300_000)]
    out = made(rows).save(tmp_path / "out")
    done = dtperf("plan", "--from", out, "--size", "8GB", "--event-size", 1000)
    assert done.code == 0
    assert "1,000 events/s on one core, 300 bytes read an event" in done.out
    assert "8GB: 8,000,000 events of 1,000 bytes" in done.out
    cells = [line.split() for line in done.out.splitlines()]
    assert ["1", "2.2", "h", "1,000", "0.00"] in cells
    assert ["92", "87.0", "s", "92,000", "0.03"] in cells
    [hour] = [each for each in cells if each[:3] == ["10", "%", "in"]]
    assert hour[-3:] == ["1,666.7", "0.50", "16,667"]
    assert "Only 1,000 events" in done.out


def test_wrong_sizes(dtperf: Call, tmp_path: Path) -> None:
    out = made([row("a", 0, 10)]).save(tmp_path / "out")
    done = dtperf("plan", "--from", out, "--size", "lots")
    assert (done.code, done.out) == (2, "")
    assert "write it as 672GB" in done.err
    done = dtperf("plan", "--from", out, "--size", "672")
    assert (done.code, done.out) == (2, "")
    assert "'672' is no sample, but 672 bytes: 672GB?" in done.err
    done = dtperf("plan", "--from", out)
    assert done.code == 2
    assert "--event-size: give the bytes of an event" in done.err


@pytest.mark.slow
def test_measured_on_the_spot(dtperf: Call) -> None:
    done = dtperf("plan")
    assert done.code == 0
    assert "measured here on synthetic events" in done.out
    assert "Only" not in done.out
