"""The history of ratios, and the line through times."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.growth import fit
from benchmarks.history import append, entries, trend
from benchmarks.timing import Times, spread


def test_what_is_appended_is_printed(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    assert trend(file).count("\n") == 1
    append("first pass", {"dtperf.run": 0.8, "kernels": 5.123456}, 1_000_000.0, file)
    append("first pass", {"dtperf.run": 0.88}, 2_345_678.9, file)
    append("growth", {"dtperf.run": 2.0}, 900_000.0, file)
    assert [entry["kind"] for entry in entries(file)] == ["first pass", "first pass", "growth"]
    assert {"date", "commit", "python"} <= entries(file)[0].keys()
    assert [entry["decompression"] for entry in entries(file)] == [1_000_000, 2_345_679, 900_000]
    rows = [line.split(" | ") for line in trend(file).splitlines()]
    assert ["| first pass", "dtperf.run", "0.8 (1.00) 0.88 (2.35)", "+10% |"] in rows
    assert ["| first pass", "kernels", "5.12 (1.00)", " |"] in rows
    assert ["| growth", "dtperf.run", "2 (0.90)", " |"] in rows


def test_an_entry_from_before_there_was_a_yardstick_is_printed(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    file.write_text(json.dumps({"kind": "threads", "ratios": {"wall": 0.5}}) + "\n")
    append("threads", {"wall": 0.6}, 3e6, file)
    assert "| threads | wall | 0.5 (?) 0.6 (3.00) | +20% |" in trend(file)


def test_the_history_that_is_kept_can_be_read() -> None:
    for entry in entries():
        assert json.dumps(entry)
        assert all(ratio > 0 for ratio in entry["ratios"].values())


def test_ratios_are_taken_round_by_round() -> None:
    bare, mine = Times(100, [], [1.0, 2.0, 4.0], 0), Times(50, [], [1.0, 1.0, 1.0], 0)
    assert spread(mine, bare) == (1.0, 0.5, 2.0)
    assert mine.rate == 50


def test_a_line_through_times() -> None:
    slope, start, worst = fit([1, 2, 4], [1.5, 2.5, 4.5])
    assert (slope, start) == (pytest.approx(1.0), pytest.approx(0.5))
    assert worst < 1e-9
    assert fit([1, 2, 3], [1.0, 2.2, 3.0])[2] > 0.05
