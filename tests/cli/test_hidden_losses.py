"""A dead sector, as it meets the user of each command."""

from __future__ import annotations

from pathlib import Path

from dtperf.detector import Place
from dtperf.results.result import Result
from tests.cli.commands import Call
from tests.diagnostics.flags.hidden_toys import hidden_toy
from tests.pages.report.samples import Page

SECTOR = Place(0, 5)
BEGIN = "Sector 5 of wheel 0: 9"
LEFT = " % of its probes have left the denominator ("


def dead(seed: int) -> Result:
    return hidden_toy(seed, eligible={SECTOR: 0.08})


def test_the_report_begins_with_it(dtperf: Call, tmp_path: Path) -> None:
    out = dead(1).save(tmp_path / "dead")
    done = dtperf("report", out)
    assert done.code == 0, done.err
    assert done.out.startswith(BEGIN)
    assert "4 of 250 chambers are flagged" in done.out
    text = (out / "report.html").read_text()
    page = Page(text)
    assert f"{BEGIN}" in page.text
    assert LEFT in page.text
    flagged = [name for name, cells in page.rows.items() if cells[7]]
    assert flagged == [chamber.name for chamber in SECTOR.chambers]
    assert {page.rows[name][7] for name in flagged} == {"few eligible"}
    rows = {row["name"]: row for row in page.data["rows"]}
    assert rows[flagged[0]]["reason"].startswith("sector 5 of wheel 0: 9")
    ids = {each["id"] for _, each in page.elements if "id" in each}
    addresses = {each["href"][1:] for name, each in page.elements if name == "a" and "href" in each}
    assert "flagged-sector-5-of-wheel-0" in addresses
    assert addresses <= ids
    [picture] = page.of("img")
    assert picture["alt"] == "Eligible fraction of sector 5 of wheel 0 against run"


def test_compare_tells_it(dtperf: Call, tmp_path: Path) -> None:
    a, b = hidden_toy(2).save(tmp_path / "a"), dead(3).save(tmp_path / "b")
    done = dtperf("compare", a, b, "--page", tmp_path / "page.html")
    assert done.code == 0, done.err
    [line] = [line for line in done.out.splitlines() if LEFT in line]
    assert line.startswith(BEGIN)
    assert line.endswith(": readout?")
    assert line in Page((tmp_path / "page.html").read_text()).text
    assert "eligible fraction" in done.out
    assert LEFT not in dtperf("compare", a, hidden_toy(4).save(tmp_path / "c")).out


def test_trend_tells_since_when(dtperf: Call, tmp_path: Path) -> None:
    makers = (hidden_toy, hidden_toy, dead, dead)
    results = [make(5 + n).save(tmp_path / f"result{n}") for n, make in enumerate(makers)]
    done = dtperf("trend", *results, "--page", tmp_path / "page.html")
    assert done.code == 0, done.err
    [line] = [line for line in done.out.splitlines() if line.startswith(BEGIN)]
    assert f"of its probes leave the denominator from {results[2]} on, " in line
    assert line in Page((tmp_path / "page.html").read_text()).text
