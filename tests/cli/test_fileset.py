"""`dtperf fileset` as a user meets it."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from dtperf.filesets import InputFile, join, read, resolve, write
from tests.cli.commands import Call
from tests.filesets.fixtures import broken_copy, golden_pieces
from tests.filesets.made import file, many
from tests.filesets.stubs import executable
from tests.helpers.golden import GOLDEN
from tests.helpers.ledgers import stopped
from tests.helpers.made_results import made
from tests.helpers.missing_files import FILES, ROWS
from tests.nanoaod.files import read_arrays, write_like


@pytest.fixture
def fileset(dtperf: Call, monkeypatch: pytest.MonkeyPatch) -> Call:
    return partial(dtperf, "fileset")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return golden_pieces(tmp_path_factory.mktemp("pieces"))


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return broken_copy(whole, tmp_path / "files")


@pytest.fixture
def ten(tmp_path: Path) -> Path:
    """Ten files that are not there, in three datasets."""
    path = tmp_path / "ten.json.gz"
    write(path, many(10))
    return path


def test_build(fileset: Call, whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "files.json.gz"
    done = fileset("build", whole, "-o", out, "--dataset", "golden", "--threads", "2")
    assert done.code == 0, done.err
    size = sum(path.stat().st_size for path in whole.iterdir()) / 1e6
    assert f"{out}: 4 files, 4,000 events, {size:.1f} MB\n" in done.out
    assert "generation B: 4 files" in done.out
    assert "checked 4 files in " in done.err
    files = resolve(out)
    assert all(each.is_known and each.dataset == "golden" for each in files)
    before = out.read_bytes()
    done = fileset("build", whole, "-o", out)
    assert done.code == 2
    assert "exists already; --force" in done.err
    assert out.read_bytes() == before
    assert fileset("build", whole, "-o", out, "--force").code == 0


def test_build_with_a_broken_file(fileset: Call, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "files.json.gz"
    done = fileset("build", folder, "-o", out)
    assert done.code == 1
    assert "1 of 4 files cannot be used:" in done.err
    assert f"{folder}/2200.root" in done.err
    assert not out.exists()
    done = fileset("build", folder, "-o", out, "--on-error", "skip")
    assert done.code == 3
    assert "4 files, 3,200 events" in done.out
    assert "1 file that were not opened" in done.out
    assert f"  truncated: {folder}/2200.root" in done.err
    bad = [each for each in resolve(out) if not each.is_known]
    assert bad == [InputFile(str(folder / "2200.root"), "Events")]


def test_more_than_ten_broken_files(fileset: Call, tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"[bold]{number:02}.root").touch()
    write_like({k: v[:2] for k, v in read_arrays(GOLDEN).items()}, tmp_path / "good.root")
    done = fileset("build", tmp_path, "-o", tmp_path / "x.json", "--on-error", "skip")
    assert done.code == 3
    assert "[bold]09.root" in done.err
    assert "[bold]10.root" not in done.err
    assert "and 2 more" in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "x.yaml"], "name a fileset .json"),
        (["-o", "nowhere/x.json"], "nowhere: no such directory"),
        (["-o", "x.json", "--on-error", "ignore"], "'ignore' is not one of 'stop', 'skip'"),
        (["-o", "x.json", "--sites", "("], "no regular expression"),
        (["-o", "x.json", "--redirector", "xrd"], "name a server"),
    ],
)
def test_arguments_that_cannot_be(
    arguments: list[str],
    message: str,
    fileset: Call,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    executable(tmp_path / "bin" / "dasgoclient", "print('/store/a.root')", monkeypatch)
    catalog = "rucio" if "--sites" in arguments else "das"
    done = fileset("build", f"{catalog}:/A/B/C", *arguments)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["bin"]


def test_a_dataset_is_looked_up(
    fileset: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executable(tmp_path / "bin" / "dasgoclient", "print('/store/a.root')", monkeypatch)
    done = fileset("show", "das:/A/B/C", "--json")
    assert json.loads(done.out)["datasets"] == {"/A/B/C": {"files": 1, "events": 0}}


def test_split(fileset: Call, ten: Path, tmp_path: Path) -> None:
    out = tmp_path / "parts"
    done = fileset("split", ten, "-o", out, "--parts", "3")
    assert done.code == 0, done.err
    assert f"{out}: 3 parts with 30 to 40 events" in done.out
    names = ["part_0.json.gz", "part_1.json.gz", "part_2.json.gz"]
    assert sorted(path.name for path in out.iterdir()) == names
    assert len(join(*map(resolve, out.iterdir()))) == 10
    done = fileset("split", ten, "-o", out, "--max-events", "55")
    assert done.code == 2
    assert "holds parts" in done.err
    assert fileset("split", ten, "-o", out, "--max-events", "55", "--force").code == 0
    assert sorted(path.name for path in out.iterdir()) == names[:2]
    assert set(join(*map(resolve, out.iterdir()))) == {*many(10)}
    done = fileset("split", ten, "-o", tmp_path / "x", "--parts", "11")
    assert done.code == 2
    assert not (tmp_path / "x").exists()


def test_sample(fileset: Call, ten: Path, tmp_path: Path) -> None:
    drawn = []
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        out = tmp_path / f"{name}.json"
        done = fileset("sample", ten, "-o", out, "--files", "4", "--seed", seed)
        assert "4 files, 40 events" in done.out
        drawn.append(resolve(out))
    assert drawn[0] == drawn[1] != drawn[2]
    assert fileset("sample", ten, "-o", tmp_path / "d.json", "--events", "41").code == 0
    assert len(resolve(tmp_path / "d.json")) == 5
    done = fileset("sample", ten, "-o", tmp_path / "e.json", "--files", "11")
    assert done.code == 2
    assert "give 1 to 10" in done.err


def test_diff(fileset: Call, ten: Path, tmp_path: Path) -> None:
    done = fileset("diff", ten, ten)
    assert done.code == 0
    assert "the same files and events" in done.out
    other = tmp_path / "other.json"
    moved, changed = file(1, path="/[red]new.root"), file(2, entries=11)
    write(other, [moved, changed, *many(12)[3:]])
    done = fileset("diff", ten, other)
    assert done.code == 1
    assert f"only in {ten}: 1 file\n  /data/0.root\n" in done.out
    assert f"only in {other}: 2 files\n  /data/10.root\n  /data/11.root\n" in done.out
    assert "moved: 1 file\n  /data/1.root → /[red]new.root\n" in done.out
    assert "changed: 1 file\n  /data/2.root: entries 10 → 11, ranges 0 to 10 → 0 to 11" in done.out
    done = fileset("diff", ten, other, "--json")
    assert done.code == 1
    found = json.loads(done.out)
    assert found["only_a"] == ["/data/0.root"]
    assert found["only_b"] == ["/data/10.root", "/data/11.root"]
    assert found["moved"] == [["/data/1.root", "/[red]new.root"]]
    [each] = found["changed"]
    assert each["values"] == {"entries": [10, 11], "ranges": [[[0, 10]], [[0, 11]]]}


def test_join(fileset: Call, ten: Path, tmp_path: Path) -> None:
    more, out = tmp_path / "more.json", tmp_path / "out.json.gz"
    write(more, [file(9), file(10), file(1, path="/copy.root")])
    done = fileset("join", ten, more, "-o", out)
    assert done.code == 0, done.err
    assert "11 files, 110 events" in done.out
    assert {each for each in read(out) if each.replicas} == {file(1, replicas=("/copy.root",))}
    write(more, [file(9, entries=12)])
    done = fileset("join", ten, more, "-o", out, "--force")
    assert done.code == 1
    assert "differ in entries (10 and 12)" in done.err
    assert len([*read(out)]) == 11


def test_show(fileset: Call, ten: Path, tmp_path: Path) -> None:
    done = fileset("show", ten)
    assert f"{ten}: 10 files, 100 events, 0.0 MB" in done.out
    assert "dataset 0: 4 files, 40 events" in done.out
    write(tmp_path / "x.json", [*FILES, file(3).only([(2, 5)]), file(4, entries=0)])
    found = json.loads(fileset("show", tmp_path / "x.json", "--json").out)
    assert found == {
        "files": 5,
        "events": 23,
        "bytes": 1000 + 1001 + 1003 + 1004,
        "unknown": 1,
        "without_events": 1,
        "in_part": 1,
        "generations": {"B": 4},
        "datasets": {
            "dataset 0": {"files": 2, "events": 13},
            "dataset 1": {"files": 2, "events": 10},
            "events": {"files": 1, "events": 0},
        },
    }


def test_retry_of_a_run_that_was_stopped(fileset: Call, tmp_path: Path) -> None:
    out = tmp_path / "missing.json.gz"
    write(tmp_path / "fileset.json.gz", FILES)
    stopped(tmp_path, ROWS)
    done = fileset("retry", tmp_path, "-o", out)
    assert done.code == 0, done.err
    assert "2 files, 6 events" in done.out
    assert f"dtperf merge {tmp_path / 'partial' / '000001'} OTHER -o WHOLE" in done.out
    # files of datasets stay together
    assert set(resolve(out)) == {file(1).only([(4, 10)]), FILES[2]}


def test_nothing_to_retry(fileset: Call, tmp_path: Path) -> None:
    made(ROWS[:1]).save(tmp_path)
    done = fileset("retry", tmp_path, "-o", tmp_path / "missing.json.gz")
    assert done.code == 0
    assert "nothing is missing, nothing is written" in done.out
    assert not (tmp_path / "missing.json.gz").exists()
