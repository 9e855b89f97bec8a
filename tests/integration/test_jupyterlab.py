"""A real JupyterLab in a real browser: notebooks, stop, restart, windows of any width."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.browser import chromium
from tests.integration.conftest import OUTCOME
from tests.integration.jupyterlab import Lab, Notebook
from tests.integration.xrootd_server import until

pytestmark = pytest.mark.server

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ["quickstart.ipynb", "change_cuts_on_a_skim.ipynb"]
"""The first of all, and that with sliders; tests/test_notebooks.py runs each without a browser."""
SCREENSHOTS = ROOT / "screenshots"
CELL_S = 120
LONGEST_ERROR = 12


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = Lab(tmp_path_factory.mktemp("lab"))
    try:
        lab.wait()
        yield lab
    finally:
        lab.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.set_default_timeout(60_000)
    yield page
    if request.node.stash.get(OUTCOME, "") == "failed":
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{request.node.name}.png")
    page.close()


@pytest.fixture
def show(lab: Lab, page: Any) -> Iterator[Callable[..., Notebook]]:
    shown: list[Notebook] = []

    def write(name: str, *cells: str) -> Notebook:
        shown.append(Notebook.write(lab, page, name, [*cells]))
        return shown[-1]

    yield write
    for notebook in shown:
        notebook.close()


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebooks_run(lab: Lab, page: Any, name: str) -> None:
    shutil.copy(ROOT / "notebooks" / name, lab.notebooks / name)
    notebook = Notebook(lab, page, name).open()
    notebook.run_all()
    outputs = [out for cell in notebook.save().cells for out in cell.get("outputs", [])]
    assert outputs
    errors = [each for each in outputs if each.output_type == "error"]
    warnings = [each for each in outputs if each.get("name") == "stderr"]
    assert errors + warnings == []
    assert page.locator(".jp-Notebook h1").count() == 1
    assert page.locator(".jp-Notebook h2").count() >= 3
    notebook.close()


def test_panels_of_dask_connect(show: Callable[..., Notebook], page: Any) -> None:
    begin = 'import dtperf\nworkers = dtperf.cluster("local")\nprint(workers.client.dashboard_link)'
    notebook = show("panels.ipynb", begin, "workers.close()")
    notebook.command("notebook:run-cell-and-select-next")
    dashboard = notebook.output(0).inner_text().strip().removesuffix("/status")
    page.locator('.lm-TabBar-tab[data-id="dask-dashboard-launcher"]').click()
    address = page.locator(".dask-URLInput input")
    address.fill(dashboard)
    address.press("Enter")
    page.locator(".dask-DashboardListing-item", has_text="Task Stream").first.click()
    page.wait_for_function(
        "address => [...document.querySelectorAll('iframe')]"
        ".some(each => each.src.startsWith(address))",
        arg=dashboard,
    )
    panel = page.locator("iframe[src^='http']").element_handle().content_frame()
    panel.wait_for_selector(".bk-Figure, .bk-Tabs, canvas", state="attached")
    notebook.run_all()


BEGIN = """\
from pathlib import Path
import dtperf
from dtperf.synthetic import Settings, generate
files = Path("{name}-sample")
if not files.exists():
    generate(Settings(events=40_000), files)
