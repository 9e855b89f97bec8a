"""The page of two results, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dtperf.comparison import changes, shared_files
from dtperf.flags import HIDING, flag
from dtperf.report.overview import title_of
from dtperf.report.pages import fill
from dtperf.report.words import hidden_losses, percent
from dtperf.statistics import probability
from dtperf.web import chamber_rows

if TYPE_CHECKING:
    from dtperf.comparison import Change
    from dtperf.results import Result

__all__ = ["render_comparison"]


def render_comparison(
    before: Result, after: Result, names: tuple[str, str], false_alarms: float = 0.01
) -> str:
    """Make the page of two results.

    Args:
        before: The reference.
        after: What is compared with it.
        names: Of both, such as their directories.
        false_alarms: Part of false alarms to allow among the chambers that are set off.

    Returns:
        The page as HTML.

    Raises:
        InputError: One of them has not measured 'by_chamber'.
    """
    found = changes(before, after)
    by_name = {change.chamber.name: change for change in found}
    rows = [_row(row, by_name.get(row["name"]), false_alarms) for row in chamber_rows(after)]
    return fill(
        "comparison.html",
        {"rows": rows, "kind": "difference"},
        title=f"{title_of(after)}: what has changed",
        before=before,
        after=after,
        names=names,
        stations=list(zip(before.by_station(), after.by_station(), strict=True)),
        hidden=hidden_losses(flag(after, before, false_alarms, HIDING)),
        changes=found,
        changed=[change for change in found if change.false_alarms <= false_alarms],
        false_alarms=false_alarms,
        shared=shared_files(before, after),
    )


def _row(row: dict[str, Any], change: Change | None, false_alarms: float) -> dict[str, Any]:
    """Turn a chamber's row into one of the map of differences."""
    row.pop("trend", None)  # of the second result only: it would not tell the difference
    if change is None:
        return row | {"value": None, "note": "no probes in one of both"}
    note = (
        f"A {percent(change.before)}, B {percent(change.after)}, p: {probability(change.p_value)}"
    )
    changed = {"reason": "has changed"} if change.false_alarms <= false_alarms else {}
    return row | {"value": change.difference, "note": note} | changed
