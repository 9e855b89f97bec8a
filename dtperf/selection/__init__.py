"""Tag-and-probe on NanoEvents: events to pairs and crossings."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dtperf.selection.branches import branches_of, needed_branches, optional_branches
    from dtperf.selection.tagging import Tables, tag_and_probe

__all__ = ["Tables", "branches_of", "needed_branches", "optional_branches", "tag_and_probe"]

# the cuts are part of every config, which must not wait for numba
_HOMES = {
    "branches": ("branches_of", "needed_branches", "optional_branches"),
    "tagging": ("Tables", "tag_and_probe"),
}


def __getattr__(name: str) -> Any:
    """Import a name of the public API from its module."""
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
