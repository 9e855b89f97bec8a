"""`dtperf fileset retry` and `split`: what was left out or divided is measured in the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from dtperf.filesets import resolve
from dtperf.results.result import Result
from tests.cli.commands import Call
from tests.filesets.fixtures import broken_copy, golden_pieces
from tests.helpers.runs import assert_same


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return golden_pieces(tmp_path_factory.mktemp("pieces"))


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return broken_copy(whole, tmp_path / "files")


def mend(folder: Path, whole: Path) -> None:
    (folder / "2200.root").write_bytes((whole / "2200.root").read_bytes())


@pytest.mark.parametrize("is_built", [False, True])
def test_mended_files_are_retried_and_merged(
    is_built: bool,
    dtperf: Call,
    folder: Path,
    whole: Path,
    tmp_path: Path,
    golden_result: Result,
) -> None:
    inputs = folder
    if is_built:
        inputs = tmp_path / "files.json.gz"
        assert dtperf("fileset", "build", folder, "-o", inputs, "--on-error", "skip").code == 3
    out, missing = tmp_path / "out", tmp_path / "missing.json.gz"
    assert dtperf("run", "reference_2023", inputs, "-o", out, "--on-error", "skip").code == 3
    done = dtperf("fileset", "retry", out, "-o", missing)
    assert done.code == 0, done.err
    assert [Path(each.path).name for each in resolve(missing)] == ["2200.root"]
    mend(folder, whole)
    done = dtperf("run", "reference_2023", missing, "-o", tmp_path / "rest")
    assert done.code == 0, done.err
    assert dtperf("merge", out, tmp_path / "rest", "-o", tmp_path / "sum").code == 0
    assert_same(Result.load(tmp_path / "sum"), golden_result)
    for path in (tmp_path / "sum", tmp_path / "rest"):
        assert (
            "nothing is missing" in dtperf("fileset", "retry", path, "-o", tmp_path / "x.json").out
        )
    # what was already there is refused
    done = dtperf("merge", tmp_path / "sum", tmp_path / "rest", "-o", tmp_path / "twice")
    assert "count twice" in done.err


def test_what_was_not_reached_is_retried(
    dtperf: Call, whole: Path, tmp_path: Path, golden_result: Result
) -> None:
    run = ["run", "reference_2023", "--chunksize", "300"]
    assert dtperf(*run, whole, "-o", tmp_path / "out", "--limit-chunks", "6").code == 0
    missing = tmp_path / "missing.json.gz"
    assert dtperf("fileset", "retry", tmp_path / "out", "-o", missing).code == 0
    read = Result.load(tmp_path / "out").totals["events"]
    assert 0 < read < sum(each.events for each in resolve(missing)) + read == 4000
    for number in range(2):
        half = tmp_path / "halves" / f"part_{number}.json.gz"
        if not number:
            assert dtperf("fileset", "split", missing, "-o", half.parent, "--parts", "2").code == 0
        assert dtperf(*run, half, "-o", tmp_path / f"half{number}").code == 0
    parts = [tmp_path / name for name in ("out", "half0", "half1")]
    assert dtperf("merge", *parts, "-o", tmp_path / "sum").code == 0
    assert_same(Result.load(tmp_path / "sum"), golden_result)


def test_parts_with_cut_files_add_up(
    dtperf: Call, whole: Path, tmp_path: Path, golden_result: Result
) -> None:
    assert dtperf("fileset", "build", whole, "-o", tmp_path / "files.json").code == 0
    split = ["fileset", "split", tmp_path / "files.json", "-o", tmp_path / "parts"]
    assert dtperf(*split, "--max-events", "1500").code == 0
    parts = sorted((tmp_path / "parts").iterdir())
    assert len(parts) == 3
    for path in parts:
        assert dtperf("run", "reference_2023", path, "-o", tmp_path / path.name[:6]).code == 0
    results = [tmp_path / path.name[:6] for path in parts]
    assert dtperf("merge", *results, "-o", tmp_path / "sum").code == 0
    assert_same(Result.load(tmp_path / "sum"), golden_result)
