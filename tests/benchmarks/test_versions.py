"""Two versions are timed beside each other: the other one's code, with this one's clock."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import versions
from benchmarks.timing import Failed, Subject, rounds
from benchmarks.versions import beside, checkout, print_beside, this_version

SOURCE = """
def name(): return {name!r}
def turns(): return {turns}
"""
SUBJECTS = """
import time

def whose(folder):
    import versioned
    return lambda: (folder / "name").write_text(versioned.name())

def work(unit_s):
    import versioned
    def compute():
        end = time.process_time() + unit_s * versioned.turns()
        while time.process_time() < end:
            pass
    return compute

def missing():
    from versioned import new
    return new

def die():
    raise SystemExit(3)
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two commits of a module, which has changes since."""
    root = tmp_path / "repository"
    (root / "benchmarks").mkdir(parents=True)
    for name in ("__init__.py", "timing.py"):
        shutil.copy(versions.OWN / "benchmarks" / name, root / "benchmarks")
    (root / "timed.py").write_text(SUBJECTS)
    monkeypatch.setattr(versions, "OWN", root)
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run(["git", "-C", str(root), "init", "--quiet"], check=True)
    for name, turns in (("first", 3), ("second", 2), ("now", 1)):
        text = SOURCE.format(name=name, turns=turns)
        (root / "versioned.py").write_text(text + ("def new(): pass\n" if name == "now" else ""))
        (root / "benchmarks" / "own.py").write_text(name)
        if name != "now":
            subprocess.run(["git", "-C", str(root), "add", "."], check=True)
            done = ["commit", "--quiet", "--no-gpg-sign", "-m", name]
            subprocess.run(["git", "-C", str(root), *identity, *done], check=True)
    monkeypatch.syspath_prepend(str(root))
    importlib.invalidate_caches()
    monkeypatch.delitem(sys.modules, "timed", raising=False)
    return root


@pytest.mark.slow
def test_the_other_version_is_timed_with_its_own_code(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    timed_here = importlib.import_module("timed")

    def make(folder: Path, tree: Path | None) -> dict[str, Subject]:
        return {
            "whose": Subject(timed_here.whose, (folder,), 1, tree),
            "work": Subject(timed_here.work, (0.4,), 1, tree),
            "missing": Subject(timed_here.missing, (), 1, tree),
        }

    with checkout("HEAD~1") as before:
        assert before.label.endswith("first")
        # what is timed, and how, is this version's
        assert (before.tree / "benchmarks" / "own.py").read_text() == "now"
        timed = beside(make, tmp_path, before.tree, 2)
    assert not before.tree.exists()
    listed = ["git", "-C", str(repository), "worktree", "list"]
    assert subprocess.run(listed, capture_output=True, check=True).stdout.count(b"\n") == 1
    assert (tmp_path / "now" / "name").read_text() == "now"
    assert (tmp_path / "before" / "name").read_text() == "first"
    assert [*timed] == ["whose", "work"]
    now, then = timed["work"]
    assert len(now.cpu_s) == len(then.cpu_s) == 2
    assert sum(then.cpu_s) > 2 * sum(now.cpu_s)  # three times
    assert now.peak_bytes > 1e6
    print_beside({"work": timed["work"]})
    told = capsys.readouterr().out
    assert "missing, before: cannot be timed: ImportError: cannot import name 'new'" in told
    ratio = float(told.splitlines()[-1].split(" | ")[3].split()[0])
    assert 0.3 < ratio < 0.45


def test_what_is_not_committed_is_told(repository: Path) -> None:
    assert this_version().label.endswith("second, and changes since")
    subprocess.run(["git", "-C", str(repository), "checkout", "--quiet", "."], check=True)
    assert this_version().label.endswith("second")


def test_a_revision_that_does_not_exist_is_refused_in_a_line(repository: Path) -> None:
    with pytest.raises(SystemExit, match=r"^nosuch: git knows no such commit here$"):
        checkout("nosuch").__enter__()


def test_one_that_fails_ends_all_unless_somebody_is_told(repository: Path) -> None:
    assert (repository / "timed.py").exists()
    subjects = {"missing": Subject(importlib.import_module("timed").die, (), 1)}
    with pytest.raises(Failed, match="missing: its process has ended"):
        rounds(subjects, 1)
