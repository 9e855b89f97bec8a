"""What commands print with: the console, tables, lists cut short, and texts of others."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.markup import escape
from rich.table import Column, Table
from rich.text import Text

from dtperf.results.table import printable

if TYPE_CHECKING:
    from dtperf.results.summary import Efficiency

__all__ = [
    "LONGEST",
    "MEGABYTE",
    "SHOWN",
    "console",
    "duration",
    "first_lines",
    "first_names",
    "harmless",
    "percent",
    "table",
]

MEGABYTE = 1e6
WIDEST = 10_000
"""Columns of a terminal that is none."""
LONG = 20
"""Columns of which a table's last one has enough to stand beside the others."""
PADDING = 2
"""Blanks that rich puts around a cell of a table without lines."""
SHOWN = 10
"""Lines of a list."""
LONGEST = 300
"""Characters of a text that comes from elsewhere."""


def console(*, stderr: bool = False) -> Console:
    """Return the terminal, on which lines are not broken and numbers not coloured.

    A file or a pipe is as wide as what is written, unless COLUMNS says otherwise.
    """
    made = Console(stderr=stderr, highlight=False, soft_wrap=True)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = WIDEST
    return made


class _Whole(Table):
    """A table that breaks no name and no number, however narrow the terminal is."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it; where not even its words fit beside each other, a row below the other."""
        *others, last = (PADDING + _least_width(column) for column in self.columns)
        if sum(others) + min(last, LONG) > options.max_width:
            yield from self._rows_below_each_other()
            return
        # what only the last column has too much of goes on in the next line by itself
        width = max(options.max_width, sum(others) + last)
        self._share_out(width - sum(others) - last)
        yield from super().__rich_console__(console, options.update(max_width=width))

    def _share_out(self, room: int) -> None:
        """Give columns their widths: what they must have, and each its share of the rest."""
        needs = [(_most_width(each) - _least_width(each), each) for each in self.columns]
        needs.sort(key=lambda need: need[0])
        for number, (wanted, column) in enumerate(needs):
            given = min(wanted, room // (len(needs) - number))
            column.width = _least_width(column) + given
            room -= given

    def _rows_below_each_other(self) -> RenderResult:
        if self.title:
            yield Text.from_markup(str(self.title), style="table.title")
        heads = [str(column.header) for column in self.columns]
        for number, cells in enumerate(
            zip(*(column.cells for column in self.columns), strict=True)
        ):
            row = [str(cell) for cell in cells]
            is_part = row[0].startswith(" ") or not row[0]  # of the row above
            if number and not is_part:
                yield Text()
            shown = Table.grid(padding=(0, PADDING, 0, 0))
            shown.add_column(min_width=max(map(cell_len, heads)))
            shown.add_column(min_width=max(map(_longest_word, row)), overflow="fold")
            for head, cell in zip(heads, row, strict=True):
                if cell:
                    shown.add_row(Text(head, style="table.header"), cell.strip())
            yield shown
        yield Text()
        if self.caption:
            yield Text.from_markup(str(self.caption), style="table.caption")


def _least_width(column: Column) -> int:
    """Return the width that a column must have: texts go on at a blank, numbers do not."""
    width_of = _longest_word if column.justify == "left" else _width
    return max([_longest_word(column.header), *map(width_of, column.cells)])


def _most_width(column: Column) -> int:
    return max(map(_width, [column.header, *column.cells]))


def _longest_word(text: RenderableType) -> int:
    plain = Text.from_markup(str(text)).plain
    indented = len(plain) - len(plain.lstrip())
    return indented + max(map(cell_len, plain.split()), default=0)


def _width(text: RenderableType) -> int:
    return cell_len(Text.from_markup(str(text)).plain)


def table(*columns: str, title: str | None = None) -> Table:
    """Return an empty table without lines.

    Args:
        columns: Heads; one with ``>`` in front is of a column of numbers.
        title: What stands above.
    """
    made = _Whole(box=None, title=title, title_justify="left")
    for name in columns:
        justify: Literal["left", "right"] = "right" if name.startswith(">") else "left"
        made.add_column(name.removeprefix(">"), justify=justify, overflow="fold")
    return made


def first_lines(lines: Iterable[str], more: str, indent: str = "") -> Iterator[str]:
    """Yield the first lines of a list, and how many there are beyond.

    Args:
        lines: All of them.
        more: What these are, such as ``more files``.
        indent: What each line begins with.
    """
    every = [*lines]
    yield from (f"{indent}{line}" for line in every[:SHOWN])
    if len(every) > SHOWN:
        yield f"{indent}… and {len(every) - SHOWN:,} {more}"


def first_names(names: Sequence[str], most: int) -> str:
    """Join the first names of a list, and say how many there are beyond."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def percent(efficiency: Efficiency | None) -> str:
    """Write an efficiency in percent."""
    if efficiency is None:
        return "not measured"
    return f"{100 * efficiency.value:.3f}" if efficiency.total else "no probe"


def duration(seconds: float) -> str:
    """Write a time in the unit in which it is short."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def harmless(text: str) -> str:
    """Make a text that comes from elsewhere harmless for the terminal: no markup, no control."""
    return escape(printable(text))
