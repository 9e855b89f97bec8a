"""The page of one result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup

from dtperf.config.show import config_to_yaml
from dtperf.detector import Place
from dtperf.diagnostics.comparison import Changes, changes, shared_files
from dtperf.diagnostics.flags import reasons
from dtperf.errors import InputError
from dtperf.pages.report import changed
from dtperf.pages.report.about import about, warning
from dtperf.pages.report.flagged import MOST_PLOTTED, addresses, flagged_places
from dtperf.pages.report.groups import drawn_on_demand, sections
from dtperf.pages.report.headlines import verdict
from dtperf.pages.report.html import fill, save
from dtperf.pages.report.own import own_numbers, own_pictures
from dtperf.pages.report.pictures import against_runs
from dtperf.results.colours import FEW, SURE
from dtperf.results.html import UNTITLED, chamber_map, chamber_rows, counted_twice

if TYPE_CHECKING:
    from dtperf.detector import Chamber
    from dtperf.diagnostics.flags import Flag
    from dtperf.results.ledger import LedgerRow
    from dtperf.results.result import Result

__all__ = ["render", "title_of", "write"]

SHOWN_FILES = 200
LONGEST_MESSAGE = 300
MOST_FLAGS = 10
"""Of a group, in its own section."""


class Skipped(NamedTuple):
    """What was skipped for one cause."""

    cause: str
    files: int
    events: int


class SkippedFile(NamedTuple):
    """A file of which something was skipped."""

    name: str
    events: int
    cause: str
    message: str


def render(
    result: Result,
    flags: Sequence[Flag],
    reference: Result | None = None,
    found: Changes | None = None,
) -> str:
    """Make the page of a result.

    Args:
        result: What was measured.
        flags: What is wrong with which chamber, see `dtperf.flags.flag`.
        reference: Another result, to tell the differences to.
        found: What `changes(reference, result)` gives, where it is known.

    Returns:
        The page as HTML.

    Raises:
        InputError: One of the results has not measured 'by_chamber'.
    """
    if not result.by_chamber():
        raise InputError("the result lacks 'by_chamber': measure it, to report on chambers")
    if found is None and reference is not None:
        found = changes(reference, result)
    flagged = flagged_places(result, flags)
    rows = chamber_rows(result, reasons(flags))
    if found is not None:
        _add_differences(rows, found)
    data: dict[str, Any] = {"rows": rows, "has_reference": reference is not None}
    if groups := sections(result, flags):
        data["pictures"] = drawn_on_demand(result)
    return fill(
        "report.html",
        data,
        on_demand=bool(groups),
        groups=groups,
        most_flags=MOST_FLAGS,
        title=title_of(result),
        warning=warning(result),
        about=about(result),
        result=result,
        reference=reference,
        verdict=verdict(result, flags, found),
        still_map=Markup(chamber_map(rows)),  # made of our names and numbers
        flagged=flagged,
        addresses=addresses(flagged),
        most_plotted=MOST_PLOTTED,
        few=FEW,
        chambers=[(row.chamber, row.efficiency) for row in result.by_chamber()],
        kinds=_kinds(flags),
        found=found,
        place=Place,
        shared=shared_files(reference, result) if reference is not None else 0,
        trend=against_runs(result),
        own_numbers=own_numbers(result),
        own_pictures=own_pictures(result, reference),
        config_yaml=config_to_yaml(result.config),
        counted_twice=counted_twice(result),
        remarks=_remarks(result)[:SHOWN_FILES],
        skipped=_skipped(result),
        skipped_files=_skipped_files(result)[:SHOWN_FILES],
    )


def write(
    result: Result,
    path: Path,
    flags: Sequence[Flag],
    reference: Result | None = None,
    found: Changes | None = None,
) -> Path:
    """Write the page of a result.

    Args:
        result: What was measured.
        path: The file; a page of ours that is there is replaced.
        flags: What is wrong with which chamber.
        reference: Another result, to tell the differences to.
        found: What `changes(reference, result)` gives, where it is known.

    Returns:
        The file.

    Raises:
        ConfigError: The file is there and something else, or cannot be written.
        InputError: One of the results has not measured 'by_chamber'.
    """
    return save(render(result, flags, reference, found), path)


def title_of(result: Result) -> str:
    """Return a result's title, or one for it."""
    return result.config.title or UNTITLED


def _add_differences(rows: list[dict[str, Any]], found: Changes) -> None:
    changes_by_name = {change.place.name: change for change in found.chambers}
    for row in rows:
        if change := changes_by_name.get(row["name"]):
            row["difference"] = change.difference
            row["is_unsure"] = change.sigmas < SURE
            row["note"] = f"{changed.points(change)} points to the reference"


def _kinds(flags: Iterable[Flag]) -> dict[Chamber, list[str]]:
    """List the kinds of flags of each chamber, each once."""
    kinds: dict[Chamber, list[str]] = {}
    for flag in flags:
        for chamber in flag.place.chambers:
            mine = kinds.setdefault(chamber, [])
            if flag.kind not in mine:
                mine.append(flag.kind)
    return kinds


def _remarks(result: Result) -> list[tuple[str, str]]:
    return [(file, remark[:LONGEST_MESSAGE]) for file, remark in result.remarks.items()]


def _skipped(result: Result) -> list[Skipped]:
    rows = [row for row in result.ledger if row.status == "skipped"]
    causes = [cause for cause, _ in Counter(row.cause for row in rows).most_common()]
    return [_of_cause(cause, [row for row in rows if row.cause == cause]) for cause in causes]


def _of_cause(cause: str, rows: list[LedgerRow]) -> Skipped:
    files = len({row.identity for row in rows})
    return Skipped(cause, files, sum(row.events for row in rows))


def _skipped_files(result: Result) -> list[SkippedFile]:
    files: dict[str, list[LedgerRow]] = {}
    for row in result.ledger:
        if row.status == "skipped":
            files.setdefault(row.identity, []).append(row)
    return [_skipped_file(rows) for rows in files.values()]


def _skipped_file(rows: list[LedgerRow]) -> SkippedFile:
    first = rows[0]
    message = first.message.removeprefix(f"{first.file}: ")[:LONGEST_MESSAGE]
    return SkippedFile(first.file, sum(row.events for row in rows), first.cause, message)
