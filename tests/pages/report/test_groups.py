"""Groups of measurements on a page: numbers first, pictures when somebody opens them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dtperf.detector import chambers
from dtperf.diagnostics.flags import OF_GROUPS, flag
from dtperf.measurements.groups import GROUPS, KNOWN
from dtperf.pages.report import render, verdict, write
from dtperf.pages.report.group_numbers import numbers_of
from dtperf.pages.report.groups import drawn_on_demand, sections
from dtperf.results.result import Result
from tests.diagnostics.flags.group_toys import group_toy
from tests.helpers.browser import chromium
from tests.pages.report.samples import measured
from tests.plot.test_groups import cells, residuals

ILL = {("MB3 W0 S6", "bx"): 1, ("MB1 W-1 S4", "rolls"): 0.7}
PICTURE = '[data-picture="bx_twinmux_in_by_chamber"]'


@cache
def grouped() -> Result:
    toy, base = group_toy(1, ILL), measured(ill={})
    counts = {**base.counts, **toy.counts, **cells(), "hit_residual": residuals()}
    config = toy.config.model_copy(update={"title": "All groups"})
    totals = {**base.totals, "certified": 100_000}
    return replace(base, counts=counts, config=config, totals=totals)


@cache
def page() -> str:
    return render(grouped(), flag(grouped()))


def data_of(text: str) -> Any:
    found = re.search(r'id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_a_page_without_groups_has_nothing_of_them() -> None:
    text = render(measured(), ())
    assert "pictures" not in data_of(text)
    assert "data-picture" not in text
    assert "drawCurve" not in text


@pytest.mark.parametrize("entries", [0, 3])
def test_whatever_a_group_measures_is_drawn(entries: int) -> None:
    counts = {name: KNOWN[name].empty({"run": [1]}) for name in chain(*GROUPS.values())}
    for each in counts.values():
        each.view()[...] = entries
    config = grouped().config
    everything = config.measurements.model_copy(update={"groups": tuple(GROUPS)})
    config = config.model_copy(update={"measurements": everything})
    result = replace(grouped(), counts=counts, config=config)
    drawn = drawn_on_demand(result)
    assert drawn.keys() == counts.keys()
    json.dumps(drawn, allow_nan=False)
    assert [each.name for each in sections(result, ())] == [*GROUPS]


def test_numbers_stand_in_the_page_and_no_picture_does() -> None:
    for name in ("trigger", "cells", "residuals", "timing", "rpc"):
        found = numbers_of(name, grouped())
        assert found is not None
        assert f'id="group-{name}"' in page()
        for line in found.rows:
            assert all(cell in page() for cell in line)
    assert 'id="group-segments"' not in page()  # nothing of it was measured
    without = replace(grouped(), counts=measured(ill={}).counts)
    assert page().count("data:image/png") == render(without, flag(without)).count("data:image/png")
    assert data_of(page())["pictures"].keys() == drawn_on_demand(grouped()).keys()


def test_maps_on_demand_have_the_counts_of_the_result() -> None:
    shown = data_of(page())["pictures"]["trigger_twinmux_in_by_chamber"]["rows"]
    view = np.asarray(grouped().counts["trigger_twinmux_in_by_chamber"].view())
    for chamber, (passed, total, low, high, *_) in zip(chambers(), shown, strict=True):
        failed, want = view[chamber.station - 1, chamber.wheel + 2, chamber.sector - 1]
        assert (passed, total) == (want, failed + want)
        assert low < passed / total < high


def test_headline_numbers() -> None:
    trigger = numbers_of("trigger", grouped())
    assert trigger is not None
    counts = grouped().counts["trigger_twinmux_in_by_chamber"].view()[0].sum(axis=(0, 1))
    assert trigger.rows[0][:1] == ("MB1",)
    assert trigger.rows[0][1].startswith(f"{100 * counts[1] / counts.sum():.2f} +")
    fits = numbers_of("residuals", grouped())
    assert fits is not None
    assert fits.rows[0][1].startswith("240 ± ")
    remarks = numbers_of("cells", grouped())
    assert remarks is not None
    assert "1 dead cell: MB1 W0 S3 SL1 L2 wire 20" in remarks.remarks
    assert "1 noisy cell: MB1 W0 S3 SL1 L3 wire 25" in remarks.remarks
    times = numbers_of("timing", grouped())
    assert times is not None
    assert times.rows[0][2].startswith("54.2")
    assert numbers_of("segments", grouped()) is None


def test_what_is_ill_is_in_verdict_and_section() -> None:
    flags = flag(grouped(), kinds=[kind for kinds in OF_GROUPS.values() for kind in kinds])
    assert {each.kind for each in flags} == {"wrong BX", "RPC low"}
    words = verdict(grouped(), flags)
    assert "MB3 W0 S6: best primitives at BX 0: " in words
    assert "1 dead and 1 noisy cells" in words
    rpc = page().split('id="group-rpc"')[1].split("</section>")[0]
    assert "MB1 W-1 S4" in rpc
    assert "MB3 W0 S6" not in rpc


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    path: Path = tmp_path_factory.mktemp("page") / "report.html"
    write(grouped(), path, flag(grouped()))
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 390, "height": 800})
        page.said = []
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("request", lambda request: page.said.append(request.url))
        page.goto(path.as_uri())
        page.said.clear()
        yield page


def test_a_picture_is_drawn_when_its_fold_is_opened(tab: Any) -> None:
    folds = tab.locator('section[aria-labelledby="group-trigger"] details.picture')
    assert folds.count() > 3
    assert tab.locator(f"{PICTURE} svg").count() == 0
    assert tab.locator('[data-picture="trigger_twinmux_in_by_chamber"] .dt-cell').count() == 250
    tab.locator('section[aria-labelledby="group-trigger"] > details > summary').click()
    tab.locator(f"details.picture:has({PICTURE}) > summary").click()
    tab.locator(f"{PICTURE} svg").wait_for()
    assert tab.locator(f"{PICTURE} .dt-series title").count() == 9
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert tab.said == []
