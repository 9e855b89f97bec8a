"""A module with kernels, and a folder of its own for what is compiled of it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numba
import pytest

from dtperf import kernel_cache
from dtperf.compile_once import Turn

__all__ = ["CACHED", "SOURCE", "load", "misses", "own_kernels", "stored"]

SOURCE = """
from dtperf.compiled import compiled

@compiled
def half(x):
    return x / 2

@compiled(error_model="numpy")
def inverse(x):
    return 1 / x
"""
CACHED = (".nbi", ".nbc")


@contextmanager
def own_kernels(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Write the module; nothing is compiled of it."""
    # else numba does it when it next compiles, if a test has changed the environment
    numba.config.reload_config()
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(folder / "cache"))
    monkeypatch.setattr(Turn, "_is_patient", True)
    kernel_cache._warn_once.cache_clear()
    path = folder / "kernels.py"
    path.write_text(SOURCE)
    yield path
    kernel_cache._warn_once.cache_clear()


def load(path: Path) -> Any:
    """Import a module as another process would: with nothing compiled yet."""
    spec = importlib.util.spec_from_file_location("kernels", path)
    assert spec
    assert spec.loader
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def misses(path: Path) -> int:
    """Call a kernel as another process would, and tell how often it had to be compiled."""
    half = load(path).half
    assert (half(3.0), half(3)) == (1.5, 1.5)
    return sum(half.dispatcher.stats.cache_misses.values())


def stored(path: Path, folder: str = "cache") -> list[Path]:
    """List what is compiled of it in a folder beside it."""
    return sorted(p for p in (path.parent / folder).rglob("*") if p.suffix in CACHED)
