"""Columns of a data frame for the rows of a table: one number or text a cell, never a tuple."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, get_origin, get_type_hints

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Column",
    "Columns",
    "at",
    "efficiency_columns",
    "field_columns",
    "names_of",
    "place_columns",
    "rows_frame",
]

KINDS = {
    int: "int64",
    int | None: "Int64",
    float: "float64",
    float | None: "float64",
    str: None,
    str | None: None,
}
"""pandas' types by those of fields; None: what it takes itself, which for texts differs."""


class Column(NamedTuple):
    """What a column holds of each row."""

    value: Callable[[Any], Any]
    kind: Any = str
    """Type of the values: int, float or str; with `| None` where a row may have none."""


Columns: TypeAlias = Mapping[str, Column]
"""Columns of a data frame by name, from left to right."""


def at(path: str) -> Callable[[Any], Any]:
    """Return a function that finds a value in a row.

    Args:
        path: Attributes with dots between; where one of them is None, so is the value.
    """
    steps = [attrgetter(name) for name in path.split(".")]

    def find(row: Any) -> Any:
        for step in steps:
            row = None if row is None else step(row)
        return row

    return find


def field_columns(row: type, *names: str) -> dict[str, Column]:
    """Return the fields of a NamedTuple that hold one number or text.

    Args:
        row: The NamedTuple.
        names: Some of its fields; none: all of them.
    """
    hints = get_type_hints(row)
    chosen = {name: hints[name] for name in names or hints}
    kinds = {name: str if get_origin(hint) is Literal else hint for name, hint in chosen.items()}
    return {name: Column(attrgetter(name), kind) for name, kind in kinds.items()}


def place_columns() -> dict[str, Column]:
    """Return name, station, wheel and sector of the field 'place'.

    What a place has all of, such as the wheels of a station, is missing.
    """
    names = ("station", "wheel", "sector")
    parts = {name: Column(attrgetter(f"place.{name}"), int | None) for name in names}
    return {"place": Column(attrgetter("place.name")), **parts}


def efficiency_columns(path: str, prefix: str = "") -> dict[str, Column]:
    """Return the counts of an efficiency, itself, and the ends of its interval.

    Args:
        path: Of the `Efficiency` in a row; where that is None, so are they.
        prefix: Of the columns' names.
    """
    counts = {name: Column(at(f"{path}.{name}"), int | None) for name in ("passed", "total")}
    value = Column(at(f"{path}.value"), float | None)
    ends = {name: Column(at(f"{path}.{name}"), float | None) for name in ("low", "high")}
    found = {**counts, "efficiency": value, **ends}
    return {f"{prefix}{name}": column for name, column in found.items()}


def names_of(things: Iterable[Any]) -> str:
    """Return the names of places, such as 'wheel 0; MB2 W-1 S12'."""
    return "; ".join(thing.name for thing in things)


def rows_frame(columns: Columns, rows: Iterable[Any]) -> pd.DataFrame:
    """Make a data frame.

    Args:
        columns: Of each row.
        rows: None of them gives a frame with the same columns.
    """
    import pandas as pd  # takes a while, and is not needed to measure

    kept = [*rows]
    found = {name: [column.value(row) for row in kept] for name, column in columns.items()}
    kinds = {
        name: KINDS[column.kind] or (None if kept else "str") for name, column in columns.items()
    }
    return pd.DataFrame({name: pd.Series(found[name], dtype=kinds[name]) for name in columns})
