from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

import dtperf
from dtperf.pages.explore.session import station_rows
from tests.helpers.golden import GOLDEN

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
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
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

    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.on("request", note)
        page.on("console", lambda message: problems.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(running.url)
        yield Opened(page, problems)
        browser.close()
    assert problems == []


def table(page: Any) -> list[list[str]]:
    rows = page.locator("#stations tbody tr").all()
    return [row.locator("th, td").all_inner_texts() for row in rows]


def expected(now: dtperf.Result) -> list[list[str]]:
    return [[*row.values()] for row in station_rows(now, fresh())]


def wait_for(page: Any, *texts: str) -> None:
    for text in texts:
        page.locator("#command", has_text=text).wait_for(timeout=30_000)
    page.locator("#measured:not(.stale)").wait_for(timeout=30_000)


def test_a_slider_moves_everything(opened: Opened, running: Running, tmp_path: Path) -> None:
    page = opened.page
    assert table(page) == expected(running.before)
    curve = page.locator("#curve").inner_html()
    slider = page.get_by_label("probe: pT above [GeV]", exact=True)
    assert slider.get_attribute("aria-valuetext") == "20 GeV"
    slider.focus()
    for _ in range(12):
        slider.press("ArrowRight")
    wait_for(page, "selection.probe.min_pt=32")
    run = fresh("selection.probe.min_pt=32")
    assert table(page) == expected(run) != expected(running.before)
    assert slider.get_attribute("aria-valuetext") == "32 GeV"
    assert page.locator("#curve").inner_html() != curve
    best = max(run.by_chamber(), key=lambda each: each.total)
    chamber, efficiency = best.chamber, best.efficiency
    cell = page.locator(f'[data-name="{chamber.name}"]')
    label = cell.get_attribute("aria-label")
    assert f"{efficiency.passed:,} of {efficiency.total:,}" in label
    assert "4,000 events measured in" in page.locator("#state").inner_text()
    # the command that it shows gives the same
    words = shlex.split(page.locator("#command").inner_text())
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
    page.locator("#command:not(:has-text('--set'))").wait_for()
    wait_for(page, "reference_2023")
    assert table(page) == expected(running.before)
    assert exact.input_value() == "15"


def test_the_map_shows_changes(opened: Opened) -> None:
    page = opened.page
    page.get_by_label("edge_x below, < 0 inside [cm]", exact=True).fill("20")
    wait_for(page, "border_x=20")
    page.get_by_label("change from the config").check()
    run, before = fresh("selection.station.border_x=20"), fresh()
    pairs = zip(run.by_chamber(), before.by_chamber(), strict=True)
    now, then = max(pairs, key=lambda pair: pair[1].efficiency.total)
    change = 100 * (now.efficiency.value - then.efficiency.value)
    label = page.locator(f'[data-name="{now.chamber.name}"]').get_attribute("aria-label")
    assert f"{abs(change):.2f} %" in label
    assert f"with the config’s cuts {100 * then.efficiency.value:.2f} %" in label


def test_the_newest_wins(opened: Opened) -> None:
    page = opened.page
    sent: list[dict[str, Any]] = []
    page.on("request", lambda request: sent.append(json.loads(request.post_data)))
    slider = page.get_by_label("tag: pT above [GeV]", exact=True)
    for value in range(28, 60):
        slider.fill(str(value))
    wait_for(page, "selection.tag.min_pt=59")
    assert table(page) == expected(fresh("selection.tag.min_pt=59"))
    assert len(sent) < 20
    assert sent[-1] == {"selection.tag.min_pt": 59}


def test_the_sliders_of_a_skim_end_where_it_does(tmp_path: Path) -> None:
    out, loose = tmp_path / "skim", ["selection.probe.min_pt=12", "selection.pair.max_mass=111"]
    before = dtperf.skim.skim(dtperf.load_config("reference_2023", loose), GOLDEN, out=out)
    with exploring(out, before) as running, browsing(running) as opened:
        page = opened.page
        assert "all 4,000 events of 1 file" in page.locator("header").inner_text().lower()
        slider = page.get_by_label("probe: pT above [GeV]", exact=True)
        assert (slider.get_attribute("min"), slider.input_value()) == ("12", "12")
        highest = page.get_by_label("mass below [GeV]", exact=True)
        assert highest.get_attribute("max") == "111"
        shown = table(page)
        exact = page.get_by_label("probe: pT above [GeV], exact value")
        exact.fill("11")
        told = "selection.probe.min_pt: 11.0, but the skim has 12.0: muons or pairs below"
        page.get_by_role("alert").filter(has_text=told).wait_for()
        page.screenshot(path=tmp_path / "refused.png")
        assert table(page) == shown
        exact.fill("25")
        wait_for(page, "min_pt=25")
        assert page.get_by_role("alert").inner_text() == ""
        run = fresh(*loose, "selection.probe.min_pt=25")
        stations = [[*row.values()] for row in station_rows(run, before)]
        assert table(page) == stations != shown
