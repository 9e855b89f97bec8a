"""Where what numba has compiled for the tests is kept."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

__all__ = ["folder"]


def folder() -> Path:
    """Return the folder of all environments with this numba: it keeps one version's at a time."""
    return Path(__file__).parents[2] / ".numba_cache" / f"numba-{version('numba')}"
