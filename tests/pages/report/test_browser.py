"""The pages in a browser: map, table, phone, print, and no request to anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dtperf.detector import chambers
from dtperf.diagnostics.ageing import trends
from dtperf.diagnostics.comparison import changes
from dtperf.pages.report import (
    render_ageing,
    render_comparison,
    render_history,
    render_systematics,
    save,
    write,
)
from dtperf.pages.report.history import in_order
from tests.diagnostics.ageing.toys import BEGIN, Years
from tests.helpers.browser import chromium
from tests.pages.report.samples import DEAD, EMPTY, FLAGS, LOW, measured, varied

pytestmark = pytest.mark.server

ROWS = "#table tbody tr"
PHONE = {"width": 390, "height": 844}
NAMES = ("report", "comparison", "history", "ageing", "systematics")
TEXTS = """() => {
  const ground = (node) => getComputedStyle(node).backgroundColor;
  const hasText = (node) => [...node.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  const found = [];
  for (const node of document.querySelectorAll("body *")) {
    if (!node.checkVisibility() || node.closest("svg") || !hasText(node)) continue;
    let below = node;
    while (ground(below) === "rgba(0, 0, 0, 0)") below = below.parentElement;
    found.push([getComputedStyle(node).color, ground(below), node.textContent.trim()]);
  }
  return found;
}"""
"""Colour, background and words of each element that is seen and has a text, but for the maps."""


@dataclass
class Tab:
    """A page with all that it said and asked for."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def cell(self, name: str) -> Any:
        return self.page.locator(f'.dt-cell[data-name="{name}"]')

    def shown(self) -> list[str]:
        return [name for name in self.page.locator(f"{ROWS}:visible th").all_inner_texts() if name]

    def column(self, number: int) -> list[str]:
        return list(self.page.locator(f"{ROWS} > :nth-child({number})").all_inner_texts())


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("pages")
    a, b = measured(), measured("b.root", seed=2, ill={}, first_run=100)
    write(a, out / "report.html", FLAGS, b)
    save(render_comparison(b, a, ("before", "after")), out / "comparison.html")
    periods = in_order([("a", a), ("b", b)])
    save(render_history(periods, changes(a, b)), out / "history.html")
    runs = np.array([*a.runs, *b.runs])
    lumi = Years(runs, np.full(len(runs), 10.0), BEGIN + np.arange(len(runs)))
    found = trends(a, b, luminosity=lumi.table(out / "lumi.csv"))
    save(render_ageing(periods, found, ["A loss."]), out / "ageing.html")
    save(render_systematics(varied(a)), out / "systematics.html")
    return out


@pytest.fixture(params=NAMES)
def any_tab(browser: Any, folder: Path, request: pytest.FixtureRequest) -> Iterator[Tab]:
    yield from opened(browser, folder / f"{request.param}.html")


@pytest.fixture
def tab(browser: Any, folder: Path) -> Iterator[Tab]:
    yield from opened(browser, folder / "report.html")


def opened(browser: Any, path: Path) -> Iterator[Tab]:
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    tab = Tab(page)
    page.on("console", lambda message: tab.said.append(message.text))
    page.on("pageerror", lambda error: tab.said.append(str(error)))
    page.on("request", lambda request: tab.asked.append(request.url))
    page.goto(path.as_uri())
    yield tab
    elsewhere = [url for url in tab.asked if not url.startswith("data:") and url != path.as_uri()]
    page.close()
    assert tab.said == []
    assert elsewhere == []


def test_every_page_draws_its_map(any_tab: Tab) -> None:
    assert any_tab.page.locator(".dt-cell").count() == 250
    assert any_tab.page.locator(".dt-station").count() == 4
    fills = {any_tab.cell(each.name).locator("rect").get_attribute("fill") for each in (LOW, EMPTY)}
    assert any(fill.startswith("url(#dt-hatch") for fill in fills)
    assert len(fills) == 2


def test_no_page_is_wider_than_a_phone(any_tab: Tab) -> None:
    any_tab.page.set_viewport_size(PHONE)
    assert any_tab.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    # a label in the map may be small, but not cut off
    boxes = [each.bounding_box() for each in any_tab.page.locator(".dt-wheel").all()]
    assert min(box["x"] for box in boxes) >= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_in_light_and_dark(any_tab: Tab, scheme: str) -> None:
    any_tab.page.emulate_media(color_scheme=scheme)
    paper = any_tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (luminance(paper) > 0.5) == (scheme == "light")
    # a colour of text and the nearest background that is not transparent, of each element with text
    pairs = any_tab.page.evaluate(TEXTS)
    assert len(pairs) > 1000
    for ink, ground, text in pairs:
        bright, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, (text, ink, ground)


def luminance(colour: str) -> float:
    """Compute the brightness of a colour, as WCAG 2 defines it."""
    parts = [int(each) / 255 for each in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_paper_is_white(any_tab: Tab) -> None:
    any_tab.page.emulate_media(media="print", color_scheme="dark")
    ink = any_tab.page.evaluate("getComputedStyle(document.body).color")
    paper = any_tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert luminance(ink) < 0.1
    assert luminance(paper) > 0.9


def test_a_table_on_a_phone_shows_that_there_is_more(tab: Tab) -> None:
    tab.page.set_viewport_size(PHONE)
    area = tab.page.locator("section[aria-labelledby=stations] .scroll")
    assert area.evaluate("(node) => node.scrollWidth > node.clientWidth")
    style = "(node) => getComputedStyle(node).backgroundAttachment"
    assert area.evaluate(style) == "local, local, scroll, scroll"


def test_every_page_can_be_printed(any_tab: Tab) -> None:
    any_tab.page.emulate_media(media="print")
    table, area = (any_tab.page.locator(each).bounding_box() for each in ("#table", ".tall"))
    assert table["height"] > 2000
    assert area["height"] >= table["height"]  # nothing to scroll on paper
    assert any_tab.page.locator(".dt-stations").is_visible()
    assert not any_tab.page.locator(".filters").is_visible()


def test_the_page_has_all_chambers(tab: Tab) -> None:
    assert tab.shown() == [chamber.name for chamber in chambers()]


def test_the_mouse_shows_the_tooltip(tab: Tab) -> None:
    tip = tab.page.locator(".dt-tip")
    assert not tip.is_visible()
    tab.cell(LOW.name).hover()
    efficiency = {each.chamber: each.efficiency for each in measured().by_chamber()}[LOW]
    text = tip.inner_text()
    assert tip.is_visible()
    assert text.startswith(LOW.name)
    assert f"{efficiency.passed:,} of {efficiency.total:,} probes passed" in text
    assert f"{100 * efficiency.low:.2f} % to {100 * efficiency.high:.2f} %" in text
    assert "80 % < others & <b>ill</b>" in text
    assert tip.locator(".dt-trend circle").count() == 3
    assert tip.get_attribute("aria-live") == "polite"
    tab.page.mouse.move(0, 0)
    assert not tip.is_visible()


def test_the_tooltip_stays_within_the_page(tab: Tab) -> None:
    tab.page.set_viewport_size(PHONE)
    for name in ("MB1 W+2 S1", "MB4 W-2 S14", "MB4 W+2 S14"):
        tab.cell(name).hover()
        box = tab.page.locator(".dt-tip").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]


def test_keys_go_from_chamber_to_chamber(tab: Tab) -> None:
    tip = tab.page.locator(".dt-tip strong")
    tab.cell("MB1 W-2 S1").focus()
    assert tip.inner_text() == "MB1 W-2 S1"
    for key, name in [
        ("ArrowRight", "MB1 W-2 S2"),
        ("ArrowUp", "MB1 W-1 S2"),
        ("ArrowLeft", "MB1 W-1 S1"),
        ("ArrowLeft", "MB1 W-1 S1"),  # the edge
    ]:
        tab.page.keyboard.press(key)
        assert tip.inner_text() == name
    tab.page.keyboard.press("Tab")  # one stop a station
    assert tip.inner_text() == "MB2 W-2 S1"
    tab.page.keyboard.press("Escape")
    assert not tab.page.locator(".dt-tip").is_visible()
    assert tab.cell(DEAD.name).get_attribute("aria-label").startswith(f"{DEAD.name}: 0.00 %")


def test_enter_leads_to_the_row_even_if_it_is_filtered_out(tab: Tab) -> None:
    tab.page.locator("[name=text]").fill("MB4")
    tab.cell(LOW.name).focus()
    tab.page.keyboard.press("Enter")
    chosen = tab.page.locator("tr.chosen")
    assert chosen.get_attribute("data-name") == LOW.name
    assert chosen.is_visible()
    assert tab.page.evaluate("document.activeElement.dataset.name") == LOW.name
    assert tab.page.locator("[name=text]").input_value() == ""


def test_the_table_sorts(tab: Tab) -> None:
    head = tab.page.locator("#table thead th").nth(5)
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    values = tab.column(6)
    numbers = [float(value.removesuffix(" %")) for value in values[:-1]]
    assert numbers == sorted(numbers)
    assert values[-1] == "no probes"
    head.get_by_role("button").press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    values = tab.column(6)
    numbers = [float(value.removesuffix(" %")) for value in values[:-1]]
    assert numbers == sorted(numbers, reverse=True)
    assert values[-1] == "no probes"  # last, either way
    tab.page.locator("#table thead th").nth(0).get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "none"
    assert tab.column(1) == [chamber.name for chamber in chambers()]


def test_the_table_filters(tab: Tab) -> None:
    told = tab.page.locator(".filters output")
    assert told.inner_text() == "250 of 250 chambers"
    tab.page.locator("[name=text]").fill("w-2 s14")
    assert tab.shown() == ["MB4 W-2 S14"]
    tab.page.locator("[name=text]").fill("")
    tab.page.locator("[name=station]").select_option("3")
    tab.page.locator("[name=wheel]").select_option("0")
    assert tab.shown() == [f"MB3 W0 S{sector}" for sector in range(1, 13)]
    tab.page.locator("[name=flagged]").check()
    assert tab.shown() == [LOW.name]
    assert told.inner_text() == "1 of 250 chambers"


def test_the_map_changes_to_the_differences(tab: Tab) -> None:
    before = tab.cell(LOW.name).locator("text").text_content()
    assert re.fullmatch(r"[78]\d\.\d", before)
    tab.page.locator("[data-kind=difference]").click()
    assert tab.cell(LOW.name).locator("text").text_content().startswith("−")
    assert "points to the reference" in tab.cell(LOW.name).get_attribute("aria-label")
    tab.page.locator("[data-kind=efficiency]").click()
    assert tab.cell(LOW.name).locator("text").text_content() == before


def test_pictures_have_loaded(tab: Tab) -> None:
    widths = tab.page.locator(".pictures img").evaluate_all("all => all.map(i => i.naturalWidth)")
    assert len(widths) == 7
    assert min(widths) > 100
