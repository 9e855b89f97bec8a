"""Find the class of a processor: ``load_class("mine.py:Mine")``."""

from __future__ import annotations

import linecache
import re
import sys
from functools import cache
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import cloudpickle

from dtperf.config.suggest import suggest
from dtperf.errors import ConfigError
from dtperf.execution.processor_faults import place_in
from dtperf.execution.provenance import CLASS, MODULE, packaged_processors

__all__ = ["load_class", "packaged_class"]


def load_class(name: str) -> type:
    """Import a class of a file or module.

    Args:
        name: ``path/to/mine.py:Mine``; ``module:Class``, of the packaged processors, of what is
            installed, or of the working directory.

    Raises:
        ConfigError: There is no such file, module or class, or importing it fails.
    """
    source, _, wanted = name.rpartition(":")
    if not source or not wanted.isidentifier():
        raise ConfigError(
            f"processor: {name!r} is neither FILE.py:CLASS nor MODULE:CLASS, "
            "such as processors/mine.py:MyProcessor"
        )
    module = _from_file(Path(source)) if _is_path(source) else _from_name(source)
    found = getattr(module, wanted, None)
    if isinstance(found, type):
        return found
    if found is not None:
        raise ConfigError(f"processor: {name}: is no class, but {type(found).__name__}")
    mine = [n for n, v in vars(module).items() if isinstance(v, type) and hasattr(v, "process")]
    raise ConfigError(f"processor: {source}: has no class {wanted!r}{suggest(wanted, mine)}")


@cache
def packaged_class() -> Any:
    """Load the class that measures what the config asks for."""
    return load_class(f"{packaged_processors()[MODULE]}:{CLASS}")


def __getattr__(name: str) -> Any:
    """Return the packaged class by its own name, for ``class Mine(dtperf.SegmentEfficiency)``."""
    if name == CLASS:
        return packaged_class()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _is_path(source: str) -> bool:
    return source.endswith(".py") or "/" in source


def _from_name(name: str) -> ModuleType:
    if name in (packaged := packaged_processors()):
        return _from_file(packaged[name])
    working_directory = str(Path.cwd())
    sys.path.append(
        working_directory
    )  # last: nothing that is installed is hidden by what lies about
    try:
        return import_module(name)
    except Exception as error:
        raise ConfigError(f"processor: {name}: cannot be imported: {error!r}") from error
    finally:
        sys.path.remove(working_directory)


def _from_file(path: Path) -> ModuleType:
    """Run a file as a module of its own name, which differs when its content does."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"processor: {path}: no such file") from None
    except OSError as error:
        raise ConfigError(f"processor: {path}: cannot be read: {error.strerror}") from None
    resolved = str(path.resolve())
    state = sha256(resolved.encode() + b"\0" + text).hexdigest()[:12]
    name = f"dtperf_processor_{re.sub(r'[^0-9A-Za-z]', '_', path.stem)}_{state}"
    if name in sys.modules:
        return sys.modules[name]
    module = ModuleType(name)
    module.__file__ = resolved
    sys.modules[name] = module  # dataclasses look their module up
    linecache.checkcache(resolved)
    try:
        exec(compile(text, resolved, "exec", dont_inherit=True), vars(module))
    except BaseException as error:
        del sys.modules[name]
        if not isinstance(error, Exception):
            raise
        raise ConfigError(_not_imported(path, resolved, error)) from error
    cloudpickle.register_pickle_by_value(module)
    return module


def _not_imported(path: Path, resolved: str, error: Exception) -> str:
    if isinstance(error, SyntaxError):
        return f"processor: {path}:{error.lineno}: {error.msg}"
    message = f"processor: {place_in([resolved], error) or path}: cannot be imported: {error!r}"
    if isinstance(error, ModuleNotFoundError):
        message += "; a file stands alone: make a package of several, and name it MODULE:CLASS"
    return message
