"""`dtperf compare` as a user meets it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes

from dtperf.detector import chambers
from dtperf.diagnostics.comparison import changes
from dtperf.pages.report.changed import points
from dtperf.plot.header import Header
from dtperf.results.caption import Caption
from dtperf.results.result import Result
from tests.cli.commands import Call, Done
from tests.diagnostics.comparison.toys import drawn, one, station
from tests.helpers.ledgers import row
from tests.helpers.made_results import made
from tests.pages.report.samples import Page

ILL = 17


def measured(file: str, seed: int, ill: float, empty: int = -1) -> Result:
    """250 chambers of 99 %, less one that has another efficiency, and one without probes."""
    rng = np.random.default_rng(seed)
    result = made([row(file, 0, 10)])
    counts = result.config.measurements.active()["by_chamber"].empty()
    for number, each in enumerate(chambers()):
        total = 0 if number == empty else 2000
        passed = rng.binomial(total, ill if number == ILL else 0.99)
        at = (each.station - 1, each.wheel + 2, each.sector - 1)
        counts.view(flow=True)[at] = total - passed, passed
    return replace(result, counts={**result.counts, "by_chamber": counts})


def table(done: Done) -> list[str]:
    """The lines below 'what has changed'."""
    lines = done.out.splitlines()
    first = next(at for at, line in enumerate(lines) if line.strip().startswith("what has changed"))
    last = next(at for at, line in enumerate(lines) if " looks, from " in line)
    return [line.strip() for line in lines[first + 1 : last]]


def test_the_words_of_the_page(dtperf: Call, tmp_path: Path) -> None:
    a, b = (measured(name, 1, 0.99).save(tmp_path / name) for name in "ab")
    page = tmp_path / "page.html"
    given = ("--page", page, "--label", "Preliminary", "--energy", "5.02")
    assert dtperf("compare", a, b, *given, "--luminosity", "32.1").code == 0
    text = Page(page.read_text()).text
    assert "CMS Preliminary" in text
    assert f"{a} (10 events of run 367000; 5.02 TeV)" in text
    assert f"{b} (10 events of run 367000; 5.02 TeV; 32.1 fb⁻¹)" in text
    table = tmp_path / "lumi.csv"
    table.write_text(
        "#run:fill,time,nls,ncms,delivered(/fb),recorded(/fb)\n"
        "367000:1,05/12/23 02:01:15,3,3,2.0,1.5\n"
    )
    assert dtperf("compare", a, b, *given, "--luminosity", table).code == 0
    assert Page(page.read_text()).text.count("5.02 TeV; 1.50 fb⁻¹; whole runs count") == 2


@pytest.mark.parametrize("command", ["compare", "trend"])
def test_words_without_a_page_are_refused(dtperf: Call, tmp_path: Path, command: str) -> None:
    done = dtperf(command, tmp_path / "a", tmp_path / "b", "--label", "x", "--energy", "13")
    assert done.code == 2
    assert "--label, --energy: only the page shows that: add --page FILE" in done.err


def test_the_words_of_the_page_of_a_trend(
    dtperf: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Caption] = []
    drawn = Header.__init__

    def listen(self: Header, axes: Axes, caption: Caption, title: str) -> None:
        said.append(caption)
        drawn(self, axes, caption, title)

    monkeypatch.setattr(Header, "__init__", listen)
    paths = [measured(name, 1, 0.99).save(tmp_path / name) for name in "ab"]
    given = ("--page", tmp_path / "page.html", "--label", "Preliminary", "--energy", "5.02")
    done = dtperf("trend", *paths, *given)
    assert done.code == 0, done.err
    assert {(each.status, each.energy) for each in said} == {("Preliminary", "5.02 TeV")}


def test_the_chamber_that_has_changed_is_named_and_not_its_station(
    dtperf: Call, tmp_path: Path
) -> None:
    a = measured("a", 1, 0.99).save(tmp_path / "a")
    b = measured("b", 2, 0.95, empty=3).save(tmp_path / "b")
    done = dtperf("compare", a, b)
    assert done.code == 0, done.err
    name = chambers()[ILL].name
    first = done.out.splitlines()[0]
    assert re.match(rf"{name} has changed by −\d\.\d+ ± \d\.\d+ points \(\d+\.\d sigma\)\.$", first)
    assert [line.split("  ")[0] for line in table(done)] == [name]
    assert "1 chamber has no probe in one of them" in done.out
    assert "at most 1 % of the changes named are there by chance" in done.out
    assert "Uncertainties are those of the counts alone" in done.out
    assert "not measured" in done.out  # the acceptance


def test_a_station_that_aged_comes_first(dtperf: Call, tmp_path: Path) -> None:
    a = drawn(1).save(tmp_path / "a")
    b = drawn(2, station(1, 0.009), one("MB3 W0 S6", 0.1), first_run=1000).save(tmp_path / "b")
    page = tmp_path / "page.html"
    done = dtperf("compare", a, b, "--page", page)
    assert done.code == 0, done.err
    found = changes(Result.load(a), Result.load(b))
    mb1, chamber = found.named
    said = done.out.splitlines()[0]
    assert said.startswith(f"MB1 has changed by {points(mb1)} points ({mb1.sigmas:.1f} sigma); ")
    assert f"MB3 W0 S6 by {points(chamber)} points" in said
    assert [line.split("  ")[0] for line in table(done)] == ["MB1", "MB3 W0 S6"]
    assert "as estimated from 40 runs" in done.out
    read = Page(page.read_text())
    assert said in read.text
    rows = {row["name"]: row for row in read.data["rows"]}
    marked = {name for name, row in rows.items() if "reason" in row}
    assert marked == {each.name for each in chambers() if each.station == 1} | {"MB3 W0 S6"}
    assert rows["MB1 W0 S6"]["reason"] == f"MB1 has changed by {points(mb1)} points"


def test_the_same_chambers_do_not_differ(dtperf: Call, tmp_path: Path) -> None:
    a, b = (measured(name, seed, 0.99).save(tmp_path / name) for seed, name in enumerate("ab"))
    assert dtperf("compare", a, b).out.startswith(
        "Nothing has changed beyond chance: the whole barrel has moved by "
    )


def test_the_same_events_are_told(dtperf: Call, tmp_path: Path) -> None:
    a, b = (measured("a", 1, 0.99).save(tmp_path / name) for name in "ab")
    assert "Both have read 1 of the same files" in dtperf("compare", a, b).out


def test_a_result_without_chambers(dtperf: Call, tmp_path: Path) -> None:
    whole = measured("a", 1, 0.99)
    counts = {name: each for name, each in whole.counts.items() if name != "by_chamber"}
    a, b = whole.save(tmp_path / "a"), replace(whole, counts=counts).save(tmp_path / "b")
    done = dtperf("compare", a, b)
    assert done.code == 1
    assert "the second result lacks 'by_chamber'" in done.err
    assert "Traceback" not in done.err


def test_the_page_lists_what_the_terminal_does(dtperf: Call, tmp_path: Path) -> None:
    a = measured("a", 1, 0.99).save(tmp_path / "a")
    b = measured("b", 2, 0.95, empty=3).save(tmp_path / "b")
    page = tmp_path / "page.html"
    done = dtperf("compare", a, b, "--page", page)
    assert done.code == 0, done.err
    assert f"wrote {page}" in done.out
    read = Page(page.read_text())
    assert f"{chambers()[ILL].name} has changed by" in read.text
    assert len(read.rows) == 249
    found = changes(Result.load(a), Result.load(b))
    [change] = found.named
    assert change.place == found.chambers[0].place
    cells = read.rows[chambers()[ILL].name]
    assert cells[5:7] == [points(change), f"{change.sigmas:.1f}"]
    assert cells[2] == f"{change.before.passed:,} / {change.before.total:,}"
    assert cells[8] == chambers()[ILL].name
    rows = {row["name"]: row for row in read.data["rows"]}
    assert rows[chambers()[ILL].name]["value"] == change.difference
    assert rows[chambers()[3].name]["value"] is None
    assert [row["name"] for row in rows.values() if "reason" in row] == [chambers()[ILL].name]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_generated_data_of_a_station_that_aged(dtperf: Call, tmp_path: Path) -> None:
    """Ageing grows from the first to the last run: over all of them it is half of 1 point."""
    aged = "detector.ageing={MB1: 0.01}"
    for name, settings in {"before": (), "after": ("--set", aged)}.items():
        options = ("--set", "events=150000", "--set", "runs=8", "--set", f"seed={len(name)}")
        first = ("--set", f"first_run={370_000 + 1_000 * len(name)}")
        done = dtperf("generate", "-o", tmp_path / f"{name}-files", *options, *first, *settings)
        assert done.code == 0, done.err
        config = ("reference_2023", tmp_path / f"{name}-files")
        done = dtperf("run", *config, "-o", tmp_path / name)
        assert done.code == 0, done.err
    done = dtperf("compare", tmp_path / "before", tmp_path / "after")
    assert done.out.startswith("MB1 has changed by −0."), done.out
    [change, *_] = changes(*(Result.load(tmp_path / each) for each in ("before", "after"))).named
    assert change.difference == pytest.approx(-0.005, abs=4 * change.uncertainty)
    out = dtperf("report", tmp_path / "after", "--reference", tmp_path / "before").out
    assert out.startswith("Since the reference MB1 has changed by −0.")


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_gate_is_open_until_something_changes(
    options: tuple[str, ...], dtperf: Call, tmp_path: Path
) -> None:
    a = measured("a", 1, 0.99).save(tmp_path / "a")
    same = measured("b", 2, 0.99).save(tmp_path / "same")
    ill = measured("c", 3, 0.95).save(tmp_path / "ill")
    hidden = measured("d", 4, 0.99, empty=3).save(tmp_path / "hidden")
    junit = tmp_path / "junit.xml"
    for after, code in ((same, 0), (ill, 4), (hidden, 4)):
        done = dtperf("compare", a, after, "--gate", "--junit", junit, *options)
        assert done.code == code, done.err
        # what is written and printed is the same
        assert ("<failure" in junit.read_text()) == (code == 4)
        without = dtperf("compare", a, after, "--junit", junit, *options)
        assert without == (0, done.out, "")


def test_a_gate_does_not_open_where_nothing_was_measured(dtperf: Call, tmp_path: Path) -> None:
    a = measured("a", 1, 0.99)
    nothing = a.config.measurements.active()["by_chamber"].empty()
    empty = replace(a, counts={**a.counts, "by_chamber": nothing}).save(tmp_path / "empty")
    done = dtperf("compare", a.save(tmp_path / "a"), empty, "--gate")
    assert done.code == 1
    assert f"{empty}: no place has probes in both" in done.err
