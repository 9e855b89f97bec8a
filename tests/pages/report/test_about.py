"""The first lines of a page: whose events, which runs, recorded when, measured by whom."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dtperf.pages.report import render, render_comparison
from dtperf.pages.report.about import about, warning
from dtperf.results.event_sample import EventSample, SourceFile
from dtperf.results.origin import EventOrigin
from dtperf.results.result import Result
from tests.helpers.ledgers import row
from tests.pages.report.samples import RUNS, measured

JOBS = (
    {"begin": "2026-01-02T10:00:00+00:00", "user": "ada", "host": "lxplus1"},
    {"begin": "2026-01-04T10:00:00+00:00", "user": "ada", "host": "lxplus2"},
)


def of(**events: int) -> Result:
    origin = EventOrigin(events, dict.fromkeys(RUNS, ((1, 2),)))
    return replace(measured(title="mine"), origin=origin, jobs=JOBS)


def test_what_is_known() -> None:
    found = dict(about(of(data=10)))
    assert found["source"] == "CMS data"
    assert found["runs"] == f"3 runs, {RUNS[0]} to {RUNS[-1]}"
    assert found["energy"] == "13.6 TeV"
    assert found["read"] == "10 events of 1 file, 5 pairs"
    assert found["dataset"] == "a.root"
    assert found["measured"] == "2026-01-02 to 2026-01-04 by ada@lxplus1, ada@lxplus2"
    assert found["analysis"] == "the same as reference_2023"  # whatever its title is
    assert not {"recorded", "luminosity"} & found.keys()


def test_datasets_come_before_names_of_files() -> None:
    numbers = {name: np.array([1], np.uint32) for name in ("run", "luminosityBlock", "event")}
    sample = EventSample.of(numbers, SourceFile("u", "/Muon0/Run2023C/NANO"))
    assert dict(about(replace(of(data=10), event_sample=sample)))["dataset"] == (
        "/Muon0/Run2023C/NANO"
    )


def test_several_files_by_what_their_names_share() -> None:
    result = of(data=10)
    rows = [*result.ledger, row("another.root", 0, 10)]
    found = dict(about(replace(result, ledger=type(result.ledger)(rows))))
    assert found["dataset"] == "a…"


def test_luminosity_and_dates_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "lumi.csv"
    path.write_text(
        "#run:fill,time,nls,ncms,delivered(/fb),recorded(/fb)\n"
        f"{RUNS[0]}:1,05/12/23 02:01:15,3,3,2.0,1.5\n"
        f"{RUNS[1]}:2,05/14/23 02:01:15,3,3,2.0,1.0\n"
    )
    found = dict(about(of(data=10).labelled(luminosity=path)))
    assert found["recorded"] == "2023-05-12 to 2023-05-14"
    assert found["luminosity"].startswith(f"2.50 fb⁻¹; it lacks run {RUNS[2]}; whole runs")
    path.write_text(path.read_text().replace("3670", "3680").replace("3671", "3681"))
    found = dict(about(of(data=10).labelled(luminosity=path)))
    assert found["luminosity"] == "not known: the table has nothing of these runs"
    assert "recorded" not in found


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ({"simulation": 1}, "Simulation: "),
        ({"synthetic": 1}, "Synthetic events, made by dtperf"),
        ({"data": 1, "synthetic": 1}, "Data and synthetic events together"),
    ],
)
def test_what_is_no_data_is_marked_on_the_page(events: dict[str, int], words: str) -> None:
    assert words in render(of(**events), ())
    assert words in render_comparison(of(data=1), of(**events), ("before", "now"))


def test_data_and_what_is_not_known_are_not_marked() -> None:
    assert warning(of(data=1)) == warning(of()) == ""
    assert "Simulation" not in render(of(data=1), ())
