"""The page of two results, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dtperf.diagnostics.comparison import Changes, changes, shared_files
from dtperf.diagnostics.flags import HIDING, flag
from dtperf.pages.report import changed
from dtperf.pages.report.about import in_one_line, warning
from dtperf.pages.report.headlines import hidden_losses
from dtperf.pages.report.html import fill
from dtperf.pages.report.overview import title_of
from dtperf.pages.report.words import percent
from dtperf.results.caption import caption_of
from dtperf.results.colours import SURE
from dtperf.results.html import chamber_rows
from dtperf.statistics import probability

if TYPE_CHECKING:
    from dtperf.diagnostics.comparison import Change
    from dtperf.results.result import Result

__all__ = ["render_comparison"]


def render_comparison(
    before: Result, after: Result, names: tuple[str, str], false_alarms: float = 0.01
) -> str:
    """Make the page of two results.

    Args:
        before: The reference.
        after: What is compared with it.
        names: Of both, such as their directories.
        false_alarms: Part of false alarms to allow among the changes that are named.

    Returns:
        The page as HTML.

    Raises:
        InputError: One of them has not measured 'by_chamber'.
    """
    found = changes(before, after, false_alarms=false_alarms)
    chambers = {change.place.name: change for change in found.chambers}
    rows = [_row(row, chambers.get(row["name"]), found) for row in chamber_rows(after)]
    return fill(
        "comparison.html",
        {"rows": rows, "kind": "difference"},
        title=f"{title_of(after)}: what has changed",
        before=before,
        after=after,
        names=names,
        facts=[in_one_line(each) for each in (before, after)],
        caption=caption_of(after, before),
        warnings=[
            f"{name}: {text}"
            for name, each in (("A", before), ("B", after))
            if (text := warning(each))
        ],
        stations=list(zip(before.by_station(), after.by_station(), strict=True)),
        hidden=hidden_losses(flag(after, before, false_alarms, HIDING)),
        found=found,
        shared=shared_files(before, after),
    )


def _row(row: dict[str, Any], change: Change | None, found: Changes) -> dict[str, Any]:
    """Turn a chamber's row into one of the map of differences."""
    row.pop("trend", None)  # of the second result only: it would not tell the difference
    if change is None:
        return row | {"value": None, "note": "no probes in one of both"}
    note = (
        f"A {percent(change.before)}, B {percent(change.after)}, {changed.points(change)} points, "
        f"p: {probability(change.p_value)}"
    )
    reason = changed.reason(found, change.place.chambers[0])
    row |= {"value": change.difference, "note": note, "few": change.sigmas < SURE}
    return row | ({"reason": reason} if reason else {})
