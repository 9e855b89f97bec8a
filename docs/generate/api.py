"""The public names, each with its docstring: what autodoc is asked for."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import dtperf

from .tables import table

__all__ = ["MODULES", "pages"]

MODULES = {
    "filesets": "dtperf.filesets",
    "statistics": "dtperf.statistics",
    "plot": "dtperf.plot",
    "skim": "dtperf.skim",
    "flags": "dtperf.diagnostics.flags",
    "comparison": "dtperf.diagnostics.comparison",
    "background": "dtperf.diagnostics.background",
    "ageing": "dtperf.diagnostics.ageing",
    "measurements": "dtperf.measurements",
    "detector": "dtperf.detector",
    "nanoaod": "dtperf.nanoaod",
    "lazy": "dtperf.execution.lazy",
    "synthetic": "dtperf.synthetic",
}
"""Public modules by their name in `dtperf`; `import dtperf` is enough for all of them."""


def pages() -> Mapping[str, str]:
    """Write a page for `dtperf` itself, and one for each public module."""
    made = {"api/dtperf.rst": "".join(_page("dtperf", dtperf, "dtperf"))}
    for name, home in MODULES.items():
        made[f"api/{name}.rst"] = "".join(_page(f"dtperf.{name}", import_module(home), home))
    made["index.md"] = _index()
    return made


def _page(title: str, module: ModuleType, home: str) -> Iterator[str]:
    yield f"{title}\n{'=' * len(title)}\n\n"
    yield f"{_first_line(module.__doc__ or '')}\n\n"
    # a public module has a page of its own
    names = [name for name in module.__all__ if not inspect.ismodule(getattr(module, name))]
    for name in sorted(names, key=lambda name: (_kind(getattr(module, name)), name.lower())):
        thing = getattr(module, name)
        # `::` divides what is imported from what is looked up in it: dtperf.flags is no module
        prefix = title.removeprefix("dtperf").removeprefix(".")
        place = f"dtperf::{prefix}.{name}" if prefix else f"dtperf::{name}"
        if _kind(thing) == "data":
            yield f".. data:: {title}.{name}\n\n   {_said_of_data(home, name)}\n\n"
            yield f"   {_content(thing)}\n\n"
            continue
        yield f".. auto{_kind(thing)}:: {place}\n"
        if _kind(thing) in ("class", "exception"):
            yield "   :members:\n   :exclude-members: model_config\n"
        yield "\n"


def _first_line(docstring: str) -> str:
    """Return what a module is; the rest of its docstring is for who reads the code."""
    return docstring.partition("\n")[0].replace("*", "\\*")


def _said_of_data(home: str, name: str) -> str:
    """Return the text below a constant, from whichever file of the module sets it."""
    place = Path(import_module(home).__file__ or "")
    files = [place] if place.name != "__init__.py" else sorted(place.parent.rglob("*.py"))
    for body in (ast.parse(file.read_text(encoding="utf-8")).body for file in files):
        for node, below in pairwise(body):
            targets = getattr(node, "targets", [getattr(node, "target", None)])
            if name not in {getattr(target, "id", "") for target in targets}:
                continue
            match below:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    return " ".join(text.split())
    return ""


def _content(thing: Any) -> str:
    """Return the value of a constant, or the names in it."""
    names = thing if isinstance(thing, Mapping | tuple) else get_args(thing)
    return ", ".join(f"`{each}`" for each in names) or f"`{thing!r}`"


def _kind(thing: object) -> str:
    if inspect.isclass(thing):
        return "exception" if issubclass(thing, BaseException) else "class"
    return "function" if inspect.isroutine(thing) or hasattr(thing, "py_func") else "data"


INDEX = """# Reference

Made from the code when these pages are built.

| | |
|---|---|
| [](configuration.md) | every key of a config, its default, what it means, what is allowed |
| [](measurements.md) | what is measured unless the config says otherwise |
| [](columns.md) | what a measurement can cut on, bin and average |
| [](branches.md) | of muon DPG NANO, by generation |
| [](commands.md) | every command, argument and option |
| [](cluster-files.md) | every key of a file that says where workers come from |
| [](samples.md) | every key of what is generated |

## In Python

"""


def _index() -> str:
    """Write the page that leads to all others."""
    rows = [("dtperf", "what most need")]
    rows += [
        (name, _first_line(import_module(home).__doc__ or "")) for name, home in MODULES.items()
    ]
    listed = table(("", ""), ([f"[](api/{name}.rst)", text] for name, text in rows))
    pages = re.findall(r"\(([\w-]+)\.md\)", INDEX)
    entries = "\n".join([*pages, *(f"api/{name}" for name, _ in rows)])
    return f"{INDEX}{listed}\n```{{toctree}}\n:hidden:\n\n{entries}\n```\n"
