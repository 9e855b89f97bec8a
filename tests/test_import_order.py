"""The house has one direction: a folder of `dtperf` imports only what is below it."""

import ast
import re
from pathlib import Path

import pytest

import dtperf

PACKAGE = Path(dtperf.__file__).parent
FLOORS = [
    *(
        "addresses",
        "errors",
        "extras",
        "typing",
        "wording",
        "code_state",
        "lazy_import",
        "files",
        "compile_once",
        "kernel_sharing",
        "kernel_files",
        "kernel_arrays",
        "kernel_cache",
        "compiled",
        "kernel_clock",
        "memory",
        "process",
        "progress_screens",
        "progress",
        "validation",
        "statistics",
    ),
    *("detector", "nanoaod", "selection", "measurements", "config", "results", "filesets"),
    *("diagnostics", "plot", "synthetic", "execution", "skim", "api", "pages", "cli"),
]
"""From the ground up: addresses are hidden in the texts of errors, which all else raises."""


def room(module: str) -> str:
    """Return the folder or file at the root of the package that a module is in."""
    return module.split(".")[1] if "." in module else ""


def imported(path: Path) -> set[str]:
    """Return the rooms that a file imports anywhere, also for types only."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dtperf"):
            rooms |= {room(f"{node.module}.{alias.name}") for alias in node.names}
        elif isinstance(node, ast.Import):
            rooms |= {room(a.name) for a in node.names if a.name.startswith("dtperf")}
    return rooms


@pytest.mark.parametrize("name", FLOORS)
def test_imports_point_down_the_house(name: str) -> None:
    below = {*FLOORS[: FLOORS.index(name) + 1]}
    place = PACKAGE / name
    files = [*place.rglob("*.py")] if place.is_dir() else [PACKAGE / f"{name}.py"]
    assert files
    upwards = {str(file.relative_to(PACKAGE)): imported(file) - below for file in files}
    assert not {file: rooms for file, rooms in upwards.items() if rooms}


def test_every_room_has_its_floor() -> None:
    rooms = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert rooms - {"__init__", "__main__", "__pycache__", "configs"} == {*FLOORS}


def test_numba_is_imported_before_its_parts() -> None:
    """Else a worker's task, which imports a part while another thread imports all, may hang."""
    parts = re.compile(r"^(?:from|import) numba\.", re.MULTILINE)
    without = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if (found := parts.search(text := path.read_text(encoding="utf-8")))
        and not re.search(r"^import numba\b(?!\.)", text[: found.start()], re.MULTILINE)
    ]
    assert not without