few = ["run.chunksize={chunk}", "run.workers=2", "run.executor={executor}"]
config = dtperf.load_config("reference_2023", few)
"""
RUN = 'result = dtperf.run(config, files, out="{name}-out", resume=True)'
COUNT = 'print("counted", result.totals["events"])'
CHUNKS = {"iterative": 20, "futures": 40, "dask": 40}
"""Events of a chunk, so that a run takes longer than to find and press a button."""
EXECUTORS = [*CHUNKS]


def long_run(show: Callable[..., Notebook], executor: str) -> Notebook:
    """Show a notebook whose run goes on for a while, and wait until it has saved something."""
    chunk = CHUNKS[executor]
    cells = [each.format(name=executor, executor=executor, chunk=chunk) for each in (BEGIN, RUN)]
    notebook = show(f"{executor}.ipynb", *cells, COUNT)
    notebook.begin_all()
    saved = notebook.lab.notebooks / f"{executor}-out"
    assert until(lambda: any(saved.rglob("*ledger*")), CELL_S)
    time.sleep(2)
    return notebook


def workers(lab: Lab) -> list[str]:
    """Find processes below the kernels, other than those that count shared memory."""
    commands = [" ".join(process.cmdline()) for process in lab.processes()]
    below = [each for each in commands if "ipykernel" not in each]
    return [each for each in below if "resource_tracker" not in each]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_stop_tells_what_was_kept_and_the_next_run_goes_on(
    lab: Lab, show: Callable[..., Notebook], executor: str
) -> None:
    notebook = long_run(show, executor)
    notebook.stop()
    notebook.wait_until_idle(CELL_S)
    stopped, error = notebook.save().cells[1].outputs[-1], notebook.output(1).inner_text()
    assert stopped.output_type == "error"
    counts = re.findall(r"Stopped at ([\d,]+) of 40,000 events", error)
    assert len(counts) == 1
    assert 0 < int(counts[0].replace(",", "")) < 40_000
    assert f"{executor}-out" in error
    assert "resume=True" in error
    assert len(error.strip().splitlines()) <= LONGEST_ERROR
    assert until(lambda: not workers(lab), 240)

    notebook.run_all()
    assert "counted 40000" in notebook.output(2).inner_text()


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_restart_leaves_no_worker(lab: Lab, show: Callable[..., Notebook], executor: str) -> None:
    notebook = long_run(show, executor)
    notebook.restart()
    assert until(lambda: not workers(lab), 240)


EXPLORE = """\
import dtperf
from dtperf.synthetic import Settings, generate
files = generate(Settings(events=20_000), "{name}").directory
"""
APP = 'app = dtperf.explore(files, "reference_2023")\napp'
WIDTHS = [600, 1000, 1500, 1900]
CUT_OFF = """root => [...root.querySelectorAll('.dt-label, .dt-heading, .dt-without, td, th')]
    .filter(each => getComputedStyle(each).display !== 'inline')
    .filter(each => each.scrollWidth > each.clientWidth + 1)
    .map(each => each.textContent)"""
TOO_WIDE = "root => root.scrollWidth - root.clientWidth"


def test_sliders_move_and_are_there_without_a_kernel(
    lab: Lab, show: Callable[..., Notebook], page: Any
) -> None:
    notebook = show("explore.ipynb", EXPLORE.format(name="moved"), APP)
    notebook.run_all()
    table = page.locator(".dt-explore .dt-table tbody")
    before = table.inner_text()
    slider = page.locator(".dt-cut", has_text="pT").first.locator("input[type=range]")
    slider.focus()
    for _ in range(4):
        slider.press("ArrowRight")
    assert until(lambda: table.inner_text() != before, 240)
    python = page.locator(".dt-commands pre").first.inner_text()
    assert python.startswith("dtperf.run(")

    page.wait_for_timeout(2500)  # the saved output follows cuts that rest
    after = table.inner_text()
    saved = notebook.save().cells[1].outputs
    html = "".join(each.data.get("text/html", "") for each in saved if "data" in each)
    text = "".join(each.data.get("text/plain", "") for each in saved if "data" in each)
    [passed] = re.findall(r"[\d,]+ / [\d,]+", after.replace("\xa0", " "))[:1]
    assert passed in html.replace("\xa0", " ")
    assert passed in text.replace("\xa0", " ")
    assert html.count("title='MB") == 250

    again = Notebook(lab, page, "explore.ipynb").open(kernel=False)
    assert passed in again.output(1).inner_text().replace("\xa0", " ")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_nothing_is_cut_off_in_a_window_of_any_width(
    show: Callable[..., Notebook], page: Any, theme: str
) -> None:
    notebook = show("widths.ipynb", EXPLORE.format(name=theme), APP)
    notebook.command("apputils:change-theme", theme=theme)
    notebook.command("application:toggle-left-area")
    notebook.run_all()
    app = page.locator(".dt-explore")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(300)
        assert app.evaluate(TOO_WIDE) <= 1, width
        assert app.evaluate(CUT_OFF) == [], width
    notebook.command("apputils:change-theme", theme="JupyterLab Light")


def test_figures_show_as_those_of_pyplot(show: Callable[..., Notebook]) -> None:
    draw = """\
from dtperf import plot
result = dtperf.run("reference_2023", files)
for name in ("efficiency_vs_pt", "chambers"):
    plot.figure(result, name)
"""
    zoom = '%matplotlib widget\nplot.figure(result, "efficiency_vs_pt");'
    notebook = show("figures.ipynb", EXPLORE.format(name="drawn"), draw, zoom)
    notebook.run_all()
    assert notebook.output(1).locator("img").count() == 2
    canvas = notebook.output(2).locator(".jupyter-matplotlib canvas").first
    canvas.wait_for()
    assert notebook.output(2).locator('button[title*="Zoom"]').count() == 1
