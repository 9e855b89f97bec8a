from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

import dtperf
from dtperf.pages.explore.session import station_rows
from tests.helpers.browser import chromium
from tests.helpers.golden import GOLDEN
from tests.helpers.own_measurements import OWN

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]


class Running(NamedTuple):
    url: str
    before: dtperf.Result
    process: subprocess.Popen[str]


def fresh(*settings: str) -> dtperf.Result:
    return dtperf.run(dtperf.load_config("reference_2023", settings), GOLDEN)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """Explore a result."""
    before = dtperf.run(dtperf.load_config("reference_2023"), GOLDEN, out=tmp_path / "out")
    with exploring(tmp_path / "out", before) as running:
        yield running


@contextmanager
def exploring(out: Path, before: dtperf.Result) -> Iterator[Running]:
    """Start `dtperf explore`, and end it as Ctrl-C does."""
    code = "from dtperf.cli import main; main()"
    command = [sys.executable, "-c", code, "explore", str(out), "--no-browser"]
    environment = {k: v for k, v in os.environ.items() if k != "SSH_CONNECTION"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    try:
        assert process.stdout is not None
        line = next(line for line in process.stdout if line.startswith("http"))
        yield Running(line.strip(), before, process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    assert "Traceback" not in out + err
    assert out.endswith("ended\n")


class Opened(NamedTuple):
    page: Any
    problems: list[str]
    """What the console says, and what the page asks of others."""


@pytest.fixture
def opened(running: Running) -> Iterator[Opened]:
    """Open the page of a result."""
    with browsing(running) as opened:
        yield opened


@contextmanager
def browsing(running: Running) -> Iterator[Opened]:
    """Open the page in a browser; whatever it complains of fails the test."""
    problems: list[str] = []

    def note(request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme != "data" and parts.netloc != urlsplit(running.url).netloc:
            problems.append(f"asks {request.url}")

    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.on("request", note)
        page.on("console", lambda message: problems.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(running.url)
        yield Opened(page, problems)
    assert problems == []


def table(page: Any) -> list[list[str]]:
    rows = page.locator(".dt-table tbody tr").all()
    return [row.locator("th, td").all_text_contents() for row in rows]


def shell(page: Any) -> Any:
    return page.get_by_label("In a shell")


def expected(now: dtperf.Result) -> list[list[str]]:
    return [[*row.values()] for row in station_rows(now, fresh())]


def wait_for(page: Any, *texts: str) -> None:
    for text in texts:
        shell(page).filter(has_text=text).wait_for(timeout=30_000)
    page.locator(".dt-explore:not(.dt-stale)").wait_for(timeout=30_000)


def test_a_slider_moves_everything(opened: Opened, running: Running, tmp_path: Path) -> None:
    page = opened.page
    assert table(page) == expected(running.before)
    curve = page.locator(".dt-curve").inner_html()
    slider = page.get_by_label("probe: pT above [GeV]", exact=True)
    assert slider.get_attribute("aria-valuetext") == "20 GeV"
    slider.focus()
    for _ in range(12):
        slider.press("ArrowRight")
    wait_for(page, "selection.probe.min_pt=32")
    run = fresh("selection.probe.min_pt=32")
    assert table(page) == expected(run) != expected(running.before)
    assert slider.get_attribute("aria-valuetext") == "32 GeV"
    assert page.locator(".dt-curve").inner_html() != curve
    best = max(run.by_chamber(), key=lambda each: each.total)
    chamber, efficiency = best.chamber, best.efficiency
    cell = page.locator(f'[data-name="{chamber.name}"]')
    label = cell.get_attribute("aria-label")
    assert f"{efficiency.passed:,} of {efficiency.total:,}" in label
    assert "4,000 events measured in" in page.locator(".dt-state").inner_text()
    # the command that it shows gives the same
    words = shlex.split(shell(page).inner_text())
    words[words.index("-o") + 1] = str(tmp_path / "again")
    code = f"import sys; sys.argv = {words!r}; from dtperf.cli import main; main()"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert dtperf.Result.load(tmp_path / "again").by_chamber() == run.by_chamber()


def test_typing_unchecking_problems_and_the_way_back(opened: Opened, running: Running) -> None:
    page = opened.page
    exact = page.get_by_label("|Δx| to the track below [cm], exact value")
    exact.fill("3.25")
    page.get_by_label("no such cut").check()
    wait_for(page, "max_dx=3.25", "max_dy=null")
    run = fresh("selection.passing.max_dx=3.25", "selection.passing.max_dy=null")
    assert table(page) == expected(run)
    page.get_by_label("mass above [GeV], exact value").fill("101")
    page.get_by_role("alert").filter(has_text="no mass lies between").wait_for()
    assert table(page) == expected(run)
    page.get_by_role("button", name="back to").click()
    page.get_by_role("alert").filter(has_not_text="mass").wait_for(state="attached")
    shell(page).filter(has_not_text="--set").wait_for()
    wait_for(page, "reference_2023")
    assert table(page) == expected(running.before)
    assert exact.input_value() == "15"


def test_the_map_shows_changes(opened: Opened) -> None:
    page = opened.page
    page.get_by_label("edge_x below, < 0 inside [cm]", exact=True).fill("20")
    wait_for(page, "border_x=20")
    page.get_by_role("button", name="change from the config").click()
    run, before = fresh("selection.station.border_x=20"), fresh()
    pairs = zip(run.by_chamber(), before.by_chamber(), strict=True)
    now, then = max(pairs, key=lambda pair: pair[1].efficiency.total)
    change = 100 * (now.efficiency.value - then.efficiency.value)
    label = page.locator(f'[data-name="{now.chamber.name}"]').get_attribute("aria-label")
    assert f"{abs(change):.2f} %" in label
    assert f"with the config’s cuts {100 * then.efficiency.value:.2f} %" in label


def test_everything_moves_while_a_slider_is_dragged(opened: Opened) -> None:
    page = opened.page
    slider = page.get_by_label("edge_x below, < 0 inside [cm]", exact=True)
    box = slider.bounding_box()
    y, left, width = box["y"] + box["height"] / 2, box["x"], box["width"]
    page.mouse.move(left + 0.56 * width, y)
    page.mouse.down()
    seen, end = set(), time.monotonic() + 120
    ways = [*range(30), *range(30, 0, -1)]
    for number in cycle(ways):
        page.mouse.move(left + (0.56 - 0.015 * number) * width, y)
        page.wait_for_timeout(50)
        seen.add(page.locator(".dt-table").inner_text())
        if len(seen) > 4 or time.monotonic() > end:
            break
    assert len(seen) > 4
    page.mouse.up()


def test_nothing_is_cut_off(opened: Opened) -> None:
    page = opened.page
    for width in (600, 800, 1000, 1280, 1500, 1900):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        cut_off = page.evaluate(
            "[...document.querySelectorAll('.dt-explore *:not(svg *)')].filter((each) => "
            "getComputedStyle(each).display !== 'inline' && each.scrollWidth > each.clientWidth + 1"
            ").map((each) => each.className)"
        )
        assert cut_off == [], width
        for label in ("other stations with segments, at least", "no such cut: the φ view alone"):
            assert page.get_by_text(label).is_visible()
        tracks = page.locator("input[type=range]").all()
        assert min(each.bounding_box()["width"] for each in tracks) > 120


def test_a_dark_page_has_light_text(opened: Opened) -> None:
    page = opened.page
    colour = "(name) => getComputedStyle(document.querySelector(name)).{}"

    def contrast() -> float:
        texts = [
            page.evaluate(colour.format("color"), ".dt-table td"),
            page.evaluate(colour.format("backgroundColor"), "body"),
        ]
        bright, dark = sorted((brightness(text) for text in texts), reverse=True)
        return (bright + 0.05) / (dark + 0.05)

    assert contrast() > 7
    light = page.evaluate(colour.format("backgroundColor"), "body")
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(colour.format("backgroundColor"), "body")
    assert brightness(dark) < 0.1 < brightness(light)
    assert contrast() > 7


def brightness(colour: str) -> float:
    red, green, blue = ((int(each) / 255) ** 2.2 for each in re.findall(r"\d+", colour)[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_an_end_of_the_server_is_told(opened: Opened, running: Running) -> None:
    running.process.send_signal(signal.SIGINT)
    running.process.wait(240)
    opened.page.get_by_label("tag: pT above [GeV]", exact=True).fill("33")
    opened.page.get_by_role("alert").filter(has_text="does not answer").wait_for()
    opened.problems[:] = [each for each in opened.problems if "ERR_CONNECTION_REFUSED" not in each]


def test_the_newest_wins_and_none_queue_up(opened: Opened) -> None:
    page = opened.page
    sent: list[dict[str, Any]] = []
    waiting: list[int] = [0]

    def start(request: Any) -> None:
        sent.append(json.loads(request.post_data))
        waiting.append(waiting[-1] + 1)

    page.on("request", start)
    page.on("requestfinished", lambda _: waiting.append(waiting[-1] - 1))

    def answer_late(route: Any) -> None:
        time.sleep(0.3)  # that of several movements, however fast this machine counts
        route.continue_()

    page.route("**/*", answer_late)
    slider = page.get_by_label("tag: pT above [GeV]", exact=True)
    # as fast as a mouse, or faster
    slider.evaluate(
        """async (slider) => {
            for (let value = 28; value < 60; value += 1) {
                slider.value = value;
                slider.dispatchEvent(new Event("input"));
                await new Promise((next) => setTimeout(next, 2));
            }
        }"""
    )
    wait_for(page, "selection.tag.min_pt=59")
    assert table(page) == expected(fresh("selection.tag.min_pt=59"))
    assert len(sent) < 20
    assert sent[-1] == {"selection.tag.min_pt": 59}
    assert max(waiting) == 1


def test_the_sliders_of_a_skim_end_where_it_does(tmp_path: Path) -> None:
    out, loose = tmp_path / "skim", ["selection.probe.min_pt=12", "selection.pair.max_mass=111"]
    before = dtperf.skim.skim(dtperf.load_config("reference_2023", loose), GOLDEN, out=out)
    with exploring(out, before) as running, browsing(running) as opened:
        page = opened.page
        assert "all 4,000 events of 1 file" in page.locator(".dt-loaded").inner_text().lower()
        slider = page.get_by_label("probe: pT above [GeV]", exact=True)
        assert (slider.get_attribute("min"), slider.input_value()) == ("12", "12")
        highest = page.get_by_label("mass below [GeV]", exact=True)
        assert highest.get_attribute("max") == "111"
        shown = table(page)
        exact = page.get_by_label("probe: pT above [GeV], exact value")
        exact.fill("11")
        problem = "selection.probe.min_pt: 11.0, but the skim has 12.0: muons or pairs below"
        page.get_by_role("alert").filter(has_text=problem).wait_for()
        page.screenshot(path=tmp_path / "refused.png")
        assert table(page) == shown
        exact.fill("25")
        wait_for(page, "min_pt=25")
        assert page.get_by_role("alert").inner_text() == ""
        run = fresh(*loose, "selection.probe.min_pt=25")
        stations = [[*row.values()] for row in station_rows(run, before)]
        assert table(page) == stations != shown


def test_a_measurement_of_ones_own_is_chosen_and_follows_the_cuts(tmp_path: Path) -> None:
    before = dtperf.run(dtperf.load_config(OWN), GOLDEN, out=tmp_path / "out")
    with exploring(tmp_path / "out", before) as running, browsing(running) as (page, _):
        choose, curve = page.locator(".dt-choose select"), page.locator(".dt-curve svg")
        choose.select_option("own_mass")
        assert (
            page.locator(".dt-about").text_content() == curve.get_attribute("aria-label") == "pairs"
        )
        filled = int((before["own_mass"].values() > 0).sum())
        assert curve.locator(".dt-now path").count() == filled
        # its entries are on a logarithmic scale: equal factors are equal ways
        y = {
            text: float(curve.get_by_text(text, exact=True).first.get_attribute("y"))
            for text in ("1", "10", "100")
        }
        assert y["1"] - y["10"] == pytest.approx(y["10"] - y["100"])
        for name in before.config.measurements.add.keys() - {"hidden"}:
            choose.select_option(name)
            assert curve.locator(".dt-now path").count() > 0
        choose.select_option("own_pt")
        shown = curve.locator(".dt-now path").count()
        page.get_by_label("probe: pT above [GeV], exact value").fill("45")
        curve.locator(".dt-now path").nth(shown - 1).wait_for(state="detached", timeout=30_000)
        assert 0 < curve.locator(".dt-now path").count() < shown
        assert curve.locator(".dt-before path").count() == shown
