"""What a skim does to the directory that it is made in, and to what was there before."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

import dtperf
from dtperf import Analysis
from dtperf.execution.runner import Progress
from dtperf.skim import skim
from dtperf.skim.parts import PackedChunk
from tests.helpers.golden import GOLDEN
from tests.skim.samples import assert_same, measured

CONFIG = dtperf.load_config("reference_2023", ["run.chunksize=500"])


class Stop(Exception):
    """What ends a run early."""


def stop(progress: Progress) -> None:
    if progress.stage == "measuring" and progress.done > 2000:
        raise Stop


@pytest.mark.parametrize("force", [False, True])
def test_files_of_others_are_left_alone(tmp_path: Path, force: bool) -> None:
    (tmp_path / "events").mkdir()
    (tmp_path / "events/mine.root").write_text("the work of a year")
    with pytest.raises(dtperf.ConfigError, match=r"mine\.root: is no part of a skim; name another"):
        skim(CONFIG, GOLDEN, out=tmp_path, force=force)
    dtperf.run(CONFIG, GOLDEN, out=tmp_path, force=True)
    assert (tmp_path / "events/mine.root").read_text() == "the work of a year"


def test_a_file_in_the_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "blocks").write_text("mine")
    with pytest.raises(dtperf.ConfigError, match=r"blocks: is a file; name another directory"):
        skim(CONFIG, GOLDEN, out=tmp_path)
    assert (tmp_path / "blocks").read_text() == "mine"


def test_what_file_systems_leave_is_no_harm(tmp_path: Path) -> None:
    out = tmp_path / "skim"
    skim(CONFIG, GOLDEN, out=out)
    (out / "events/.nfs000000000001").touch()
    (out / "blocks/.snapshot").mkdir()
    skim(CONFIG, GOLDEN, out=out, resume=True)
    assert Analysis(out).events == 4000
    skim(CONFIG, GOLDEN, out=out, force=True)
    assert Analysis(out).events == 4000


def test_a_run_does_not_go_on_with_a_skim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dtperf.execution.checkpoint.SHORTEST_S", 0.0)
    out = tmp_path / "out"
    with pytest.raises(Stop):
        skim(CONFIG, GOLDEN, out=out, on_progress=stop)
    with pytest.raises(
        dtperf.ConfigError, match=r"is a skim, which `skim` goes on with .resume=True"
    ):
        dtperf.run(CONFIG, GOLDEN, out=out, resume=True)
    skim(CONFIG, GOLDEN, out=out, resume=True)
    assert_same(Analysis(out).with_cuts(), measured(CONFIG, GOLDEN))


def test_a_skim_does_not_go_on_with_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dtperf.execution.checkpoint.SHORTEST_S", 0.0)
    out = tmp_path / "out"
    with pytest.raises(Stop):
        dtperf.run(CONFIG, GOLDEN, out=out, on_progress=stop)

    def measuring(progress: Progress) -> None:
        assert progress.stage != "measuring"

    with pytest.raises(dtperf.InputError, match=r"measured as a run cannot become a skim"):
        skim(CONFIG, GOLDEN, out=out, resume=True, on_progress=measuring)
    # it is as it was
    dtperf.run(CONFIG, GOLDEN, out=out, resume=True)


def test_a_worker_that_may_not_write_sends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, refused = PackedChunk.write, []

    def sometimes(part: PackedChunk, out: Path) -> None:
        if part.name not in refused:
            refused.append(part.name)
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        write(part, out)

    monkeypatch.setattr(PackedChunk, "write", sometimes)
    skim(CONFIG, GOLDEN, out=tmp_path / "skim")
    assert len(refused) == 8
    assert_same(Analysis(tmp_path / "skim").with_cuts(), measured(CONFIG, GOLDEN))


def test_a_full_disk_is_told_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dtperf.execution.checkpoint.SHORTEST_S", 0.0)
    out, written = tmp_path / "skim", []

    def full(part: PackedChunk, where: Path) -> Any:
        if len(written) > 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(part)
        return write(part, where)

    write = PackedChunk.write
    with monkeypatch.context() as patch:
        patch.setattr(PackedChunk, "write", full)
        with pytest.raises(dtperf.DtperfError, match=r"cannot be written: No space left on device"):
            skim(CONFIG, GOLDEN, out=out)
    skim(CONFIG, GOLDEN, out=out, resume=True)
    assert_same(Analysis(out).with_cuts(), measured(CONFIG, GOLDEN))
