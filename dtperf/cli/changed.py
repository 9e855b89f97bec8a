"""What has changed, as `dtperf compare` and `dtperf trend` print it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
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

    table = Table(box=None)
    table.add_column(title)
    for head in ("before %", "after %", "difference", "sigma", "p"):
        table.add_column(head, justify="right", no_wrap=True)
    for head, _ in more:
        table.add_column(head)
    for change in changes:
        table.add_row(
            name(change),
            *(f"{100 * side.value:.3f}" for side in (change.before, change.after)),
            points(change),
            f"{change.sigmas:.1f}",
            probability(change.p_value),
            *(text(change) for _, text in more),
        )
    return table
