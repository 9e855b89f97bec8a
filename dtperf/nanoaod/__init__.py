"""Reading muon DPG NANO: branches, their conventions, schema for coffea, opening and checking."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dtperf.lazy_import import attach

if TYPE_CHECKING:
    from dtperf.nanoaod.branches import Branch, branch_table, collection_of
    from dtperf.nanoaod.columns import ColumnFilter, column_types
    from dtperf.nanoaod.conventions import Convention, convention_table
    from dtperf.nanoaod.generations import describe, generation_of
    from dtperf.nanoaod.inspect import FileSummary, inspect_file
    from dtperf.nanoaod.lazy import lazy_events
    from dtperf.nanoaod.open import open_tree
    from dtperf.nanoaod.require import require_columns
    from dtperf.nanoaod.schema import MuonDPGSchema

__all__ = [
    "Branch",
    "ColumnFilter",
    "Convention",
    "FileSummary",
    "MuonDPGSchema",
    "branch_table",
    "collection_of",
    "column_types",
    "convention_table",
    "describe",
    "generation_of",
    "inspect_file",
    "lazy_events",
    "open_tree",
    "require_columns",
]

_import, __dir__ = attach(__name__, __file__)


def __getattr__(name: str) -> Any:
    """Import a public name from its module."""
    if name == "MuonDPGSchema":
        # coffea looks at the columns of a file before it looks at the schema
        import_module(f"{__name__}.patches").install()
    return _import(name)
