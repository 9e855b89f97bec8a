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

FROM_CACHE = """
import sys
from dtperf import run
from numba.core import event
with event.install_recorder("numba:run_pass") as passes:
    run("reference_2023", [sys.argv[1]], progress=False)
sys.exit(bool(passes.buffer))
"""


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
        (["-c", FROM_CACHE, str(GOLDEN)], use),
    ):
        environment = {**os.environ, "PYTHONPATH": str(image), **settings}
        subprocess.run([sys.executable, *command], cwd=tmp_path, env=environment, check=True)
    assert not [*(tmp_path / "home").rglob("*.nbc")]


@pytest.mark.slow
def test_what_a_run_needs_is_compiled(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    for command in (["-m", "dtperf.cli.warm"], ["-c", FROM_CACHE, str(GOLDEN)]):
        subprocess.run([sys.executable, *command], env=environment, check=True)
