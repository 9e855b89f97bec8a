"""50 files of which 15 are broken in 8 ways: each is named, and everything else is counted."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import awkward as ak
import pytest

import dtperf
from dtperf.results.result import Result
from dtperf.synthetic.broken import BREAKAGES
from tests.cli.commands import Done, call
from tests.helpers.golden import GOLDEN
from tests.helpers.runs import assert_same
from tests.nanoaod.files import read_arrays, write_like, write_tree

FILES, EVENTS = 50, 80
Arrays = dict[str, Any]
Call = Callable[..., Done]


def damaged(mode: Any, arrays: Arrays, path: Path) -> None:
    write_tree(arrays, path)
    BREAKAGES[mode].damage(path)


def wrong_tree(arrays: Arrays, path: Path) -> None:
    write_tree(arrays, path, tree="Runs")


def missing_branch(arrays: Arrays, path: Path) -> None:
    write_tree({n: v for n, v in arrays.items() if n != "dtSegment_seg4D_posLoc_x"}, path)


def wrong_type(arrays: Arrays, path: Path) -> None:
    station = ak.values_astype(arrays["dtSegment_station"], "float32")
    write_tree({**arrays, "dtSegment_station": station}, path)


WAYS: dict[str, Callable[[Arrays, Path], None]] = {
    "truncated": partial(damaged, "truncated"),
    "empty": partial(damaged, "empty"),
    "not-root": partial(damaged, "not-root"),
    "corrupt": partial(damaged, "garbled-basket"),
    "no-tree": wrong_tree,
    "missing-branch": missing_branch,
    "wrong-type": wrong_type,
    "missing": lambda _, __: None,
}
"""By the cause that the ledger gives."""


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], Path]:
    """A list of 50 files; the cause for each broken one; the events of the good ones in one."""
    folder = tmp_path_factory.mktemp("many")
    arrays = read_arrays(GOLDEN)
    numbers = random.Random(4).sample(range(FILES), 15)
    causes = dict(zip(numbers, [*WAYS, *WAYS], strict=False))
    broken, good, names = {}, [], []
    for number in range(FILES):
        piece = {name: v[EVENTS * number : EVENTS * (number + 1)] for name, v in arrays.items()}
        path = folder / f"{number:03d}.root"
        names.append(path.name)
        if number in causes:
            WAYS[causes[number]](piece, path)
            broken[str(path)] = causes[number]
        else:
            write_tree(piece, path)
            good.append(piece)
    (folder / "files.txt").write_text("\n".join(names))
    whole = {name: ak.concatenate([piece[name] for piece in good]) for name in arrays}
    return folder / "files.txt", broken, write_like(whole, folder / "whole" / "good.root")


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    return partial(call, monkeypatch, capfd)


def test_all_broken_files_are_named_and_all_others_counted(
    sample: tuple[Path, dict[str, str], Path], command: Call, tmp_path: Path, reference_config: Any
) -> None:
    files, broken, good = sample
    out = tmp_path / "out"
    done = command("run", "reference_2023", files, "-o", out, "--on-error", "skip")
    assert done.code == 3
    assert "Traceback" not in done.out + done.err
    result = Result.load(out)
    skipped = {row.file: row.cause for row in result.ledger if row.status == "skipped"}
    assert skipped == broken
    assert all(row.file in row.message for row in result.ledger if row.status == "skipped")
    assert len(rows_by_file(result)) == FILES
    assert_same(result, dtperf.run(reference_config, good))
    # of the 15, those that could at least be opened have their events counted
    known = sum(row.events for row in result.ledger if row.status == "skipped")
    can_be_opened = ("corrupt", "missing-branch", "wrong-type")
    assert known == EVENTS * sum(cause in can_be_opened for cause in broken.values())
    assert f"{EVENTS * (FILES - 15):,} events read + {known} skipped" in done.out
    for cause in WAYS:
        assert cause in done.out


def rows_by_file(result: Result) -> dict[str, Any]:
    return {row.file: row for row in result.ledger}


def test_by_default_nothing_is_begun_with_a_broken_file(
    sample: tuple[Path, dict[str, str], Path], command: Call, tmp_path: Path
) -> None:
    files, broken, _ = sample
    done = command("run", "reference_2023", files, "-o", tmp_path / "out")
    assert done.code == 1
    opened = [path for path, cause in broken.items() if cause != "corrupt"]
    assert f"{len(opened)} of {FILES} files cannot be used" in done.err
    assert not (tmp_path / "out").exists()


def test_mended_files_are_measured_on_resume(
    sample: tuple[Path, dict[str, str], Path],
    command: Call,
    tmp_path: Path,
    golden_result: Result,
) -> None:
    files, broken, _ = sample
    folder = tmp_path / "copy"
    folder.mkdir()
    for path in files.parent.glob("*.*"):
        (folder / path.name).write_bytes(path.read_bytes())
    run = ["run", "reference_2023", folder / "files.txt", "-o", tmp_path / "out"]
    assert command(*run, "--on-error", "skip").code == 3
    before = {row for row in Result.load(tmp_path / "out").ledger if row.status == "read"}
    arrays = read_arrays(GOLDEN)
    for name in broken:
        number = int(Path(name).stem)
        piece = {n: v[EVENTS * number : EVENTS * (number + 1)] for n, v in arrays.items()}
        write_tree(piece, folder / Path(name).name)
    done = command(*run, "--resume")
    assert done.code == 0, done.err
    result = Result.load(tmp_path / "out")
    assert_same(result, golden_result)
    assert before < set(result.ledger)
    assert len(result.ledger) == FILES


def test_a_file_that_was_replaced_is_not_gone_on_with(command: Call, tmp_path: Path) -> None:
    arrays = read_arrays(GOLDEN, 40)
    for name in ("a", "b"):
        write_tree(arrays, tmp_path / f"{name}.root")
    (tmp_path / "b.root").write_bytes(b"")
    run = ["run", "reference_2023", tmp_path / "a.root", tmp_path / "b.root", "-o"]
    assert command(*run, tmp_path / "out", "--on-error", "skip").code == 3
    write_tree(arrays, tmp_path / "a.root")
    done = command(*run, tmp_path / "out", "--on-error", "skip", "--resume")
    assert done.code == 1
    assert "a.root: was replaced since it was measured" in done.err
