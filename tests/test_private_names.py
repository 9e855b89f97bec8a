"""Private names of libraries: each is there still, and none is used that is not listed."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import dtperf
from dtperf.nanoaod import patches
from tests.helpers.private_names import PRIVATE, Private

LIBRARIES = {
    *("awkward", "coffea", "dask", "dask_awkward", "dask_jobqueue", "dask_kubernetes"),
    *("distributed", "fsspec", "hist", "kr8s", "loky", "matplotlib", "numba", "uproot"),
}
PACKAGE = Path(dtperf.__file__).parent
SOURCES = [*PACKAGE.rglob("*.py"), *(PACKAGE.parent / "processors").rglob("*.py")]
PUBLIC = {"_asdict", "_exit", "_fields", "_make", "_replace"}
"""Documented by Python, in spite of their names."""


def find(dotted: str) -> Any:
    """Import a module, or take a class out of one."""
    try:
        return import_module(dotted)
    except ModuleNotFoundError as error:
        if not dotted.startswith(str(error.name)):
            pytest.skip(f"{error.name} is not installed")
        module, _, name = dotted.rpartition(".")
        return getattr(import_module(module), name)


def has(holder: Any, name: str) -> bool:
    """Tell whether a class or module has a name, or a class gives it to its instances."""
    if hasattr(holder, name):
        return True
    kinds = inspect.getmro(holder) if isinstance(holder, type) else ()
    given = re.compile(rf"\bself\.{name}\b")
    return any(
        given.search(inspect.getsource(kind))
        for kind in kinds
        if kind.__module__.partition(".")[0] in LIBRARIES
    )


@pytest.mark.parametrize("private", PRIVATE, ids=lambda each: f"{each.holder}.{each.name}")
def test_it_is_still_there(private: Private) -> None:
    assert has(find(private.holder), private.name), private.why


@pytest.mark.parametrize(
    "change", patches.CHANGES, ids=lambda each: f"{each.owner.__qualname__}.{each.name}"
)
def test_what_is_replaced_in_uproot_is_there_to_be_replaced(change: patches.Change) -> None:
    assert hasattr(change.owner, change.name), change.why


def is_private(name: str) -> bool:
    return bool(re.match(r"_[^_]", name))


class Names:
    """The private names of one file: whose they are, as far as the file tells."""

    def __init__(self, path: Path) -> None:
        self.tree = ast.parse(path.read_bytes())
        self.classes = [node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef)]
        self.inside = {id(node) for each in self.classes for node in ast.walk(each)}
        self.imported = dict(self._imported())

    def _imported(self) -> Iterator[tuple[str, str]]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    yield alias.asname or alias.name, f"{node.module}.{alias.name}"
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    first = alias.name.partition(".")[0]
                    yield alias.asname or first, alias.name if alias.asname else first

    def foreign(self) -> set[str]:
        """Names that nothing in the file defines."""
        own = {
            node.attr
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and ast.unparse(node.value) in ("self", "cls")
            and id(node) in self.inside
        }
        used = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                own.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                own.add(node.id)
            elif isinstance(node, ast.Attribute) and is_private(node.attr):
                # a function that is put into a class of another has a self, too
                is_put = ast.unparse(node.value) == "self" and id(node) not in self.inside
                if is_put or node.attr not in PUBLIC:
                    used.add(node.attr)
        for dotted in self.imported.values():
            if dotted.partition(".")[0] in LIBRARIES:
                used |= {part for part in dotted.split(".") if is_private(part)}
        return used - own

    def inherited(self) -> set[str]:
        """Names that a class has from one of a library, and uses or replaces."""
        found = set()
        for each in self.classes:
            for base in each.bases:
                dotted = self.imported.get(ast.unparse(base).partition(".")[0], "")
                if dotted.partition(".")[0] not in LIBRARIES:
                    continue
                kind = find(".".join([dotted, *ast.unparse(base).split(".")[1:]]))
                found |= {name for name in private_in(each) if has(kind, name)}
        return found


def private_in(node: ast.ClassDef) -> set[str]:
    names = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute) and ast.unparse(each.value) in ("self", "super()"):
            names.add(each.attr)
        elif isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(each.name)
        elif isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            names.add(each.id)
    return {name for name in names if is_private(name)}


def test_none_is_used_that_is_not_listed_and_none_is_listed_for_nothing() -> None:
    used = set()
    for path in SOURCES:
        names = Names(path)
        used |= {(path.name, name) for name in names.foreign() | names.inherited()}
    assert used == {(file, each.name) for each in PRIVATE for file in each.where}
