"""The pages as HTML: right numbers, nothing of others that runs, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from dtperf.detector import Place, chambers
from dtperf.diagnostics.comparison import changes
from dtperf.errors import ConfigError, InputError
from dtperf.pages.report import (
    render,
    render_comparison,
    render_history,
    render_systematics,
    save,
    write,
)
from dtperf.pages.report.history import in_order
from dtperf.pages.report.words import interval, percent, signed
from dtperf.results.result import Result
from dtperf.statistics import probability
from tests.helpers.ledgers import row, unopened
from tests.pages.report.samples import DEAD, EMPTY, FLAGS, LOW, Page, measured, varied

HOSTILE = "<script>alert(1)</script>\"'&</style>\u2028<img src=x onerror=alert(1)>"


@cache
def page() -> Page:
    return Page(render(measured(), FLAGS))


def hostile() -> Result:
    bad = row(f"{HOSTILE}.root", 0, 7, "corrupt")._replace(message=f"read: {HOSTILE}")
    result = measured(title=HOSTILE, skipped=(bad, unopened("gone.root", "missing")))
    job = {"begin": HOSTILE, "host": HOSTILE, "packages": {HOSTILE: HOSTILE}}
    return replace(result, jobs=(job,), code=HOSTILE)


@cache
def every_page() -> list[str]:
    a, b = hostile(), measured("b.root", seed=2, title=HOSTILE, first_run=100)
    periods = in_order([(HOSTILE, a), ("b", b)])
    return [
        render(a, FLAGS, b),
        render_comparison(a, b, (HOSTILE, "b")),
        render_history(periods, changes(a, b)),
        render_systematics(varied(a, HOSTILE)),
    ]


def test_the_table_has_the_numbers_of_the_result() -> None:
    rows = measured().by_chamber()
    assert list(page().rows) == [chamber.name for chamber in chambers()]
    for each in rows:
        cells = page().rows[each.name]
        assert cells[:3] == [each.name, str(each.wheel), str(each.sector)]
        assert cells[3:5] == [f"{each.passed:,}", f"{each.total:,}"]
        assert cells[5:7] == [percent(each.efficiency), interval(each.efficiency)]
    assert page().rows[LOW.name][7] == "low, drifting"
    assert page().rows[EMPTY.name][5:8] == ["no probes", "–", ""]


def test_the_map_has_the_numbers_of_the_result() -> None:
    rows = {each["name"]: each for each in page().data["rows"]}
    for each in measured().by_chamber():
        mine, efficiency = rows[each.name], each.efficiency
        assert (mine["passed"], mine["total"]) == efficiency[:2]
        assert mine["value"] == (efficiency.value if efficiency.total else None)
        assert (mine["low"], mine["high"]) == efficiency[2:]
        runs, passed, totals = zip(*mine["trend"], strict=True)
        assert (sum(passed), sum(totals)) == efficiency[:2]
        assert runs == (367_080, 367_090, 367_101)
    assert [name for name, each in rows.items() if "reason" in each] == [DEAD.name, LOW.name]
    assert rows[LOW.name]["reason"] == "80 % < others & <b>ill</b>; since run 367101"


def test_flagged_chambers_come_with_reasons_and_plots() -> None:
    *pictures, trend = page().of("img")
    assert trend["alt"].startswith("Fiducial efficiency of the stations against 3 runs, 367080 to")
    assert len(pictures) == 6  # against run, probes and efficiency inside, of two chambers
    assert pictures[0]["alt"] == f"Efficiency of {DEAD.name} against run"
    content = base64.b64decode(pictures[0]["src"].removeprefix("data:image/png;base64,"))
    assert content.startswith(b"\x89PNG")
    assert "80 % < others & <b>ill</b>" in page().text
    assert "b" not in {name for name, _ in page().elements}


def test_the_verdict() -> None:
    text = page().text
    assert f"2 of 250 chambers are flagged, and {EMPTY.name} has no probes; " in text
    assert "nothing was skipped." in text
    skipped = Page(render(hostile(), ()))
    assert "No chamber is flagged" in skipped.text
    assert f"{DEAD.name}: nothing at x > 0. Then {LOW.name} (low). 2 of 250" in text
    assert "7 events of 2 files were skipped (" in skipped.text
    assert ", not counting those of 1 never opened." in skipped.text


def test_files_that_were_read_with_a_remark() -> None:
    assert "Read with a remark" not in page().text
    remark = "was not closed: <events> are not in it"
    told = measured(skipped=(row("cut.root", 0, 3)._replace(message=remark),))
    text = Page(render(told, ())).text
    assert "Read with a remark" in text
    assert f"cut.root{remark}" in text


def test_the_reference() -> None:
    other = measured("b.root", seed=2, ill={})
    text = render(measured(), FLAGS, other)
    both = Page(text)
    now = {each.chamber: each.efficiency for each in measured().by_chamber()}
    then = {each.chamber: each.efficiency for each in other.by_chamber()}
    for chamber in chambers():
        if chamber != EMPTY:
            difference = signed(now[chamber].value - then[chamber].value)
            assert both.rows[chamber.name][8] == difference
    assert both.rows[EMPTY.name][8] == "–"
    assert re.findall(r"<strong[^>]*>(.*?)</strong>", text) == [
        both.rows[each.name][8] for each in (DEAD, LOW)
    ]
    assert f"Since the reference {DEAD.name} has changed by −" in both.text
    assert f"; {LOW.name} by −1" in both.text
    assert "of the same files" not in both.text
    same = Page(render(measured(), FLAGS, measured()))
    assert "Result and reference have read 1 of the same files" in same.text


@pytest.mark.parametrize("number", range(3))
def test_what_others_wrote_stays_text(number: int) -> None:
    text = every_page()[number]
    read = Page(text)
    assert "alert(1)</" not in text
    assert "<img src=x" not in text
    assert len(read.of("script")) == 2
    assert not [name for _, each in read.elements for name in each if name.startswith("on")]
    assert " ".join(HOSTILE.split()) in read.text


@pytest.mark.parametrize("number", range(3))
def test_nothing_comes_from_elsewhere(number: int) -> None:
    text = every_page()[number]
    read = Page(text)
    addresses = [
        each[name]
        for _, each in read.elements
        for name in ("src", "href", "action", "data", "poster", "srcset")
        if name in each
    ]
    assert addresses
    assert [each for each in addresses if not each.startswith(("#", "data:"))] == []
    assert "http://" not in text
    assert "https://" not in text
    assert "@import" not in text
    assert [each for each in re.findall(r"url\(([^)]*)\)", text) if each[0] != "#"] == []


def test_the_policy_allows_our_script_alone() -> None:
    [policy] = [each["content"] for each in page().of("meta") if "http-equiv" in each]
    digest = base64.b64encode(hashlib.sha256(page().scripts[-1].encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; script-src 'sha256-{digest}'; ")
    assert "'unsafe-eval'" not in policy


def test_the_same_result_gives_the_same_page() -> None:
    assert render(measured(), FLAGS) == render(measured(), FLAGS)


def test_without_chambers_there_is_no_report() -> None:
    whole = measured()
    counts = {name: each for name, each in whole.counts.items() if name != "by_chamber"}
    with pytest.raises(InputError, match=r"lacks 'by_chamber'"):
        render(replace(whole, counts=counts), ())


def test_only_chambers_are_needed() -> None:
    whole = measured()
    bare = replace(whole, counts={"by_chamber": whole.counts["by_chamber"]})
    read = Page(render(bare, FLAGS))
    assert read.of("img") == []
    assert "Not measured: efficiency_vs_run is not in this result." in read.text
    assert all("trend" not in each for each in read.data["rows"])


def test_a_page_replaces_only_a_page(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    write(measured(), path, ())
    first = path.read_text()
    write(measured(), path, FLAGS)
    assert path.read_text() != first
    other = tmp_path / "thesis.tex"
    other.write_text("years of work")
    with pytest.raises(ConfigError, match=r"is there already, and no page of dtperf"):
        save(first, other)
    assert other.read_text() == "years of work"
    with pytest.raises(ConfigError, match=r"cannot be written: No such file"):
        save(first, tmp_path / "nowhere" / "page.html")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["page.html", "thesis.tex"]


@pytest.mark.parametrize(
    ("value", "text"), [(0.25, "0.250"), (3e-7, "3e-7"), (0.0, "< 1e-15"), (1.0, "1.000")]
)
def test_probabilities(value: float, text: str) -> None:
    assert probability(value) == text


def test_without_scripts_there_is_a_map() -> None:
    text = render(measured(), FLAGS)
    container = text.split("data-map", 1)[1].split("</section>", 1)[0]
    assert container.count("title='MB") == 250


def test_how_many_chambers_are_plotted_is_said() -> None:
    assert "most conspicuous" not in render(measured(), FLAGS)
    flags = [FLAGS[0]._replace(place=Place(*chamber), region=None) for chamber in chambers()[:41]]
    assert "The 40 most conspicuous ones are plotted." in render(
        replace(measured(), counts={"by_chamber": measured().counts["by_chamber"]}), flags
    )
