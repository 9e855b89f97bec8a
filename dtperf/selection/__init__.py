"""Tag-and-probe on NanoEvents: events to pairs and crossings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtperf.lazy_import import attach

if TYPE_CHECKING:
    from dtperf.selection.branches import branches_of, needed_branches, optional_branches
    from dtperf.selection.tagging import Tables, tag_and_probe

__all__ = ["Tables", "branches_of", "needed_branches", "optional_branches", "tag_and_probe"]

# the cuts are part of every config, which must not wait for numba
__getattr__, __dir__ = attach(__name__, __file__)
