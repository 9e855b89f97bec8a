"""Many results in their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from dtperf.comparison import changes
from dtperf.errors import ConfigError, InputError
from dtperf.geometry import Chamber
from dtperf.report import render_history
from dtperf.report.history import in_order, overlaps, steps
from dtperf.results import Result
from tests.cli.commands import Done, call
from tests.report.samples import EMPTY, LOW, Page, measured

Call = Callable[..., Done]


@pytest.fixture
def dtperf(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    return partial(call, monkeypatch, capfd)


def four() -> list[tuple[str, Result]]:
    """One chamber is at 80 % from the third period on."""
    ill: list[dict[Chamber, float]] = [{}, {}, {LOW: 0.8}, {LOW: 0.8}]
    return [
        (name, measured(name, seed=number, ill=ill[number], first_run=100 * number))
        for number, name in enumerate("abcd")
    ]


def test_the_step_is_found_where_it_is() -> None:
    periods = in_order(four())
    first, *others = steps(periods)
    assert (first.chamber, first.at) == (LOW, 2)
    assert first.difference == pytest.approx(-0.19, abs=0.03)
    assert first.p_value < 1e-50
    assert min(step.false_alarms for step in others) > 0.01
    assert EMPTY not in {step.chamber for step in others}
    assert len(others) == 248
    totals = [period.result.by_chamber()[0].efficiency.total for period in periods]
    of_first = next(step for step in others if step.chamber == Chamber(-2, 1, 1))
    assert of_first.before.total == sum(totals[: of_first.at])
    assert of_first.after.total == sum(totals[of_first.at :])


def test_two_results_are_as_in_a_comparison() -> None:
    a, b = four()[1:3]
    expected = {each.chamber: each for each in changes(a[1], b[1])}
    for step in steps(in_order([a, b])):
        assert step.p_value == expected[step.chamber].p_value
        assert step.difference == expected[step.chamber].difference


def test_order_is_that_of_the_runs() -> None:
    shuffled = [four()[at] for at in (2, 0, 3, 1)]
    assert [period.name for period in in_order(shuffled)] == list("abcd")
    assert in_order(shuffled)[1].runs == (367_180, 367_201)


def test_without_runs_order_is_that_of_the_jobs() -> None:
    days = {"late": "2026-03-01", "early": "2025-12-01"}
    results = []
    for name, begin in days.items():
        whole = measured(name)
        counts = {"by_chamber": whole.counts["by_chamber"]}
        results.append((name, replace(whole, counts=counts, jobs=({"begin": begin},))))
    assert [period.name for period in in_order(results)] == ["early", "late"]


def test_fewer_than_two_or_without_chambers() -> None:
    [first, *_] = four()
    with pytest.raises(ConfigError, match=r"takes two results at least"):
        in_order([first])
    with pytest.raises(InputError, match=r"^b: lacks 'by_chamber'"):
        in_order([first, ("b", replace(first[1], counts={}))])


def test_results_of_the_same_files_are_told() -> None:
    assert overlaps(in_order(four())) == []
    [told] = overlaps(in_order([*four()[:2], ("again", four()[0][1])]))
    assert told.startswith("a and again have read 1 of the same files")


def test_the_page() -> None:
    periods = in_order(four())
    read = Page(render_history(periods, steps(periods)))
    assert next(iter(read.rows)) == LOW.name
    assert read.rows[LOW.name][1] == "c"
    assert "1 of 249 chambers changed" in read.text
    rows = {row["name"]: row for row in read.data["rows"]}
    assert len(rows) == 250
    assert rows[EMPTY.name]["value"] is None
    assert [name for name, row in rows.items() if "reason" in row] == [LOW.name]
    assert [each["aria-label"].split(":")[0] for each in read.of("svg")] == [
        *("MB1", "MB2", "MB3", "MB4")
    ]


def test_the_command(dtperf: Call, tmp_path: Path) -> None:
    folders = [result.save(tmp_path / name) for name, result in four()]
    page = tmp_path / "trend.html"
    done = dtperf("trend", *reversed(folders), "--page", page)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    named = [line.split()[0] for line in lines if line.strip().startswith(str(tmp_path))]
    assert named == [str(folder) for folder in folders]
    [changed] = [line for line in lines if line.strip().startswith(LOW.name)]
    assert changed.split()[-2] == str(folders[2])
    assert changed.split()[-1][:2] in {"██", "█▇", "▇█"}
    assert "1 of 249 chambers changed" in done.out
    assert LOW.name in Page(page.read_text()).rows


def test_wrong_arguments(dtperf: Call, tmp_path: Path) -> None:
    folder = four()[0][1].save(tmp_path / "a")
    for arguments, text in [
        ((folder,), "takes two results at least"),
        ((folder, tmp_path / "." / "a"), "is named twice"),
    ]:
        done = dtperf("trend", *arguments)
        assert (done.code, text in done.err) == (2, True), done.err
    done = dtperf("trend", folder, tmp_path / "none")
    assert done.code == 1
    assert "Traceback" not in done.err
