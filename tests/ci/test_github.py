"""The steps of the template for GitHub, on a run of which most is in the cache."""

from __future__ import annotations

from pathlib import Path

import pytest

import dtperf
from tests.ci.conftest import CHAMBER, Project
from tests.ci.platforms import GitHub, github_steps


@pytest.mark.slow
def test_from_a_clone_to_a_page(project: Project, tmp_path: Path) -> None:
    variables = {
        "DTPERF_ANALYSIS": "analysis.yaml",
        "DTPERF_FILESET": str(project.ill),
        "DTPERF_CLUSTER": "cluster.yaml",
        "DTPERF_REFERENCE": "reference",
    }
    github = GitHub(project.origin, tmp_path, variables)
    folder = github.clone("measure")
    done = {}
    for name, ended in github.run(folder):
        done[name] = ended
        if name == "check":
            # as the action restores it
            [result] = (tmp_path / "github.env").read_text().split("=")[1:]
            analysis = dtperf.load_config(folder / "analysis.yaml", ["run.on_error=skip"])
            dtperf.run(analysis, project.ill, out=folder / result.strip())
        warned = "::warning::Done, with something skipped" in github.log
        assert warned == (name == "run")
    assert done == {"check": 0, "run": 0, "report": 0, "compare": 4}, github.log
    assert CHAMBER in github.log
    assert CHAMBER in (folder / "public/index.html").read_text()
    assert (folder / "junit.xml").exists()


def test_the_cache_goes_by_config_and_version() -> None:
    restore, save = (step["with"] for step in github_steps() if "/cache/" in step.get("uses", ""))
    assert restore["path"] == save["path"] == "runs"
    # a cache cannot be changed: each run saves one of its own, and takes the newest
    assert (
        restore["key"]
        == save["key"]
        == restore["restore-keys"] + ("${{ github.run_id }}-${{ github.run_attempt }}")
    )
    assert "${{ env.DTPERF_RESULT }}" in restore["restore-keys"]
