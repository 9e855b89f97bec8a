"""From files to a skim: whatever happens on the way, nothing is lost or counted twice."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import dtperf
from dtperf import Analysis
from dtperf.execution.runner import Progress
from dtperf.skim import load_skim, skim
from dtperf.skim.folders import TOKEN
from tests.helpers.golden import GOLDEN
from tests.helpers.runs import pieces
from tests.skim.samples import assert_same, measured

CUTS = {"selection.probe.min_pt": 28.0, "selection.passing.max_dx": 4.0}


def config(**run: Any) -> dtperf.AnalysisConfig:
    return dtperf.load_config(
        "reference_2023", [f"run.{key}={value}" for key, value in run.items()]
    )


def tighter(base: dtperf.AnalysisConfig) -> dtperf.AnalysisConfig:
    return dtperf.load_config(base, [f"{key}={value}" for key, value in CUTS.items()])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    pieces(GOLDEN, folder, [0, 900, 1700, 3100])
    return folder


@pytest.mark.parametrize("executor", ["futures", "iterative"])
def test_workers_here_and_elsewhere(
    executor: str, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if executor == "iterative":  # as on workers elsewhere, which send what they keep
        monkeypatch.setattr("dtperf.skim.make.begin", _with_another_token)
    chosen = config(executor=executor, workers=2, chunksize=600)
    here = config(chunksize=600)
    assert_same(skim(chosen, files, out=tmp_path / "skim"), measured(here, files))
    assert_same(Analysis(tmp_path / "skim").with_cuts(CUTS), measured(tighter(here), files))
    assert not (tmp_path / "skim" / TOKEN).exists()


def _with_another_token(out: Path, *, is_new: bool) -> str:
    from dtperf.skim.folders import begin

    begin(out, is_new=is_new)
    return "of another directory"


class Stop(Exception):
    """What ends a run early."""


def test_ended_early_and_resumed(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dtperf.execution.checkpoint.SHORTEST_S", 0.0)
    chosen, out = config(chunksize=250), tmp_path / "skim"

    def stop(progress: Progress) -> None:
        if progress.stage == "measuring" and progress.done > 2000:
            raise Stop

    with pytest.raises(Stop):
        skim(chosen, files, out=out, on_progress=stop)
    # a chunk that was written, but whose end nobody saw
    left = next((out / "blocks").iterdir()).name
    uuid = left[:36]
    for folder in ("events", "blocks"):
        (out / folder / f"{uuid}-1-3.arrow").write_bytes(b"of no use")
    for source in (lambda: Analysis(out), lambda: dtperf.run(chosen, out)):
        with pytest.raises(dtperf.InputError, match=r"unfinished skim: .* with resume=True"):
            source()
    with pytest.raises(dtperf.ConfigError, match="resume=True"):
        skim(chosen, files, out=out)
    done = skim(chosen, files, out=out, resume=True)
    assert_same(done, measured(chosen, files))
    assert len(done.jobs) == 2
    assert_same(Analysis(out).with_cuts(CUTS), measured(tighter(chosen), files))
    assert len([*(out / "events").iterdir()]) == len(done.ledger) == len(load_skim(out).parts)


def test_a_broken_file_is_skipped_and_read_later(files: Path, tmp_path: Path) -> None:
    for path in files.iterdir():
        shutil.copy(path, tmp_path)
    broken = sorted(tmp_path.glob("*.root"))[1]
    whole = broken.read_bytes()
    broken.write_bytes(whole[: len(whole) // 2])
    chosen, out = config(on_error="skip", retries=0), tmp_path / "skim"
    first = skim(chosen, tmp_path, out=out)
    assert first.skipped_files == 1
    again = Analysis(out).with_cuts(CUTS)
    assert again.ledger == first.ledger
    assert {row.file for row in again.ledger if row.status == "skipped"} == {str(broken)}
    assert_same(again, measured(tighter(chosen), [*tmp_path.glob("*.root")]))
    broken.write_bytes(whole)
    assert not skim(chosen, tmp_path, out=out, resume=True).skipped_files
    there = sorted(tmp_path.glob("*.root"))
    assert_same(Analysis(out).with_cuts(CUTS), measured(tighter(chosen), there))


def test_nothing_stays_of_a_skim_that_cannot_begin(tmp_path: Path) -> None:
    (tmp_path / "a.root").write_bytes(b"root of all")
    with pytest.raises(dtperf.InputError):
        skim(config(retries=0), tmp_path / "a.root", out=tmp_path / "skim")
    assert not (tmp_path / "skim").exists()


def test_replaced_with_force(files: Path, tmp_path: Path) -> None:
    out, first = tmp_path / "skim", min(files.iterdir())
    skim(config(), first, out=out)
    with pytest.raises(dtperf.ConfigError, match="force=True"):
        skim(config(), files, out=out)
    skim(config(), files, out=out, force=True)
    assert Analysis(out).events == 4000
    # a plain run in the same place leaves no skim
    run = dtperf.run(config(chunksize=200), first, out=out, force=True)
    assert not {"events", "blocks", "skim.json", "blocks.parquet"} & {p.name for p in out.iterdir()}
    assert Analysis(out).with_cuts().by_chamber() == run.by_chamber()


def test_what_a_run_on_a_skim_leaves(files: Path, tmp_path: Path) -> None:
    chosen = config(chunksize=700)
    made = skim(chosen, files, out=tmp_path / "skim")
    result = dtperf.run(tighter(chosen), tmp_path / "skim", out=tmp_path / "out")
    assert_same(dtperf.Result.load(tmp_path / "out"), measured(tighter(chosen), files))
    assert result.ledger == made.ledger
    with pytest.raises(dtperf.InputError, match="count twice"):
        result + measured(tighter(chosen), files)
    # of other files, it adds up
    parts = [tmp_path / "one", tmp_path / "two"]
    first, *others = sorted(files.iterdir())
    skim(chosen, first, out=parts[0])
    skim(chosen, others, out=parts[1])
    one, two = (dtperf.run(tighter(chosen), part) for part in parts)
    assert_same(one + two, measured(tighter(chosen), files))


def test_options_that_make_no_sense(files: Path, tmp_path: Path) -> None:
    skim(config(), files, out=tmp_path / "skim")
    with pytest.raises(dtperf.ConfigError, match="resume: not with a skim"):
        dtperf.run(config(), tmp_path / "skim", out=tmp_path / "out", resume=True)
    with pytest.raises(dtperf.ConfigError, match="measured alone"):
        dtperf.run(config(), [tmp_path / "skim", GOLDEN])
    with pytest.raises(dtperf.ConfigError, match="is the skim"):
        dtperf.run(config(), tmp_path / "skim", out=tmp_path / "skim")


def test_the_first_events(files: Path, tmp_path: Path) -> None:
    skim(config(chunksize=500), files, out=tmp_path / "skim")
    part = Analysis(tmp_path / "skim", limit_events=1000)
    assert 0 < part.events <= 1000
    assert not part.is_whole
    assert part.loaded.startswith(f"only the first {part.events:,} of 4,000 events, from ")
    found = part.with_cuts()
    assert found.totals["events"] == part.events == found.ledger.events("read")
    assert Analysis(tmp_path / "skim").loaded.startswith("all 4,000 events of 4 files (")
