"""Files that their job never closed can be read as far as it saved them, and a user is told."""

from __future__ import annotations

from pathlib import Path

import pytest

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.nanoaod.inspect import inspect_file
from dtperf.nanoaod.open import open_tree, unfinished
from tests.cli.commands import call
from tests.helpers.golden import DATA, GOLDEN, GOLDEN_RNTUPLE
from tests.helpers.runs import assert_same

NOT_CLOSED = DATA / "not_closed.root"
"""Of ROOT 6.40: AutoSave("SaveSelf;FlushBaskets") after 3,000 entries of one float, _exit after
4,501 and FlushBaskets."""


def told(path: Path) -> str:
    with open_tree(str(path)) as tree:
        return unfinished(tree.file)


def test_a_file_of_root_that_was_not_closed() -> None:
    assert "was not closed, it goes on for 1802 bytes behind its end" in told(NOT_CLOSED)
    summary = inspect_file(str(NOT_CLOSED))
    assert (summary.entries, summary.size_bytes) == (3000, NOT_CLOSED.stat().st_size)


def test_one_that_has_nothing_behind_its_end(tmp_path: Path) -> None:
    content = NOT_CLOSED.read_bytes()
    (tmp_path / "x.root").write_bytes(content[:-1802])
    assert told(tmp_path / "x.root").startswith("was not closed: ")


@pytest.mark.parametrize("path", [GOLDEN, GOLDEN_RNTUPLE])
def test_closed_files(path: Path) -> None:
    assert told(path) == ""


@pytest.fixture
def longer(tmp_path: Path) -> Path:
    path = tmp_path / "longer.root"
    path.write_bytes(GOLDEN.read_bytes() + bytes(1000))
    return path


def test_the_ledger_tells_of_it(
    longer: Path, tmp_path: Path, reference_config: AnalysisConfig
) -> None:
    result = dtperf.run(reference_config, longer, out=tmp_path / "out")
    assert_same(result, dtperf.run(reference_config, GOLDEN))
    [(file, remark)] = dtperf.Result.load(tmp_path / "out").remarks.items()
    assert file == str(longer)
    assert "1000 bytes behind its end" in remark


def test_commands_tell_of_it(
    longer: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert "was not closed" in call(monkeypatch, capfd, "inspect", longer).out
    fileset = tmp_path / "f.json.gz"
    done = call(monkeypatch, capfd, "fileset", "build", longer, "-o", fileset)
    assert (done.code, "longer.root: was not closed" in done.err) == (0, True)
    # of a fileset, nobody but the worker opens the file
    done = call(monkeypatch, capfd, "run", "reference_2023", fileset, "-o", tmp_path / "out")
    assert (done.code, "longer.root: was not closed" in done.out) == (0, True)
