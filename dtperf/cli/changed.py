"""What has changed, as `dtperf compare` and `dtperf trend` print it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from dtperf.cli.terminal import table

if TYPE_CHECKING:
    from rich.table import Table

    from dtperf.diagnostics.comparison import Change

__all__ = ["table_of_changes"]


def table_of_changes(
    changes: Sequence[Change],
    title: str,
    more: Sequence[tuple[str, Callable[[Change], str]]] = (),
) -> Table:
    """List changes.

    Args:
        changes: In their order.
        title: Head of the first column.
        more: Heads of further columns, and what stands in them.
    """
    from dtperf.pages.report.changed import name, points
    from dtperf.statistics import probability  # loads scipy

    numbers = (">before %", ">after %", ">difference", ">sigma", ">p")
    shown = table(title, *numbers, *(head for head, _ in more))
    for change in changes:
        shown.add_row(
            name(change),
            *(f"{100 * side.value:.3f}" for side in (change.before, change.after)),
            points(change),
            f"{change.sigmas:.1f}",
            probability(change.p_value),
            *(text(change) for _, text in more),
        )
    return shown
