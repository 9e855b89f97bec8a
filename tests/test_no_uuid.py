"""Files whose UUID is all zeros: no event twice, none forgotten."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from uuid import UUID

import pytest

import dtperf
from dtperf import filesets
from dtperf.config import AnalysisConfig
from dtperf.errors import InputError
from dtperf.execution.checkpoint import missing_in
from dtperf.results.result import Result
from tests.helpers.golden import GOLDEN
from tests.helpers.runs import assert_same, with_run
from tests.nanoaod.files import read_arrays, without_uuid, write_like

ZERO = UUID(int=0)
EVENTS = 60


@pytest.fixture(params=["ttree", "rntuple"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> list[Path]:
    """Three files with the same number of events, of which none has a UUID."""
    arrays, found = read_arrays(GOLDEN), []
    for start in range(0, 3 * EVENTS, EVENTS):
        piece = {name: values[start : start + EVENTS] for name, values in arrays.items()}
        path = write_like(piece, tmp_path / f"{start}.root", format=request.param)
        found.append(without_uuid(path))
    return found


@pytest.fixture
def whole(tmp_path: Path, reference_config: AnalysisConfig) -> Result:
    """The same events in one file that has a UUID."""
    path = write_like(read_arrays(GOLDEN, 3 * EVENTS), tmp_path / "whole" / "x.root")
    return dtperf.run(reference_config, path)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()


def test_together_resumed_and_merged(
    files: list[Path], whole: Result, reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    config, out = with_run(reference_config, chunksize=25), tmp_path / "out"
    assert_same(dtperf.run(config, files), whole)
    for limit in (2, 3, None):
        dtperf.run(config, files, out=out, resume=True, limit_chunks=limit)
    resumed = Result.load(out)
    assert_same(resumed, whole)
    assert resumed.ledger.events("read") == 3 * EVENTS
    assert len({row.uuid for row in resumed.ledger}) == 3
    parts = [dtperf.run(config, file) for file in files]
    assert_same(parts[0] + parts[1] + parts[2], whole)


def test_a_copy_counts_once(
    files: list[Path], reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    copy = shutil.copy(files[0], tmp_path / "whole" / "copy.root")
    with pytest.raises(InputError, match="are copies of one file"):
        dtperf.run(reference_config, [*files, copy])
    with pytest.raises(InputError, match="would count twice"):
        dtperf.run(reference_config, files[0]) + dtperf.run(reference_config, copy)


def test_another_file_in_the_place_of_one(
    files: list[Path], reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    config, out = with_run(reference_config, chunksize=25), tmp_path / "out"
    dtperf.run(config, files[:1], out=out, limit_chunks=1)
    shutil.copy(files[1], files[0])
    with pytest.raises(InputError, match="was replaced since it was measured"):
        dtperf.run(config, files[:1], out=out, resume=True)
    built = filesets.build(files[1])
    shutil.copy(files[2], files[1])
    with pytest.raises(InputError, match=r"was (replaced|changed) after it was checked") as error:
        dtperf.run(config, built)
    assert error.value.cause == "changed"


def test_zeros_in_a_fileset_say_nothing(
    files: list[Path], whole: Result, reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    # as coffea's preprocess writes it, and with the size
    entry = {"object_path": "Events", "num_entries": EVENTS, "uuid": str(ZERO)}
    known = {str(path): {**entry, "bytes": path.stat().st_size} for path in files}
    (tmp_path / "files.json").write_text(json.dumps({"d": {"files": known}}))
    read = [*filesets.read(tmp_path / "files.json")]
    assert {file.uuid for file in read} == {None}
    assert len(filesets.join(read, read[:1])) == 3
    assert_same(dtperf.run(reference_config, tmp_path / "files.json"), whole)
    named = [file._replace(uuid=ZERO) for file in read]
    assert {file.uuid for file in filesets.resolve(named)} == {None}
    assert_same(dtperf.run(reference_config, named), whole)


def test_filesets_know_what_was_moved_joined_and_missing(
    files: list[Path], reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    built = filesets.build(files)
    assert len({file.uuid for file in built}) == 3
    moved = shutil.move(files[2], tmp_path / "whole" / "moved.root")
    again = filesets.build([*files[:2], moved])
    found = filesets.diff(built, again)
    assert [(a.path, b.path) for a, b in found.moved] == [(str(files[2]), str(moved))]
    assert (found.only_a, found.only_b, found.changed) == ([], [], [])
    joined = filesets.join(built, again)
    assert [file.replicas for file in joined] == [(), (), (str(moved),)]
    out, config = tmp_path / "out", with_run(reference_config, chunksize=25)
    dtperf.run(config, joined, out=out, limit_chunks=4)
    left = missing_in(out)
    assert sum(file.events for file in left) == 3 * EVENTS - dtperf.Result.load(out).ledger.events(
        "read"
    )


def test_a_skim_of_them(
    files: list[Path], whole: Result, reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    config = with_run(reference_config, chunksize=25)
    dtperf.skim.skim(config, files, out=tmp_path / "skim", limit_chunks=3)
    dtperf.skim.skim(config, files, out=tmp_path / "skim", resume=True)
    assert_same(dtperf.run(config, tmp_path / "skim"), whole)
