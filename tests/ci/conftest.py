"""A project on such a platform: an analysis with its reference, and data of later."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

import dtperf
from dtperf.results.result import Result
from dtperf.synthetic import Settings, generate

CHAMBER = "MB2 W0 S4"
ANALYSIS = """\
title: of a project of its own
run:
  chunksize: 400
"""
CLUSTER = """\
# A worker on this machine.
kind: local
workers: 1
"""


class Project(NamedTuple):
    """What the tests on platforms start from."""

    origin: Path
    """A bare repository."""
    healthy: Path
    """Folder of the files of the reference."""
    ill: Path
    """Folder of three later files: one chamber is dead, and the last file is cut off."""
    reference: Result


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    place = tmp_path_factory.mktemp("project")
    healthy, ill, work, origin = (place / each for each in ("before", "data", "work", "origin.git"))
    detector = {"efficiency": 0.98}
    generate(Settings(events=10_000, seed=3, detector=detector), healthy)
    detector_later = {**detector, "chambers": {CHAMBER: 0}}
    later = {"seed": 4, "first_run": 400_000, "detector": detector_later}
    generate(Settings(events=15_000, files=3, broken=("truncated",), **later), ill)
    work.mkdir()
    (work / "analysis.yaml").write_text(ANALYSIS)
    (work / "cluster.yaml").write_text(CLUSTER)
    reference = dtperf.run(work / "analysis.yaml", healthy, out=work / "reference")
    git = ["git", "-c", "user.name=physicist", "-c", "user.email=physicist@example.org"]
    for command in (
        ["init", "--quiet", "."],
        ["add", "analysis.yaml", "cluster.yaml", "reference"],
        ["commit", "--quiet", "-m", "The analysis"],
        ["clone", "--quiet", "--bare", ".", str(origin)],
    ):
        subprocess.run([*git, *command], cwd=work, check=True)
    return Project(origin, healthy, ill, reference)
