"""`python -m dtperf.cli.warm`, after an installation."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.golden import GOLDEN

ROOT = Path(__file__).parents[2]

START = """
import sys, dtperf
golden = sys.argv[1]
dtperf.run("reference_2023", [golden], progress=False)
"""
REST = """
settings = dtperf.synthetic.load_settings(None, ["events=300", "seed=5"])
dtperf.synthetic.generate(settings, "events", progress=False)
dtperf.run("dt_performance", ["events"], progress=False)
dtperf.skim.skim("dt_performance", ["events"], out="full", progress=False)
dtperf.run("dt_performance", ["full"], progress=False)
dtperf.skim.skim("loosest", [golden], out="skim", progress=False)
analysis = dtperf.Analysis("skim", progress=False)
for cuts in ({}, {"selection.probe.min_pt": 30}, {"selection.passing.max_dx": 5}):
    analysis.with_cuts(cuts)
dtperf.systematics("skim", "reference_2023")
"""


def compiled(folder: Path) -> set[str]:
    """Return the names of kernels that are kept here, without those of a library for fits."""
    return {path.name for path in folder.rglob("*.nbc") if "iminuit" not in path.parent.name}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(platform.machine() != "x86_64", reason="levels are of x86-64")
def test_an_image_is_warm_for_users_who_cannot_write_there_and_for_other_processors(
    tmp_path: Path,
) -> None:
    image = tmp_path / "image"
    without = shutil.ignore_patterns("__pycache__")
    for name in ("configs", "dtperf", "processors"):
        shutil.copytree(ROOT / name, image / name, ignore=without)
    build = {"NUMBA_CACHE_DIR": "", "NUMBA_CPU_NAME": "x86-64-v2", "NUMBA_CPU_FEATURES": ""}
    use = {"NUMBA_CACHE_DIR": str(tmp_path / "home")}
    for command, settings in (
        (["-m", "dtperf.cli.warm"], build),
        (["-c", START + REST, str(GOLDEN)], use),
    ):
        environment = {**os.environ, "PYTHONPATH": str(image), **settings}
        subprocess.run([sys.executable, *command], cwd=tmp_path, env=environment, check=True)
    assert compiled(image)
    assert not compiled(tmp_path / "home")


@pytest.mark.slow
def test_what_a_run_needs_is_compiled(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    found = []
    for command in (["-m", "dtperf.cli.warm", "--runs-only"], ["-c", START, str(GOLDEN)]):
        subprocess.run([sys.executable, *command], env=environment, check=True)
        found.append(compiled(tmp_path))
    assert found[0] == found[1] > set()
