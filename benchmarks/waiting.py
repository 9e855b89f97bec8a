"""How long commands let a user wait: `python -m benchmarks.waiting [--rounds N] [--compare REV]`.

All in turn, each in a process of its own, as CPU seconds with those of their children, and as wall
time. `--compare` names a revision of git, whose commands are timed beside ours. The
table so far is printed after each round, which takes one to two minutes of CPU time; the first run
of a checkout compiles its kernels, another minute.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from shutil import copytree
from statistics import median

from benchmarks.sample import GOLDEN
from benchmarks.versions import OWN, checkout

YARDSTICK = "import coffea.processor"


def main() -> None:
    """Time the commands, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2, help="how often each is timed")
    parser.add_argument("--compare", metavar="REV", help="a revision to time beside this version")
    options = parser.parse_args()
    trees = {"": OWN}
    timed: dict[str, list[tuple[float, float]]] = {}
    with ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        if options.compare:
            trees[" before"] = stack.enter_context(checkout(options.compare)).tree
        # each version has results of its own: an older one cannot read those of a newer one
        folders = {version: Path(directory) / (version.strip() or "now") for version in trees}
        for version, tree in trees.items():
            _once(tree, _run(folders[version] / "a"))
            copytree(folders[version] / "a", folders[version] / "b")
            skim = str(folders[version] / "skim")
            _once(tree, ["-c", CLI, "skim", "reference_2023", str(GOLDEN), "-o", skim])
        for _ in range(options.rounds):
            timed.setdefault(YARDSTICK, []).append(_once(OWN, ["-c", YARDSTICK]))
            for version, tree in trees.items():
                for name, command in _commands(folders[version]).items():
                    timed.setdefault(f"{name}{version}", []).append(_once(tree, command))
            _print(timed)


def _commands(folder: Path) -> dict[str, list[str]]:
    a, b, out, skim = (str(folder / name) for name in ("a", "b", "out", "skim"))
    return {
        "run of 4,000 events": [*_run(folder / "again"), "--force"],
        "plot": ["-c", CLI, "plot", a, "-o", out],
        "report": ["-c", CLI, "report", a, "-o", f"{out}.html"],
        "report --reference": ["-c", CLI, "report", a, "--reference", b, "-o", f"{out}.html"],
        "compare": ["-c", CLI, "compare", a, b],
        "status": ["-c", CLI, "status", a],
        "run on a skim": ["-c", CLI, "run", "reference_2023", skim, "-o", f"{out}-skim", "--force"],
    }


CLI = "from dtperf.cli import main; main()"


def _run(out: Path) -> list[str]:
    return ["-c", CLI, "run", "reference_2023", str(GOLDEN), "-o", str(out)]


def _once(tree: Path, command: list[str]) -> tuple[float, float]:
    """Run a command with the code of a checkout; give CPU and wall seconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, *command],
        cwd=tree,  # it comes before PYTHONPATH
        # without its bytecode, dtperf would be compiled anew by each command, as no user's is
        env={
            **{n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"},
            "PYTHONPATH": str(tree),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def _print(timed: dict[str, list[tuple[float, float]]]) -> None:
    """Print medians, their ratios to the version before, if there is one, and to the yardstick."""
    print(f"\n{'':32}{'CPU s':>8}{'ratio':>8}{'wall s':>8}{'ratio':>8}{'CPU of yardstick':>18}")
    for name, times in timed.items():
        other = timed.get(f"{name} before", times)
        print(f"{name:32}", end="")
        for which in range(2):
            seconds = median(each[which] for each in times)
            print(f"{seconds:8.2f}{_ratio(times, other, which):8.2f}", end="")
        print(f"{_ratio(times, timed[YARDSTICK], 0):18.2f}", flush=True)


def _ratio(times: list[tuple[float, float]], other: list[tuple[float, float]], which: int) -> float:
    """Return the median of the ratios of each round, of CPU time (0) or wall time (1)."""
    return median(mine[which] / its[which] for mine, its in zip(times, other, strict=True))


if __name__ == "__main__":
    main()
