"""What a command imports: only what it uses, as imports are most of the time of a short one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dtperf.results.result import Result
from tests.helpers.golden import GOLDEN

PROGRAM = """
import sys
from dtperf.cli import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""
NEVER = {
    *("dask", "distributed", "iminuit", "pandas", "scipy.linalg", "scipy.optimize", "scipy.stats"),
    # of `scipy.special`, beside its functions
    *("numpy.f2py", "numpy.testing", "scipy._lib._array_api", "scipy.special._orthogonal"),
}
OF_FILES = {"awkward", "coffea", "numba", "uproot", "vector"}


@pytest.fixture(scope="module")
def saved(golden_result: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return golden_result.save(tmp_path_factory.mktemp("saved") / "out")


@pytest.mark.parametrize(
    ("words", "absent"),
    [
        (["run", "reference_2023", str(GOLDEN), "-o", "again"], NEVER),
        (["status", "{out}"], {*NEVER, *OF_FILES, "matplotlib", "scipy"}),
        (["compare", "{out}", "{out}"], {*NEVER, *OF_FILES, "matplotlib"}),
        (["report", "{out}", "-o", "page.html"], {*NEVER, *OF_FILES}),
    ],
    ids=lambda each: each[0] if isinstance(each, list) else "",
)
def test_a_command_imports_what_it_uses(
    words: list[str], absent: set[str], saved: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *(word.format(out=saved) for word in words)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    loaded = {*done.stderr.splitlines()[-1].split()}
    assert "dtperf.results.result" in loaded
    assert not loaded & absent
