"""Two versions beside each other: the working tree as it is, and a revision of git."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.timing import Failed, Subject, Times, rounds, spread

__all__ = ["OWN", "Version", "beside", "checkout", "print_beside", "this_version"]

OWN = Path(__file__).parents[1]
"""The checkout of this version."""


class Version(NamedTuple):
    """A checkout."""

    tree: Path
    label: str
    """What git calls it, and the subject of its commit."""


@contextmanager
def checkout(revision: str) -> Iterator[Version]:
    """Check a revision out into a temporary folder, with the benchmarks of this version.

    What is timed, and how, is then the same in both; its package, processors and configs are of the
    revision. Git's record of the folder is removed with it.

    Args:
        revision: Whatever git takes for a commit.

    Raises:
        SystemExit: There is no such commit, no git, or this is no checkout of it.
    """
    label = _label(revision)
    with tempfile.TemporaryDirectory(prefix="dtperf-before-") as folder:
        tree = Path(folder, "tree")
        _git("worktree", "add", "--detach", "--quiet", str(tree), f"{revision}^{{commit}}")
        try:
            shutil.rmtree(tree / "benchmarks", ignore_errors=True)
            shutil.copytree(OWN / "benchmarks", tree / "benchmarks")
            yield Version(tree, label)
        finally:
            _git("worktree", "remove", "--force", str(tree))


def this_version() -> Version:
    """Describe the working tree, and say so if it is not what is committed.

    Raises:
        SystemExit: This is no checkout of git.
    """
    changed = bool(_git("status", "--porcelain", "--untracked-files=no"))
    return Version(OWN, _label("HEAD") + (", and changes since" if changed else ""))


def beside(
    make: Callable[[Path, Path | None], Mapping[str, Subject]],
    folder: Path,
    tree: Path,
    number: int,
) -> dict[str, tuple[Times, Times]]:
    """Time each subject of this version and of another in turn.

    Args:
        make: Lists the subjects, given a folder for what they write and the checkout of their code.
        folder: For what subjects write: each version has a place of its own there.
        tree: Checkout of the other version.
        number: How often each is timed, after a round that does not count.

    Returns:
        Times of this version and of the other, by name; a subject that one of them cannot do is
        left out, and a line says so.
    """
    now = make(_made(folder / "now"), None)
    before = make(_made(folder / "before"), tree)
    turns: dict[str, Subject] = {}
    for name, subject in now.items():
        turns |= {name: subject, f"{name}, before": before[name]}
    timed = rounds(turns, number, _say)
    both = [name for name in now if timed.keys() >= {name, f"{name}, before"}]
    return {name: (timed[name], timed[f"{name}, before"]) for name in both}


def print_beside(timed: Mapping[str, tuple[Times, Times]]) -> None:
    """Print what this version takes over what the other takes, round by round, and the memory."""
    print(
        "| | events/s of CPU time | before | CPU time over that before (least to most) | ", end=""
    )
    print("peak memory, MB | before |\n|---|---:|---:|---:|---:|---:|")
    for name, (now, before) in timed.items():
        middle, least, most = spread(before, now)  # of rates: theirs over ours
        print(
            f"| {name} | {now.rate:,.0f} | {before.rate:,.0f} "
            f"| {middle:.3f} ({least:.3f} to {most:.3f}) "
            f"| {now.peak_bytes / 1e6:,.0f} | {before.peak_bytes / 1e6:,.0f} |"
        )


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _say(name: str, error: Failed) -> None:
    print(f"{name}: cannot be timed: {error}", flush=True)


def _label(revision: str) -> str:
    wrong = f"{revision}: git knows no such commit here"
    return _git("show", "--no-patch", "--format=%h %s", f"{revision}^{{commit}}", "--", wrong=wrong)


def _git(*words: str, wrong: str = "") -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(OWN), *words], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise SystemExit("two versions are compared with git, which is not installed") from None
    if done.returncode:
        raise SystemExit(wrong or f"git {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout.strip()
