"""The Snakefile by Snakemake itself, and `reana.yaml` by REANA's schema.

Both come from PyPI for the while of a test, as they bring many packages along.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

import dtperf
from dtperf.results.result import Result
from tests.ci.conftest import CHAMBER, Project
from tests.ci.platforms import CONFIGS, bash

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]

BIN = Path(sys.executable).parent
WAIT_S = 400
# what others release must not fail a change of ours
SNAKEMAKE, REANA = "snakemake==9.27.1", "reana-commons==0.9.11"


@pytest.fixture
def snakemake(tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Runs Snakemake in a folder; returns its exit code and what it has said."""
    environment = tmp_path / "environment"
    uv = [BIN / "uv", "--quiet"]
    subprocess.run([*uv, "venv", "--python", sys.executable, environment], check=True)
    python = environment / "bin/python"
    subprocess.run([*uv, "pip", "install", "--python", python, SNAKEMAKE], check=True)

    def run(folder: Path, *options: str) -> tuple[int, str]:
        words = ["--cores 1", "--configfile inputs.yaml", *options]
        script = f"{shlex.quote(str(environment))}/bin/snakemake {' '.join(words)}"
        process = bash(script, folder, {}, tmp_path)
        output, _ = process.communicate(timeout=WAIT_S)
        return process.returncode, output

    return run


def test_from_a_clone_to_a_page(
    project: Project, snakemake: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    folder = tmp_path / "work"
    command = ["git", "clone", "--quiet", str(project.origin), str(folder)]
    subprocess.run(command, check=True)
    inputs = yaml.safe_load((CONFIGS / "inputs.yaml").read_text())
    own = {"fileset": str(project.ill), "cluster": "cluster.yaml", "reference": "reference"}
    (folder / "inputs.yaml").write_text(yaml.safe_dump(inputs | own))
    (folder / "Snakefile").write_text((CONFIGS / "Snakefile").read_text())

    code, output = snakemake(folder, "--dry-run", "--quiet")
    assert code == 0, output

    # all that can be read has been measured before, as --resume finds it
    name = subprocess.run(
        [sys.executable, "-m", "dtperf", "config", "hash", folder / "analysis.yaml"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    analysis = dtperf.load_config(folder / "analysis.yaml", ["run.on_error=skip"])
    dtperf.run(analysis, project.ill, out=folder / "runs" / name)

    code, output = snakemake(folder)
    assert code == 1  # the gate
    assert "Error in rule compare" in output
    assert f"{CHAMBER} has changed by −" in output
    assert (folder / "result.txt").read_text().strip() == f"runs/{name}"
    assert Result.load(folder / "runs" / name).totals["events"] == 10_000
    for kept in ("public/index.html", "compare.html", "junit.xml"):
        assert CHAMBER in (folder / kept).read_text()
    assert not (folder / "unchanged").exists()

    # without a reference nothing is compared, and nothing that is there is made again
    (folder / "inputs.yaml").write_text(yaml.safe_dump(inputs | own | {"reference": ""}))
    code, output = snakemake(folder, "--rerun-triggers", "mtime")
    assert code == 0, output
    assert "rule run:" not in output


def test_reana_takes_it(tmp_path: Path) -> None:
    # the schema alone: what else the package needs is not of this decade
    command = [
        BIN / "uv",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        tmp_path,
        REANA,
    ]
    subprocess.run([*command, "--python", sys.executable], check=True)
    [schema] = tmp_path.rglob("reana_analysis_schema.json")
    done = subprocess.run(
        [BIN / "check-jsonschema", "--schemafile", schema, CONFIGS / "reana.yaml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    named = yaml.safe_load((CONFIGS / "reana.yaml").read_text())
    assert (CONFIGS / named["workflow"]["file"]).is_file()
    assert (CONFIGS / named["inputs"]["parameters"]["input"]).is_file()
