"""Chunks of several parts, and parts of several cuttings beside each other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from coffea.processor.executor import WorkItem

import dtperf
from dtperf import Analysis
from dtperf.execution.runner import Progress
from dtperf.skim import load_skim, skim
from tests.helpers.golden import GOLDEN
from tests.skim.samples import assert_same, measured

TIGHTER = {"selection.probe.min_pt": 28.0}


def config(chunksize: int, *settings: str) -> dtperf.AnalysisConfig:
    return dtperf.load_config("reference_2023", [f"run.chunksize={chunksize}", *settings])


def in_pieces(size: int) -> Any:
    """Cut chunks as those from a server are cut, which clusters of this file would not allow."""

    def cut(item: WorkItem) -> list[WorkItem]:
        starts = range(item.entrystart, item.entrystop, size)
        return [
            replace(item, entrystart=start, entrystop=min(start + size, item.entrystop))
            for start in starts
        ]

    return cut


class Stop(Exception):
    """What ends a run early."""


@pytest.mark.parametrize(("first", "then"), [((900, 250), (700, 300)), ((300, 300), (4000, 1100))])
def test_gone_on_with_in_other_pieces(
    first: tuple[int, int], then: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dtperf.execution.checkpoint.SHORTEST_S", 0.0)
    out = tmp_path / "skim"

    def stop(progress: Progress) -> None:
        if progress.stage == "measuring" and progress.done > 1000:
            raise Stop

    monkeypatch.setattr("dtperf.execution.chunks._parts", in_pieces(first[1]))
    with pytest.raises(Stop):
        skim(config(first[0]), GOLDEN, out=out, on_progress=stop)
    # parts of a chunk that did not come to its end, of yet another cutting
    names = sorted((path.stem for path in (out / "blocks").iterdir()), key=lambda n: n[37:])
    for name in names[-1:]:
        for folder in ("events", "blocks"):
            (out / folder / f"{name[:36]}-3100-3350.arrow").write_bytes(b"of no use")
    monkeypatch.setattr("dtperf.execution.chunks._parts", in_pieces(then[1]))
    result = skim(config(then[0]), GOLDEN, out=out, resume=True)
    assert_same(Analysis(out).with_cuts(), result)
    found = Analysis(out).with_cuts(TIGHTER)
    run = measured(config(100, "selection.probe.min_pt=28"), GOLDEN)
    assert found.by_chamber() == run.by_chamber()
    assert found.anomalies == run.anomalies
    made = load_skim(out)
    assert len(made.parts) > len(made.ledger) > 1
    ranges = sorted(tuple(map(int, name.split("-")[-2:])) for name in made.parts)
    assert [start for start, _ in ranges] == [0, *(stop for _, stop in ranges[:-1])]
    assert ranges[-1][1] == 4000


def test_the_first_events_of_chunks_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dtperf.execution.chunks._parts", in_pieces(170))
    skim(config(500), GOLDEN, out=tmp_path / "skim")
    part = Analysis(tmp_path / "skim", limit_events=1000)
    assert part.events == part.with_cuts().totals["events"] == 1000
    whole = measured(config(500), GOLDEN)
    assert part.ledger == type(part.ledger)(load_skim(tmp_path / "skim").ledger[:2])
    assert whole.totals["events"] == 4000
