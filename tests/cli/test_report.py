"""`dtperf report` as a user meets it."""

from __future__ import annotations

from pathlib import Path

from tests.cli.commands import Call
from tests.pages.report.samples import DEAD, EMPTY, LOW, Page, measured


def test_a_report_with_the_ill_chambers(dtperf: Call, tmp_path: Path) -> None:
    out = measured().save(tmp_path / "result")
    done = dtperf("report", out)
    assert done.code == 0, done.err
    assert f"wrote {out / 'report.html'} (" in done.out
    assert done.out.startswith(f"{DEAD.name}: efficiency 0.0 % (0 of ")
    assert f"{EMPTY.name} (few probes)" in done.out
    assert "3 of 250 chambers are flagged" in done.out
    rows = Page((out / "report.html").read_text()).rows
    assert "low" in rows[LOW.name][7]
    assert rows[DEAD.name][7]
    assert rows[EMPTY.name][7] == "few probes"
    assert dtperf("report", out).code == 0  # in place of the first


def test_with_a_reference_into_another_file(dtperf: Call, tmp_path: Path) -> None:
    out = measured().save(tmp_path / "result")
    other = measured("b.root", seed=2, ill={}).save(tmp_path / "other")
    page = tmp_path / "page.html"
    done = dtperf("report", out, "--reference", other, "-o", page)
    assert done.code == 0, done.err
    rows = Page(page.read_text()).rows
    assert "dropped" in rows[LOW.name][7]
    assert rows[LOW.name][8].startswith("−1")
    assert not (out / "report.html").exists()


def test_mistakes(dtperf: Call, tmp_path: Path) -> None:
    out = measured().save(tmp_path / "result")
    taken = tmp_path / "notes.txt"
    taken.write_text("mine")
    done = dtperf("report", out, "-o", taken)
    assert done.code == 2
    assert "no page of dtperf" in done.err
    assert taken.read_text() == "mine"
    done = dtperf("report", tmp_path / "none")
    assert done.code == 1
    assert "Traceback" not in done.err
