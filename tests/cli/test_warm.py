"""`python -m dtperf.cli.warm`, after an installation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.golden import GOLDEN

FROM_CACHE = """
import sys
from dtperf import run
from numba.core import event
with event.install_recorder("numba:run_pass") as passes:
    run("reference_2023", [sys.argv[1]], progress=False)
sys.exit(bool(passes.buffer))
"""


@pytest.mark.slow
def test_what_a_run_needs_is_compiled(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    for command in (["-m", "dtperf.cli.warm"], ["-c", FROM_CACHE, str(GOLDEN)]):
        subprocess.run([sys.executable, *command], env=environment, check=True)
