"""The command and the page of results against luminosity."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from dtperf.results.result import Result
from tests.cli.commands import Call
from tests.diagnostics.ageing.toys import ILL, SPREAD, THETA, drawn, with_theta, years
from tests.pages.report.samples import Page

YEARS = years(runs=5, periods=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("years")
    made = drawn(1, YEARS, periods=4, ageing=4e-4, ill_from=12, **SPREAD)
    for number, result in enumerate(made):
        result.save(folder / f"y{number}")
    YEARS.table(folder / "lumi.csv")
    return folder


def test_the_command_and_its_page(dtperf: Call, folder: Path) -> None:
    results = [folder / f"y{number}" for number in range(4)]
    done = dtperf("trend", *results, "--luminosity", folder / "lumi.csv", "-o", folder / "t.html")
    assert done.code == 0, done.err
    assert done.out.startswith("MB1 changes by −")
    assert f"{ILL.name} went in one step: 9" in done.out.splitlines()[0]
    assert "20 runs, from" in done.out.splitlines()[1]
    assert "at most 1 % of the places named are there by chance" in done.out
    read = Page((folder / "t.html").read_text())
    assert "To 3000 fb⁻¹ the line goes on" in read.text
    assert f"{ILL.name} went in one step" in read.text
    assert len(read.data["rows"]) == 250
    by_name = {row["name"]: row for row in read.data["rows"]}
    assert by_name[ILL.name]["reason"].startswith(f"{ILL.name} went in one step")
    assert by_name["MB1 W0 S1"]["reason"].startswith("MB1 changes by")
    assert read.rows[ILL.name][-1] == ILL.name
    pictures = [each["alt"] for each in read.of("img")]
    assert len(pictures) == 5  # stations twice, both that are named, and the lines that go on
    assert all(each["src"].startswith("data:image/png;base64,") for each in read.of("img"))


def test_the_page_of_a_measurement_without_mb4(dtperf: Call, folder: Path, tmp_path: Path) -> None:
    results = [tmp_path / f"y{number}" for number in range(4)]
    for path in results:
        with_theta(Result.load(folder / path.name)).save(path)
    page = tmp_path / "t.html"
    done = dtperf(
        *("trend", *results, "--luminosity", folder / "lumi.csv"), *("--only", THETA, "-o", page)
    )
    assert done.code == 0, done.err
    read = Page(page.read_text())
    assert {row["station"] for row in read.data["rows"]} == {1, 2, 3}
    assert re.search(r"(\d+\.\d{3} ± \d\.\d{3}){3}–", read.text)  # no point of MB4


def test_json(dtperf: Call, folder: Path) -> None:
    done = dtperf("trend", folder / "y0", "--luminosity", folder / "lumi.csv", "--json")
    assert done.code == 0, done.err
    content = json.loads(done.out)
    [ageing] = content["ageing"]
    assert content["changes"] == []
    assert ageing["measurement"] == "by_chamber_and_run"
    assert ageing["runs"] == 5
    assert len(ageing["slopes"]) == 352
    assert ageing["slopes"][1]["place"]["name"] == "MB1"
    assert {*ageing["slopes"][0]} == {
        *("place", "efficiency", "slope", "low", "high", "sigmas", "p_value", "q_value"),
        *("p_line", "expected", "expected_low", "expected_high"),
    }
    assert "too few to tell what differs from run to run" in content["remarks"][-1]


def test_runs_without_luminosity_are_a_gap(dtperf: Call, folder: Path, tmp_path: Path) -> None:
    lines = (folder / "lumi.csv").read_text().splitlines()
    (tmp_path / "short.csv").write_text("\n".join(lines[:-3]))
    results = [folder / f"y{number}" for number in range(4)]
    done = dtperf("trend", *results, "--luminosity", tmp_path / "short.csv")
    assert done.code == 3
    assert f"short.csv: lacks runs {YEARS.run[-2]}, {YEARS.run[-1]}" in done.out


def test_wrong_arguments(dtperf: Call, folder: Path) -> None:
    lumi = folder / "lumi.csv"
    for arguments, code, text in [
        (("--against", "time"), 2, "need --luminosity"),
        (("--luminosity", lumi, "--only", "pair_mass"), 2, "is no efficiency that all results"),
        (("--luminosity", folder / "none.csv"), 1, "no such file of luminosity"),
        (("--luminosity", lumi, "--luminosity", lumi), 1, "would count twice"),
        (("--luminosity", lumi, "--before", "-1"), 2, "luminosity is not negative"),
    ]:
        done = dtperf("trend", folder / "y0", folder / "y1", *arguments)
        assert (done.code, text in done.err) == (code, True), done.err
        assert "Traceback" not in done.err
