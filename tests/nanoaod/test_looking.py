"""A file that was looked at is opened once, unless it is another by then."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dtperf
from dtperf.errors import InputError
from dtperf.nanoaod import open_files
from dtperf.nanoaod.looking import MOST, forget_looked_at, looking_at, take_looked_at
from dtperf.nanoaod.sources import LocalSource
from dtperf.results.result import Result
from tests.helpers.golden import GOLDEN
from tests.helpers.runs import assert_same

OTHER = Path(__file__).parents[1] / "data/snapshot_ttree.root"


@pytest.fixture(autouse=True)
def nothing_open() -> Iterator[None]:
    forget_looked_at()
    open_files.close_all()
    yield
    forget_looked_at()
    open_files.close_all()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were opened."""
    names: list[str] = []
    begin = LocalSource.__init__

    def noted(self: LocalSource, file_path: str, **options: Any) -> None:
        names.append(file_path)
        begin(self, file_path, **options)

    monkeypatch.setattr(LocalSource, "__init__", noted)
    return names


def look(path: Path, keep: bool = True, **known: Any) -> Any:
    with looking_at(str(path), "Events", 60, known=known, keep=keep) as tree:
        return tree.file


def test_a_run_opens_a_file_once(opened: list[str], golden_result: Result) -> None:
    result = dtperf.run("reference_2023", GOLDEN)
    assert opened == [str(GOLDEN)]
    assert_same(result, golden_result)
    again = dtperf.run("reference_2023", GOLDEN)  # it is still open
    assert opened == [str(GOLDEN)]
    assert_same(again, golden_result)


def test_a_file_that_takes_the_place_of_one_that_is_open_is_read(tmp_path: Path) -> None:
    path, new = tmp_path / "a.root", tmp_path / "b.root"
    shutil.copy(GOLDEN, path)
    shutil.copy(OTHER, new)
    before = dtperf.run("reference_2023", path)
    new.replace(path)
    result = dtperf.run("reference_2023", path)
    assert result.totals["events"] == 400 < before.totals["events"]


def test_what_was_looked_at_is_taken_once() -> None:
    file = look(GOLDEN)
    assert take_looked_at(str(GOLDEN)).file is file
    assert not file.closed
    assert take_looked_at(str(GOLDEN)) is None
    file.close()


@pytest.mark.parametrize("how", ["replaced", "written to", "removed"])
def test_what_is_another_by_then_is_closed_and_not_taken(how: str, tmp_path: Path) -> None:
    path = tmp_path / "a.root"
    shutil.copy(GOLDEN, path)
    file = look(path)
    if how == "replaced":
        shutil.copy2(path, tmp_path / "b.root")  # with its time
        (tmp_path / "b.root").replace(path)
    elif how == "written to":
        with path.open("ab") as stream:
            stream.write(b"x")
    else:
        path.unlink()
    assert take_looked_at(str(path)) is None
    assert file.closed


def test_what_is_not_to_be_read_is_closed(tmp_path: Path) -> None:
    assert look(GOLDEN, keep=False).closed
    with pytest.raises(InputError), looking_at(str(GOLDEN), "Other", 60, known={}, keep=True):
        pass
    with (
        pytest.raises(InputError),
        looking_at(str(GOLDEN), "Events", 60, known={}, keep=True) as tree,
    ):
        raise InputError("lacks a branch", "missing-branch")
    assert tree.file.closed
    assert take_looked_at(str(GOLDEN)) is None
    files = []
    for number in range(MOST + 2):
        shutil.copy(OTHER, tmp_path / f"{number}.root")
        files.append(look(tmp_path / f"{number}.root"))
    assert sum(not file.closed for file in files) == MOST
    forget_looked_at()
    assert all(file.closed for file in files)
