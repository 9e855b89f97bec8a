"""Which files a number or a kernel depends on, against Python's own imports and its own parser."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import dtperf
from dtperf import code_state as module
from dtperf.code_state import code_state, sources
from dtperf.execution.provenance import CHUNK_WORK
from tests.helpers.golden import GOLDEN

PACKAGE = Path(dtperf.__file__).parent
PROCESSOR = PACKAGE.parent / "processors" / "segment_efficiency.py"

ONE_CHUNK = """
import inspect, sys
from coffea.processor.executor import WorkItem
from dtperf.config import load_config
from dtperf.nanoaod import ColumnFilter, open_tree
from dtperf.execution.chunks import ChunkRunner
from dtperf.execution.attempt import run_chunk
from processors.segment_efficiency import SegmentEfficiency

path = sys.argv[1]
with open_tree(path) as tree:
    uuid = tree.file.uuid.bytes
processor = SegmentEfficiency(load_config("reference_2023"))
columns = ColumnFilter.of(processor.columns | processor.optional_columns)
item = WorkItem("d", path, "Events", 0, 500, uuid, preload=columns)
function = lambda item: ChunkRunner._work_function(item, processor_instance=processor)
called = set()
sys.setprofile(lambda frame, *_: called.add(frame.f_code))
output, outcome = run_chunk(function, item)
sys.setprofile(None)
assert outcome.error is None and output is not None
# modules and classes are code as well, which runs when they are imported
print(*{code.co_filename for code in called if code.co_flags & inspect.CO_OPTIMIZED})
"""


def test_no_file_that_measures_a_chunk_is_forgotten() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ONE_CHUNK, str(GOLDEN)], capture_output=True, check=True, text=True
    )
    used = {path for path in map(Path, done.stdout.split()) if PACKAGE in path.parents}
    assert PACKAGE / "nanoaod/open_files.py" in used
    assert used <= sources(*CHUNK_WORK, PROCESSOR)


def test_what_only_shows_results_is_left_out() -> None:
    parts = {path.relative_to(PACKAGE).parts[0] for path in sources(*CHUNK_WORK)}
    assert not parts & {"cli", "pages", "plot", "synthetic"}


def imported(path: Path) -> set[tuple[str, str]]:
    found = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {(alias.name, "") for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import is not followed"
            found |= {(str(node.module), alias.name) for alias in node.names}
    return {each for each in found if each[0].partition(".")[0] == "dtperf"}


def test_the_pattern_finds_all_imports_that_the_parser_finds() -> None:
    paths = [*PACKAGE.rglob("*.py"), PROCESSOR]
    assert not [path for path in paths if not imported(path) <= {*module._imports(path)}]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    package = tmp_path / "dtperf"
    contents = {
        "selection/pairs.py": "from dtperf.selection.cuts import (  # why\n    A,\n    pair as p)",
        "selection/cuts.py": "def is_pair():\n    from dtperf.detector import codes\n",
        "selection/__init__.py": "from dtperf.plot import curve\n",
        "detector/__init__.py": "if 1:\n    from dtperf.detector.numbering import codes\n",
        "detector/numbering.py": "import dtperf.field.yoke\n",
        "detector/unused.py": "",
        "field/__init__.py": "",
        "field/yoke.py": "",
        "field/data/yoke.csv": "1",
        "plot.py": "",
    }
    for name, text in contents.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    monkeypatch.setattr(module, "_package", lambda: package)
    return package


def test_imports_are_followed_wherever_they_stand(package: Path) -> None:
    names = {path.relative_to(package).as_posix() for path in sources("dtperf.selection.pairs")}
    assert names == {
        *("selection/pairs.py", "selection/cuts.py", "selection/__init__.py"),
        *("detector/__init__.py", "detector/numbering.py"),
        *("field/__init__.py", "field/yoke.py", "field/data/yoke.csv"),
    }


@pytest.mark.parametrize(
    ("changed", "differs"),
    [("selection/cuts.py", True), ("field/data/yoke.csv", True), ("detector/unused.py", False)],
)
def test_a_change_shows_where_it_matters(package: Path, changed: str, differs: bool) -> None:
    def state() -> str:
        code_state.cache_clear()
        module._digest.cache_clear()
        return code_state("dtperf.selection.pairs")

    before = state()
    (package / changed).write_text("2\n")
    assert (state() != before) == differs


def test_a_root_that_is_not_there_is_named() -> None:
    with pytest.raises(LookupError, match=r"dtperf\.nowhere"):
        sources("dtperf.nowhere")
