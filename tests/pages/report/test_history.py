"""Many results in their order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dtperf.detector import Chamber, chambers
from dtperf.diagnostics.comparison import changes
from dtperf.errors import ConfigError, InputError
from dtperf.pages.report import render_history
from dtperf.pages.report.history import in_each, in_order, overlaps
from dtperf.results.result import Result
from tests.cli.commands import Call
from tests.diagnostics.comparison.toys import drawn, station
from tests.pages.report.samples import EMPTY, LOW, Page, measured


def four() -> list[tuple[str, Result]]:
    """One chamber is at 80 % from the third period on."""
    ill: list[dict[Chamber, float]] = [{}, {}, {LOW: 0.8}, {LOW: 0.8}]
    return [
        (name, measured(name, seed=number, ill=ill[number], first_run=100 * number))
        for number, name in enumerate("abcd")
    ]


def test_the_step_is_found_where_it_is() -> None:
    periods = in_order(four())
    found = changes(*(period.result for period in periods))
    [first] = found.named
    assert (first.place, first.at) == (LOW, 2)
    assert first.difference == pytest.approx(-0.19, abs=0.03)
    assert first.p_value < 1e-50
    _, *others = found.chambers
    assert EMPTY not in {step.place for step in others}
    assert len(others) == 248
    assert [each.value for each in in_each(periods, first)] == [
        period.result.by_chamber()[chambers().index(LOW)].efficiency.value for period in periods
    ]
    totals = [period.result.by_chamber()[0].efficiency.total for period in periods]
    of_first = next(step for step in others if step.place == Chamber(-2, 1, 1))
    assert of_first.before.total == sum(totals[: of_first.at])
    assert of_first.after.total == sum(totals[of_first.at :])


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
    [warning] = overlaps(in_order([*four()[:2], ("again", four()[0][1])]))
    assert warning.startswith("a and again have read 1 of the same files")


def test_the_page() -> None:
    periods = in_order(four())
    read = Page(render_history(periods, changes(*(period.result for period in periods))))
    assert next(iter(read.rows)) == LOW.name
    assert read.rows[LOW.name][1] == "c"
    assert f"{LOW.name} has changed by −1" in read.text
    assert " sigma, from c on)." in read.text
    rows = {row["name"]: row for row in read.data["rows"]}
    assert len(rows) == 250
    assert rows[EMPTY.name]["value"] is None
    assert [name for name, row in rows.items() if "reason" in row] == [LOW.name]
    [picture] = read.of("img")
    assert picture["alt"].startswith("Fiducial efficiency of the stations in 4 results")
    assert picture["src"].startswith("data:image/png;base64,")


def test_the_command(dtperf: Call, tmp_path: Path) -> None:
    folders = [result.save(tmp_path / name) for name, result in four()]
    page = tmp_path / "trend.html"
    done = dtperf("trend", *reversed(folders), "--page", page)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    named = [line.split()[0] for line in lines if line.strip().startswith(str(tmp_path))]
    assert named == [str(folder) for folder in folders]
    [changed] = [line for line in lines[1:] if line.strip().startswith(LOW.name)]
    assert changed.split()[-2] == str(folders[2])
    assert changed.split()[-1][:2] in {"██", "█▇", "▇█"}
    assert lines[0].startswith(f"{LOW.name} has changed by −1")
    assert f"from {folders[2]} on)." in lines[0]
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


def test_a_station_that_aged_in_some_month(dtperf: Call, tmp_path: Path) -> None:
    losses = [(), (), (station(1, 0.009),), (station(1, 0.009),)]
    folders = [
        drawn(number, *loss, first_run=1000 * number).save(tmp_path / str(number))
        for number, loss in enumerate(losses)
    ]
    done = dtperf("trend", *folders)
    assert done.code == 0, done.err
    assert done.out.startswith("MB1 has changed by −0.")
    assert f"from {folders[2]} on)." in done.out.splitlines()[0]
    assert "as estimated from 80 runs" in done.out
