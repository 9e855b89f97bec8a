"""A user's processor in a run: found, sent to any worker, and its counts kept beside ours."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import awkward as ak
import pytest
from coffea.processor import FuturesExecutor, IterativeExecutor, Runner

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.errors import ConfigError
from dtperf.execution.processor_class import load_class
from dtperf.execution.runner import Progress
from dtperf.nanoaod import MuonDPGSchema
from dtperf.results.result import Result
from tests.cli.commands import call
from tests.helpers.golden import GOLDEN
from tests.helpers.runs import assert_same, with_run
from tests.processors.written import STATIONS, assert_counted, write_processor

N_EVENTS = 4000
BESIDE_OURS = """\
import dtperf


class Beside(dtperf.SegmentEfficiency):
    def process(self, events):
        return super().process(events) | {"events_seen": len(events)}
"""


@pytest.mark.parametrize("executor", ["iterative", "futures", "dask"])
def test_a_file_that_no_worker_has_is_run_on_every_executor(
    executor: str, reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    """Each chunk begins with the processor as it was made, or more events would be seen."""
    path = write_processor(tmp_path)

    def remove(_: Progress) -> None:
        path.unlink(missing_ok=True)

    config = with_run(reference_config, executor=executor, workers=2, chunksize=1000)
    result = dtperf.run(
        config, GOLDEN, processor=f"{path}:Stations", out=tmp_path / "out", on_progress=remove
    )
    assert not path.exists()
    assert_counted(result.extra)
    assert (result.totals["events"], len(result.ledger)) == (N_EVENTS, 4)
    assert not result.counts
    stored = Result.load(tmp_path / "out")
    assert stored.extra == result.extra
    assert [type(each) for each in stored.extra.values()] == [
        type(each) for each in result.extra.values()
    ]


def test_a_package_of_the_working_directory_is_sent_with_its_modules(
    reference_config: AnalysisConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "of_my_own"
    write_processor(package, "", "__init__.py")
    write_processor(package, "def five():\n    return 5\n", "helpers.py")
    text = "\n\nfrom of_my_own.helpers import five\n\nclass Fives(Stations):\n"
    text += "    def process(self, events):\n        return {'fives': five()}\n"
    write_processor(package, STATIONS + text)
    monkeypatch.chdir(tmp_path)
    config = with_run(reference_config, executor="futures", workers=1, chunksize=2000)
    result = dtperf.run(config, GOLDEN, processor="of_my_own.mine:Fives")
    assert result.extra == {"fives": 5 * len(result.ledger)}
    assert str(tmp_path) not in sys.path


def test_what_ours_counts_stays_when_a_class_of_ours_is_extended(
    reference_config: AnalysisConfig, golden_result: Result, tmp_path: Path
) -> None:
    path = write_processor(tmp_path, BESIDE_OURS)
    result = dtperf.run(reference_config, GOLDEN, processor=f"{path}:Beside")
    assert_same(result, golden_result)
    assert result.extra == {"events_seen": N_EVENTS}
    assert golden_result.extra == {}


def test_a_class_and_an_instance_are_taken_as_they_are(
    reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    cls = load_class(f"{write_processor(tmp_path)}:Stations")
    instances = [cls(reference_config) for _ in range(2)]
    instances[1].seen = 7  # type: ignore[attr-defined]
    results = [dtperf.run(reference_config, GOLDEN, processor=p) for p in (cls, *instances)]
    for result in results[:2]:
        assert_counted(result.extra)
    assert results[2].extra["seen"] == N_EVENTS + 7
    assert instances[1].seen == 7  # type: ignore[attr-defined]
    # what an instance was made with can change what it counts
    assert len({result.code for result in results}) == 3


@pytest.mark.parametrize("executor", [IterativeExecutor(), FuturesExecutor(workers=2)])
def test_coffeas_own_runner_counts_the_same(
    executor: Any, reference_config: AnalysisConfig, golden_result: Result, tmp_path: Path
) -> None:
    runner = Runner(executor=executor, schema=MuonDPGSchema, chunksize=1500)
    files = {"golden": {"files": {str(GOLDEN): "Events"}}}
    ours = runner(files, processor_instance=dtperf.SegmentEfficiency(reference_config))
    assert ours["totals"].items() <= golden_result.totals.items()
    for name, counts in golden_result.counts.items():
        summed = ours["histograms"][name]
        assert summed.sum(flow=True) == counts.sum(flow=True), name
        if not any(axis.traits.growth for axis in counts.axes):
            assert summed == counts, name
    theirs = load_class("segment_angles:SegmentAngles")
    mine = runner(files, processor_instance=theirs(reference_config))
    extra = dtperf.run(reference_config, GOLDEN, processor=theirs).extra
    assert mine["phi_view"]["angle"] == extra["phi_view/angle"]
    assert mine["phi_view"]["hits"] == extra["phi_view/hits"]
    assert mine["segments"] == extra["segments"]


def test_the_config_names_it_from_where_the_config_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_processor(tmp_path / "mine")
    config = tmp_path / "mine/analysis.yaml"
    config.write_text("processor: mine.py:Stations\n")
    monkeypatch.chdir(tmp_path)
    loaded = dtperf.load_config("mine/analysis.yaml")
    monkeypatch.chdir(tmp_path.parent)
    assert_counted(dtperf.run(loaded, GOLDEN).extra)
    # its source is told apart by the code, not by the place where it lies
    assert loaded.hash == dtperf.load_config({}).hash


def test_the_command_names_it_from_where_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    write_processor(tmp_path / "processors")
    monkeypatch.chdir(tmp_path)
    run = ["run", "reference_2023", GOLDEN, "-o", "out"]
    done = call(monkeypatch, capfd, *run, "--processor", "processors/mine.py:Stations")
    assert done.code == 0, done.err
    assert "segments/by_station: 50,026 entries" in done.out
    assert "seen: 4,000" in done.out
    assert "No pair was selected" not in done.out
    assert_counted(Result.load(tmp_path / "out").extra)
    again = call(monkeypatch, capfd, *run, "--force", "--processor", "processors/mine.py:Station")
    assert again.code == 2
    assert "has no class 'Station'; did you mean 'Stations'" in again.err


def test_a_skim_is_made_and_measured_by_the_packaged_one_only(
    reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    path = f"{write_processor(tmp_path)}:Stations"
    named = reference_config.model_copy(update={"processor": path})
    with pytest.raises(ConfigError, match="processor: a skim keeps"):
        dtperf.skim.skim(named, GOLDEN, out=tmp_path / "skim")
    dtperf.skim.skim(reference_config, GOLDEN, out=tmp_path / "skim", limit_chunks=1)
    with pytest.raises(ConfigError, match="processor: not with a skim"):
        dtperf.run(reference_config, tmp_path / "skim", processor=path)
    for source in (tmp_path / "skim", GOLDEN):
        with pytest.raises(ConfigError, match="cannot be counted again"):
            dtperf.Analysis(source, named)


def test_the_second_processor_counts_what_a_plain_loop_counts(
    reference_config: AnalysisConfig,
) -> None:
    from math import atan, degrees

    import uproot

    extra = dtperf.run(reference_config, GOLDEN, processor="segment_angles:SegmentAngles").extra
    names = ("wheel", "station", "seg4D_hasPhi", "seg4D_dirLoc_x", "seg4D_dirLoc_z")
    names = (*names, "seg2D_phi_nHits")
    with uproot.open(GOLDEN) as file:
        columns = [ak.flatten(file[f"Events/dtSegment_{name}"].array()).tolist() for name in names]
    angles: dict[tuple[int, int, int], int] = {}
    hits: dict[tuple[int, int], int] = {}
    for wheel, station, has_phi, x, z, n in zip(*columns, strict=True):
        if has_phi:
            angle = degrees(atan(x / z))
            place = (wheel, station, int((angle + 90) // 2))
            angles[place] = angles.get(place, 0) + 1
            hits[station, n] = hits.get((station, n), 0) + 1
    view = extra["phi_view/angle"].values()
    # an angle on the edge of a bin is rounded differently in single precision
    off = {p for p in angles if view[p[0] + 2, p[1] - 1, p[2]] != angles[p]}
    assert len(off) <= len(angles) // 100
    assert view.sum() == sum(angles.values()) == extra["phi_view/segments"]
    counted = extra["phi_view/hits"].values()
    assert {(s, n): counted[s - 1, n] for s, n in hits} == hits
    assert extra["segments"] == len(columns[0])
