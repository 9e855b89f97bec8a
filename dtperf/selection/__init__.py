"""Tag-and-probe on NanoEvents: events to pairs and crossings."""

from __future__ import annotations

from dtperf.selection.flatten import branches_of, needed_branches, optional_branches
from dtperf.selection.tagging import Tables, tag_and_probe

__all__ = ["Tables", "branches_of", "needed_branches", "optional_branches", "tag_and_probe"]
