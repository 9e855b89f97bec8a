"""What a class or an instance does, as text: ``code_of(Mine)``, ``described(vars(mine))``.

For classes of a notebook, which have no source file, and for instances that a user has made.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import CodeType, FunctionType, MethodType
from typing import Any
from uuid import uuid4

import boost_histogram as bh
import numpy as np
from pydantic import BaseModel

__all__ = ["code_of", "described"]


def described(value: Any) -> Any:
    """Describe a value by plain ones, equal for equal values in every process.

    Returns:
        Tuples, texts and numbers. What cannot be described is taken for different each time: a run
        with it is not resumed, rather than mixed with another.
    """
    match value:
        case None | bool() | int() | float() | complex() | str() | bytes():
            return value
        case Path():
            return str(value)
        case BaseModel():
            return type(value).__name__, described(value.model_dump())
        case Mapping():
            return "mapping", sorted(repr((described(k), described(v))) for k, v in value.items())
        case set() | frozenset():
            return "set", sorted(repr(described(each)) for each in value)
        case list() | tuple():
            return tuple(described(each) for each in value)
        case np.generic():
            return described(value.item())
        case np.ndarray() if value.dtype != object:
            return str(value.dtype), value.shape, value.tobytes()
        case bh.axis.Axis():
            return repr(value)
        case bh.Histogram():
            return described((list(value.axes), repr(value.storage_type), value.view(flow=True)))
        case FunctionType() | type():
            # those of a file are told by the file
            written_here = value.__module__ == "__main__"
            return code_of(value) if written_here else (value.__module__, value.__qualname__)
    return uuid4().hex


def code_of(what: Any) -> str:
    """Describe what a class or a function does: its code, and what it uses of its own module."""
    return repr(_walk(what, getattr(what, "__module__", ""), set()))


def _walk(what: Any, module: str, seen: set[int]) -> Any:
    if id(what) in seen:
        return None
    seen.add(id(what))
    if isinstance(what, MethodType | staticmethod | classmethod):
        return _walk(what.__func__, module, seen)
    if isinstance(what, property):
        return tuple(_walk(each, module, seen) for each in (what.fget, what.fset))
    if isinstance(what, type):
        if what.__module__ != module:
            return what.__module__, what.__qualname__
        members = {name: value for name, value in vars(what).items() if name not in _MADE}
        bases = tuple(_walk(each, module, seen) for each in what.__bases__)
        return bases, tuple((n, _walk(members[n], module, seen)) for n in sorted(members))
    if hasattr(what, "py_func"):  # compiled by numba
        return _walk(what.py_func, module, seen)
    if isinstance(what, FunctionType):
        if what.__module__ != module:
            return what.__module__, what.__qualname__
        used = sorted({name for code in _codes(what.__code__) for name in code.co_names})
        around = what.__globals__
        uses = ((name, _walk(around[name], module, seen)) for name in used if name in around)
        cells = (cell.cell_contents for cell in what.__closure__ or ())
        return (
            tuple(_described_code(code) for code in _codes(what.__code__)),
            tuple(uses),
            tuple(_walk(each, module, seen) for each in cells),
            described(what.__defaults__),
            described(what.__kwdefaults__),
        )
    # a module, or what is built in
    name = getattr(what, "__qualname__", getattr(what, "__name__", None))
    return name if isinstance(name, str) else described(what)


_MADE = {"__dict__", "__weakref__", "__module__", "__doc__", "__firstlineno__", "_abc_impl"}
"""What Python writes into a class by itself."""


def _codes(code: CodeType) -> list[CodeType]:
    inner = [each for each in code.co_consts if isinstance(each, CodeType)]
    return [code, *(found for each in inner for found in _codes(each))]


def _described_code(code: CodeType) -> Any:
    constants = [described(each) for each in code.co_consts if not isinstance(each, CodeType)]
    return code.co_code, tuple(constants), code.co_names, code.co_varnames
