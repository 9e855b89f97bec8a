"""Print what the start on a cluster takes: `python -m benchmarks.start [--system htcondor]`.

From the command to the first measured event, on a batch system of this machine that the tests
start, with one job at a time; `--system interlink` has stand-ins for what is between Kubernetes and
Slurm (`benchmarks.interlink`). `--compare REV` does the same in turn with a revision of git.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from benchmarks.sample import GOLDEN
from benchmarks.versions import OWN, checkout
from dtperf.execution.clusters.batch import COMMANDS

CHILD = """
import json, sys, time
import dtperf
seen = {"imported": time.time()}
def note(progress):
    stage = progress.stage
    if stage == "waiting" and progress.done:
        stage = "came"
    elif stage == "measuring" and progress.done:
        stage = "event"
    seen.setdefault(stage, time.time())
cluster, file, out = sys.argv[1:]
result = dtperf.run("reference_2023", file, out=out, cluster=cluster, on_progress=note)
assert result.totals["events"] == 4000
print(json.dumps(seen))
"""
"""What a script of a user's does, which tells when each stage began."""
STEPS = {
    "command, imports, files": ("command", "submit", "ours"),
    "batch system": ("submit", "job", "the site's"),
    "worker: Python, connection": ("job", "came", "ours"),
    "checks, plan": ("came", "measuring", "ours"),
    "first chunk, with imports and kernels": ("measuring", "event", "ours"),
}


def main() -> None:
    """Start runs in turn, and print the medians of what each step took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--system", choices=["slurm", "htcondor", "interlink"], default="slurm")
    parser.add_argument("--compare", metavar="REV", help="a revision to time beside this version")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    trees: dict[str, Path] = {}
    with ExitStack() as stack:
        if options.compare:
            trees["before"] = stack.enter_context(checkout(options.compare)).tree
        trees["now"] = OWN
        found: dict[str, list[dict[str, float]]] = {name: [] for name in trees}
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        system = stack.enter_context(batch_system(options.system))
        for each in (folder, *(tree.parent for tree in trees.values() if tree != OWN)):
            each.chmod(0o755)  # jobs are another user's
        for number in range(options.rounds + 1):
            for which, tree in trees.items():
                place = folder / f"{number}-{which}"
                found[which].append(one_start(options.system, tree, place, system))
            if number == 0:  # Python has compiled its files
                found = {name: [] for name in trees}
            else:
                show(found)


@contextmanager
def batch_system(kind: str) -> Iterator[Any]:
    """Start a batch system as the tests do."""
    if kind == "htcondor":
        from tests.integration.htcondor import htcondor

        with htcondor() as started:
            yield started
    else:
        from tests.integration.slurm import slurm

        with slurm() as started:
            yield started


def one_start(kind: str, tree: Path, folder: Path, system: Any) -> dict[str, float]:
    """Run once; returns when, in seconds of the clock, each stage began."""
    folder.mkdir()
    # the job says when it begins; of what it finds in its own folder HTCondor has brought some
    place = f"-C {tree}" if kind == "interlink" else ""
    _script(folder / "python", folder / "job", f"env {place} PYTHONPATH={tree} {sys.executable}")
    if kind == "interlink":
        from benchmarks.interlink import site

        with site(system, folder, tree) as (started, environment):
            seen = _run(started.description, tree, folder, {**os.environ, **environment})
            (folder / "submit").write_text(f"{started.asked_at}\n")
    else:
        seen = _run(*_of_batch_system(kind, folder, system.environment, tree))
    marks = {name: float((folder / name).read_text().split()[0]) for name in ("submit", "job")}
    return {**marks, **seen}


def _of_batch_system(
    kind: str, folder: Path, environment: dict[str, str], tree: Path
) -> tuple[dict[str, Any], Path, Path, dict[str, str]]:
    """Let the command that submits jobs say when it is called."""
    user = []
    if kind == "htcondor":
        from tests.integration.htcondor import AS_USER

        user = [*AS_USER]
    command = COMMANDS[kind]
    real = shutil.which(command, path=environment["PATH"])
    _script(folder / command, folder / "submit", " ".join([*user, str(real)]))
    description = {"kind": kind, "workers": 1, "memory": "1GiB", "host": "127.0.0.1"}
    description |= {"python": str(folder / "python")}
    paths = {"PATH": f"{folder}{os.pathsep}{environment['PATH']}"}
    return description, tree, folder, {**environment, **paths}


def _run(
    description: dict[str, Any], tree: Path, folder: Path, environment: dict[str, str]
) -> dict[str, float]:
    cluster = folder / "cluster.yaml"
    cluster.write_text(yaml.safe_dump(description))
    theirs = {**environment, "PYTHONPATH": str(tree), "XDG_STATE_HOME": str(folder / "state")}
    line = [sys.executable, "-c", CHILD, str(cluster), str(GOLDEN), str(folder / "out")]
    begin = time.time()
    done = subprocess.run(
        line, env=theirs, cwd=tree, capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    seen: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return {"command": begin, **seen}


def _script(path: Path, mark: Path, program: str) -> None:
    """Write a program that notes when it is called, and does what another does."""
    path.write_text(f'#!/bin/bash\ndate +%s.%N >>{mark}\nexec {program} "$@"\n')
    path.chmod(0o755)


def show(found: dict[str, list[dict[str, float]]]) -> None:
    """Print the medians of all rounds so far."""
    print(f"\n| seconds, median of {len(next(iter(found.values())))} | | {' | '.join(found)} |")
    print(f"|---|---|{'---:|' * len(found)}")
    for step, (begin, end, whose) in STEPS.items():
        times = [median(each[end] - each[begin] for each in its) for its in found.values()]
        print(f"| {step} | {whose} | {' | '.join(f'{s:.1f}' for s in times)} |")
    ours = [
        median(
            sum(each[end] - each[begin] for begin, end, who in STEPS.values() if who == "ours")
            for each in its
        )
        for its in found.values()
    ]
    print(f"| ours | | {' | '.join(f'{s:.1f}' for s in ours)} |", flush=True)


if __name__ == "__main__":
    main()
