"""What commands print with: the console, tables, lists cut short, and texts of others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

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
SHOWN = 10
"""Lines of a list."""
LONGEST = 300
"""Characters of a text that comes from elsewhere."""


def console(*, stderr: bool = False) -> Console:
    """Return the terminal, on which lines are not broken and numbers not coloured."""
    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def table(*columns: str, title: str | None = None, whole: bool = False) -> Table:
    """Return an empty table without lines.

    Args:
        columns: Heads; one with ``>`` in front is of a column of numbers.
        title: What stands above.
        whole: On a narrow terminal only texts go on in the next line, and no numbers.
    """
    made = Table(box=None, title=title, title_justify="left")
    for name in columns:
        if name.startswith(">"):
            made.add_column(name[1:], justify="right", overflow="fold", no_wrap=whole)
        else:
            made.add_column(name, overflow="fold")
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
