"""Reading muon DPG NANO: branches, their conventions, schema for coffea, opening and checking."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

# Importing coffea takes seconds, so each name is fetched when it is first used.
_HOMES = {
    "branches": ("Branch", "branch_table", "collection_of"),
    "columns": ("ColumnFilter", "column_types"),
    "conventions": ("Convention", "convention_table"),
    "generations": ("describe", "generation_of"),
    "inspect": ("FileSummary", "inspect_file"),
    "lazy": ("lazy_events",),
    "open": ("open_tree",),
    "require": ("require_columns",),
    "schema": ("MuonDPGSchema",),
}


def __getattr__(name: str) -> Any:
    """Import a name of the public API from its module."""
    if name == "MuonDPGSchema":
        # coffea looks at the columns of a file before it looks at the schema
        import_module(f"{__name__}.patches").install()
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
