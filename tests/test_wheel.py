"""What an installed dtperf brings along: one top-level name, and all that it needs under it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from tests.helpers.distributions import faults
from tests.helpers.golden import GOLDEN

ROOT = Path(__file__).parents[1]
OWN = """\
raise ImportError("this is a user's own folder, and none of dtperf's business")
"""
USE = """\
import sys
import dtperf

assert dtperf.__file__.startswith(sys.argv[1]), dtperf.__file__
config = dtperf.load_config("reference_2023", ["measurements.skip=[t0]"])
result = dtperf.run(config, sys.argv[2])
print(result.totals["pairs"], result.code.split()[1].partition("@")[0])
result = dtperf.run(config, sys.argv[2], processor="segment_angles:SegmentAngles")
print(result.extra["segments"])
"""


def built(builder: type[SdistBuilder | WheelBuilder], source: Path, place: Path) -> Path:
    [made] = builder(str(source)).build(directory=str(place), versions=["standard"])
    return Path(made)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(WheelBuilder, ROOT, tmp_path_factory.mktemp("wheel"))


def test_a_release_is_small_and_made_of_the_tree_alone(tmp_path: Path) -> None:
    sdist = built(SdistBuilder, ROOT, tmp_path)
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    [source] = (tmp_path / "unpacked").iterdir()
    wheel = built(WheelBuilder, source, tmp_path)
    built(WheelBuilder, ROOT, tmp_path / "of-the-tree")
    assert [*faults(tmp_path)] == []
    with ZipFile(wheel, "a") as archive:
        archive.writestr("dtperf/tests/mine.py", f"HERE = {str(ROOT)!r}")
    assert [fault.removeprefix(f"{wheel.name}: ") for fault in faults(tmp_path)] == [
        "holds dtperf/tests/mine.py",
        f"dtperf/tests/mine.py names {ROOT}",
        "dtperf/tests/mine.py is not that of the tree",
    ]


def test_a_wheel_installs_no_top_level_name_but_dtperf(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"dtperf"}
    there = {path.name for path in (ROOT / "processors").glob("*.py")}
    packaged = [name for name in names if name.startswith("dtperf/processors/")]
    assert {Path(name).name for name in packaged} == there


@pytest.mark.slow  # compiles the kernels in another place
def test_it_runs_beside_a_users_own_folder_of_processors(wheel: Path, tmp_path: Path) -> None:
    installed, notebook = tmp_path / "installed", tmp_path / "notebook"
    ZipFile(wheel).extractall(installed)
    (notebook / "processors").mkdir(parents=True)
    (notebook / "processors/__init__.py").write_text(OWN)
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", USE, str(installed), str(GOLDEN)],
        cwd=notebook,
        env={**environment, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["4472", "SegmentEfficiency", "50026"]


def test_no_file_of_dtperf_imports_processors() -> None:
    imported = set()
    for path in (ROOT / "dtperf").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(str(node.module).partition(".")[0])
    assert "dtperf" in imported
    assert "processors" not in imported
