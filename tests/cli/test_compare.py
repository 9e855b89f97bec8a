"""`dtperf compare` as a user meets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from dtperf.comparison import changes
from dtperf.geometry import chambers
from dtperf.results import Result
from tests.cli.commands import Done, call
from tests.made_results import made
from tests.report.samples import Page
from tests.test_accounting import row

Call = Callable[..., Done]
ILL = 17


@pytest.fixture
def dtperf(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    return partial(call, monkeypatch, capfd)


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


def test_the_chamber_that_has_changed_is_the_only_one_listed(dtperf: Call, tmp_path: Path) -> None:
    a = measured("a", 1, 0.99).save(tmp_path / "a")
    b = measured("b", 2, 0.95, empty=3).save(tmp_path / "b")
    done = dtperf("compare", a, b)
    assert done.code == 0, done.err
    assert "1 of 249 chambers changed" in done.out
    assert "1 chambers have no probe in one of them" in done.out
    [line] = [
        line for line in done.out.splitlines() if line.strip().startswith("MB") and "e-" in line
    ]
    assert line.strip().startswith(chambers()[ILL].name)
    assert "not measured" in done.out  # the acceptance


def test_the_same_chambers_do_not_differ(dtperf: Call, tmp_path: Path) -> None:
    a, b = (measured(name, seed, 0.99).save(tmp_path / name) for seed, name in enumerate("ab"))
    assert "0 of 250 chambers changed" in dtperf("compare", a, b).out


def test_the_same_events_are_told(dtperf: Call, tmp_path: Path) -> None:
    a, b = (measured("a", 1, 0.99).save(tmp_path / name) for name in "ab")
    assert "Both have read 1 of the same files" in dtperf("compare", a, b).out


def test_rows_are_in_order_and_signed() -> None:
    found = changes(measured("a", 1, 0.99), measured("b", 2, 0.95))
    assert [row.p_value for row in found] == sorted(row.p_value for row in found)
    assert found[0].chamber == chambers()[ILL]
    assert found[0].difference == pytest.approx(-0.04, abs=0.015)
    assert (
        found[0].difference
        == -changes(measured("b", 2, 0.95), measured("a", 1, 0.99))[0].difference
    )


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
    assert "1 of 249 chambers changed" in read.text
    assert len(read.rows) == 249
    [change, *_] = changes(Result.load(a), Result.load(b))
    cells = read.rows[chambers()[ILL].name]
    assert cells[5] == f"{100 * change.difference:+.2f}".replace("-", "−")
    assert cells[2] == f"{change.before.passed:,} / {change.before.total:,}"
    rows = {row["name"]: row for row in read.data["rows"]}
    assert rows[chambers()[ILL].name]["value"] == change.difference
    assert rows[chambers()[3].name]["value"] is None
    assert [row["name"] for row in rows.values() if "reason" in row] == [chambers()[ILL].name]
