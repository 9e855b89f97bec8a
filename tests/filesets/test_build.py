"""Filesets of which everything is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import uproot

import dtperf
from dtperf.errors import ConfigError, InputError
from dtperf.filesets import InputFile, build, resolve, write
from dtperf.filesets.check import RetryPolicy, UnreadableFile
from tests.helpers.golden import GOLDEN
from tests.helpers.runs import assert_same, with_run
from tests.nanoaod.files import read_arrays, write_like

EVENTS = {"a": 30, "b": 10, "none": 0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three good files and two bad ones."""
    folder = tmp_path_factory.mktemp("files")
    arrays = read_arrays(GOLDEN)
    for name, events in EVENTS.items():
        some = {key: values[:events] for key, values in arrays.items()}
        write_like(some, folder / f"{name}.root", "A" if name == "a" else "B")
    (folder / "bad.root").write_bytes(b"not a ROOT file")
    (folder / "empty.root").touch()
    return folder


def good(folder: Path) -> list[Path]:
    return [folder / f"{name}.root" for name in EVENTS]


def test_what_is_known_of_files(folder: Path) -> None:
    told: list[tuple[int, int]] = []
    files = build(good(folder), on_checked=lambda *counts: told.append(counts))
    assert told == [(1, 3), (2, 3), (3, 3)]
    for file, path, events in zip(files, good(folder), EVENTS.values(), strict=True):
        with uproot.open(path) as opened:
            uuid = UUID(str(opened.file.uuid))
        size = path.stat().st_size
        generation = "A" if path.name == "a.root" else "B"
        place = (str(path.resolve()), "Events", "events")
        assert file == InputFile(*place, uuid, events, size, generation=generation)


def test_a_directory_stops_at_bad_files(folder: Path) -> None:
    with pytest.raises(InputError, match="2 of 5 files cannot be used") as refused:
        build(folder)
    assert "bad.root" in str(refused.value)
    assert "empty.root" in str(refused.value)


def test_bad_files_are_skipped_and_kept(folder: Path) -> None:
    problems: list[UnreadableFile] = []
    files = build(folder, dataset="mine", on_error="skip", on_problem=problems.append)
    assert [Path(file.path).name for file in files] == [
        *("a.root", "b.root", "bad.root", "empty.root", "none.root")
    ]
    assert {file.dataset for file in files} == {"mine"}
    unknown = [file for file in files if not file.is_known]
    assert [problem.error.cause for problem in problems] == ["not-root", "empty"]
    assert [problem.file for problem in problems] == unknown
    assert unknown == [InputFile(file.path, "Events", "mine") for file in unknown]
    with pytest.raises(InputError, match="2 of 2 files"):
        build([folder / "bad.root", folder / "empty.root"], on_error="skip")


def test_copies_are_refused(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.root"
    copy.write_bytes((folder / "a.root").read_bytes())
    for on_error in ("stop", "skip"):
        with pytest.raises(InputError, match="are copies of one file"):
            build([*good(folder), copy], on_error=on_error)


def test_known_files_are_not_opened_again(folder: Path, tmp_path: Path) -> None:
    files = build([folder / "a.root", folder / "b.root"])
    gone = files[0]._replace(path=str(tmp_path / "gone.root"))
    write(tmp_path / "files.json", [gone, files[1]._replace(bytes=None)])
    assert build(tmp_path / "files.json") == [gone, files[1]]
    with pytest.raises(InputError, match=r"b\.root: is not the file that the fileset has"):
        build([files[1]._replace(bytes=None, entries=11)])


def test_replicas_are_tried(folder: Path, tmp_path: Path) -> None:
    gone = InputFile(str(tmp_path / "gone.root"), "Events", replicas=(str(folder / "a.root"),))
    [found] = build([gone], policy=RetryPolicy(retries=0))
    assert found.is_known
    assert (found.path, found.replicas, found.entries) == (gone.path, gone.replicas, 30)


def test_a_run_takes_what_was_built(folder: Path, tmp_path: Path, reference_config: Any) -> None:
    config = with_run(reference_config, doubled_events="allow")  # both have the same
    files = build(good(folder))
    result = dtperf.run(config, files)
    assert_same(result, dtperf.run(config, good(folder)))
    assert result.totals["events"] == 40
    write(tmp_path / "files.json.gz", files)
    assert resolve(tmp_path / "files.json.gz") == files
    assert_same(dtperf.run(config, tmp_path / "files.json.gz"), result)


def test_another_tree_and_no_input(folder: Path) -> None:
    with pytest.raises(InputError, match="Runs"):
        build(folder / "a.root", "Runs")
    with pytest.raises(ConfigError, match="no input"):
        build([])
