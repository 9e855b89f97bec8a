"""Rows that show themselves as a table, in a terminal and in a notebook."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Protocol, Self, SupportsIndex, TypeVar, overload

from dtperf.results.row_columns import Columns, rows_frame

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Table", "TableRepr", "printable", "shortened", "table_html"]

Cells = Sequence[tuple[str, str]]
"""What a row shows: head of the column and text, from left to right."""

LONGEST = 60
MOST_LINES, MOST_HTML_LINES = 40, 250
"""Of rows shown; of more the first and the last."""
NUMBER = re.compile(r"[-+−]?[\d.,]+( [-+−][\d.,]+)*( / [\d,]+)?|no probe|not measured|not counted|")
SCROLLED = "max-height:32em;overflow:auto"


class Row(Protocol):
    """A row, such as a NamedTuple."""

    def cells(self) -> Cells:
        """Return what it shows, all rows under the same heads."""

    @classmethod
    def columns(cls) -> Columns:
        """Return the columns of a data frame of such rows."""


AnyRow = TypeVar("AnyRow", bound=Row)


class TableRepr:
    """What makes a tuple or list of rows show itself as a table; otherwise it is what it was."""

    __slots__ = ()
    nothing = "nothing"
    """What stands in the place of a table without rows."""
    row: Any = None
    """The rows' class, which has the columns of a data frame."""

    def __repr__(self) -> str:
        """Return the rows in aligned columns."""
        shown, left_out = _shown(self, MOST_LINES)
        if not shown:
            return self.nothing
        from rich.console import Console  # only where a table is looked at
        from rich.table import Table as Columns
        from rich.text import Text

        columns = Columns(box=None, pad_edge=False)
        for head, is_number in _heads(shown):
            columns.add_column(Text(head), justify="right" if is_number else "left", no_wrap=True)
        for cells in shown:
            columns.add_row(*(Text(printable(text)) for _, text in cells))
        text = io.StringIO()
        # it would write below a notebook's cell of its own accord
        console = Console(file=text, width=10_000, color_system=None, force_jupyter=False)
        console.print(columns)
        lines = [line.rstrip() for line in text.getvalue().splitlines()]
        if left_out:
            lines.insert(1 + MOST_LINES // 2, f"… {left_out:,} rows more …")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        return table_html(self, self.nothing)

    def to_pandas(self) -> pd.DataFrame:
        """Return a data frame: one row each, and one number or text in each column.

        Places are columns `station`, `wheel` and `sector`, missing where a place has all of them;
        an efficiency is `passed`, `total`, `efficiency`, and `low` and `high`, its interval.
        """
        rows: Any = self
        return rows_frame(self.row.columns(), rows)


class Table(TableRepr, tuple[AnyRow, ...]):  # noqa: SLOT001  # a tuple has no others
    """A tuple of rows."""

    def __new__(
        cls,
        rows: Iterable[AnyRow] = (),
        nothing: str = "nothing",
        row: type[AnyRow] | None = None,
    ) -> Self:
        """Keep the rows.

        Args:
            rows: All of one class.
            nothing: What is shown where there is none.
            row: That class, for the columns of a data frame without rows.
        """
        made = super().__new__(cls, rows)
        made.row = row or (type(made[0]) if made else None)
        made.nothing = nothing
        return made

    @overload
    def __getitem__(self, key: SupportsIndex) -> AnyRow: ...
    @overload
    def __getitem__(self, key: slice) -> Table[AnyRow]: ...
    def __getitem__(self, key: Any) -> Any:
        """Return a row, or a table of some."""
        found = super().__getitem__(key)
        return Table(found, self.nothing, self.row) if isinstance(key, slice) else found


def table_html(rows: Any, nothing: str) -> str:
    """Write rows as HTML that takes the page's colours.

    Args:
        rows: A sequence of them.
        nothing: What stands there without any.
    """
    shown, left_out = _shown(rows, MOST_HTML_LINES)
    if not shown:
        return f"<p>{escape(nothing)}</p>"
    heads = _heads(shown)
    styles = [f"text-align:{'right' if is_number else 'left'}" for _, is_number in heads]
    lines = [_line("th", [head for head, _ in heads], styles)]
    lines += [_line("td", [text for _, text in cells], styles) for cells in shown]
    if left_out:
        gap = f"<td colspan='{len(heads)}' style='text-align:left'>… {left_out:,} rows more …"
        lines.insert(1 + MOST_HTML_LINES // 2, f"<tr>{gap}</td></tr>")
    body = f"<thead>{lines[0]}</thead><tbody>{''.join(lines[1:])}</tbody>"
    return f"<div style='{SCROLLED}'><table>{body}</table></div>"


def printable(text: str) -> str:
    """Show what would control a terminal; markup stays."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shortened(text: str, *, from_left: bool = False) -> str:
    """Leave out what is too long for a cell: its end, or of an address its beginning."""
    if len(text) <= LONGEST:
        return text
    return f"…{text[1 - LONGEST :]}" if from_left else f"{text[: LONGEST - 1]}…"


def _shown(rows: Any, most: int) -> tuple[list[Cells], int]:
    """Return the cells of the first and the last rows, and how many rows lie between."""
    kept = rows if len(rows) <= most else [*rows[: most // 2], *rows[-(most // 2) :]]
    return [row.cells() for row in kept], len(rows) - len(kept)


def _heads(shown: Sequence[Cells]) -> list[tuple[str, bool]]:
    """Return the heads, and whether all below each one are numbers."""
    columns = zip(*shown, strict=True)
    return [(column[0][0], all(NUMBER.fullmatch(text) for _, text in column)) for column in columns]


def _line(kind: str, texts: Iterable[str], styles: Iterable[str]) -> str:
    cells = (
        f"<{kind} style='{style};white-space:nowrap'>{escape(text)}</{kind}>"
        for text, style in zip(texts, styles, strict=True)
    )
    return f"<tr>{''.join(cells)}</tr>"
