"""What `dtperf inspect` says of files: all of one, a line of each of several, and their sum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dtperf.cli.options import as_options
from dtperf.cli.terminal import MEGABYTE, console, first_names, harmless, table
from dtperf.wording import counted

if TYPE_CHECKING:
    from rich.table import Table

    from dtperf.nanoaod.inspect import FileSummary
    from dtperf.selection.cuts import Extrapolation

__all__ = ["as_dict", "refusal", "show", "show_refused"]

SHOWN = 5
"""Runs, branches or collections that are named."""


def show(summaries: Sequence[FileSummary]) -> None:
    """Print all of one file, or a line of each of several, and their sum."""
    terminal = console()
    if len(summaries) == 1:
        terminal.print(_all_of_one(summaries[0]))
    elif summaries:
        terminal.print(_lines(summaries))
        for line in _sum(summaries):
            terminal.print(line)


def show_refused(errors: Sequence[str]) -> None:
    """Print on the error stream why files cannot be used."""
    for error in map(as_options, errors):
        console(stderr=True).print(f"dtperf: {error}", style="red", markup=False)


def refusal(summary: FileSummary) -> str:
    """Return why nothing can be measured on a file that is no muon DPG NANO."""
    lacking = _missing_columns(summary)["by_chamber"]
    return f"{summary.path}: is {summary.content}: it lacks {first_names(lacking, SHOWN)}"


def as_dict(summary: FileSummary) -> dict[str, Any]:
    """Return all that is known of a file, in a form for JSON."""
    return {
        **vars(summary),
        "source": _source(summary),
        "bytes_per_event": summary.bytes_per_event,
        "extrapolations": _extrapolations(summary),
        "measurements": _missing_columns(summary),
        "read_bytes": _read_bytes(summary),
    }


def _lines(summaries: Sequence[FileSummary]) -> Table:
    remarks = ["remarks"] if any(each.unfinished for each in summaries) else []
    source = ["source"] if len({*map(_source, summaries)}) > 1 else []
    shown = table("file", "content", *source, ">events", ">MB", ">bytes/event", "runs", *remarks)
    for each in summaries:
        per_event = each.bytes_per_event
        shown.add_row(
            harmless(each.path),
            f"generation {each.generation}, {each.kind}",
            *([_source(each)] if source else []),
            f"{each.entries:,}",
            f"{each.size_bytes / MEGABYTE:,.1f}",
            "" if per_event is None else f"{per_event:,.0f}",
            _span(each.runs),
            *([harmless(each.unfinished)] if remarks else []),
        )
    return shown


def _span(runs: Sequence[int]) -> str:
    return " – ".join(map(str, dict.fromkeys((min(runs), max(runs))))) if runs else "none"


def _sum(summaries: Sequence[FileSummary]) -> Iterator[str]:
    """Yield what the files are together, and what some of them lack."""
    events = sum(each.entries for each in summaries)
    size = sum(each.size_bytes for each in summaries)
    runs = {run for each in summaries for run in each.runs}
    per_event = f", {size / events:,.0f} bytes per event" if events else ""
    files, of = counted(len(summaries), "file"), counted(events, "event")
    yield f"{files}: {of}, {size / MEGABYTE:,.1f} MB{per_event}"
    yield f"{counted(len(runs), 'run')}: {_span([*runs])}"
    kinds = Counter(f"{each.content}, as {each.kind}" for each in summaries)
    yield from (
        f"{counted(count, 'file')}: {harmless(kind)}" for kind, count in kinds.most_common()
    )
    sources = Counter(map(_source, summaries))
    yield from (
        f"{counted(count, 'file')}: {name or 'source not known'}" for name, count in sources.items()
    )
    if without := sum(not each.entries for each in summaries):
        yield f"{counted(without, 'file')} without events"
    usable = [each for each in summaries if each.generation != "unknown"]
    lacks = Counter(line for each in usable for line in _unsupported(_missing_columns(each)))
    for line, count in lacks.most_common():
        yield f"not supported by {counted(count, 'file')}: {line}"
    if usable and not lacks:
        yield "all standard measurements are supported"


def _source(summary: FileSummary) -> str:
    """Return whether the events are data, simulation or synthetic; empty: nothing tells."""
    from dtperf.results.origin import EventOrigin

    one_a_run = {"run": summary.runs, "luminosityBlock": [0] * len(summary.runs)}
    numbers = one_a_run if summary.runs else None
    return EventOrigin.of(summary.mark, max(len(summary.runs), 1), numbers).words


def _extrapolations(summary: FileSummary) -> dict[Extrapolation, list[str]]:
    """Return, for every way to extrapolate, the columns that it lacks in this file."""
    from dtperf.measurements import extrapolations  # takes a second, needed only here

    return extrapolations(summary.columns)


def _missing_columns(summary: FileSummary) -> dict[str, list[str]]:
    """Return, for every measurement, the columns that it lacks in this file.

    Where only one way to extrapolate works, that is taken.
    """
    from dtperf.measurements import supported

    return supported(summary.columns, _way(summary))


def _way(summary: FileSummary) -> Extrapolation:
    """Return how to extrapolate: as usual, but where only the other way works."""
    lacking = _extrapolations(summary)
    return "helix" if lacking["ntuple"] and not lacking["helix"] else "ntuple"


def _read_bytes(summary: FileSummary) -> dict[str, float]:
    """Return the compressed bytes that a run reads of an event, by group of measurements.

    Without the groups that the file lacks branches for, but for those of luminosity and pile-up.
    """
    from dtperf.measurements import BY_GROUP, branches_by_group
    from dtperf.selection.branches import OPTIONAL_EVENT_COLUMNS

    optional = {*OPTIONAL_EVENT_COLUMNS.values()}
    lacking, sizes = _missing_columns(summary), summary.branch_bytes
    read = branches_by_group(_way(summary))
    return {
        name: sum(sizes.get(branch, 0) for branch in read[name]) / summary.entries
        for name, members in BY_GROUP.items()
        if summary.entries and all(optional.issuperset(lacking[each]) for each in members)
    }


def _all_of_one(summary: FileSummary) -> Table:
    """Return the table of one file."""
    shown = table("", "", title=harmless(summary.path))
    shown.show_header = False
    for name, value in _rows(summary).items():
        shown.add_row(f"[bold]{name}[/]", harmless(value))
    return shown


def _rows(summary: FileSummary) -> dict[str, str]:
    measurements = _missing_columns(summary)
    refused = summary.generation == "unknown"
    algorithm, level = summary.compression
    per_event = summary.bytes_per_event
    each = "" if per_event is None else f", {per_event:,.0f} bytes per event"
    made = ", ".join(name for name, lacking in measurements.items() if not lacking)
    return {
        "content": f"{summary.content}, as {summary.kind}",
        "source": _source(summary) or "not known",
        "uuid": _identity(summary.uuid),
        "events": f"{summary.entries:,} in {summary.clusters} cluster(s)",
        "runs": _runs(summary.runs),
        "luminosity blocks": f"{summary.luminosity_blocks:,}",
        "size": f"{summary.size_bytes:,} bytes{each}, {algorithm} level {level}",
        **({"unfinished": summary.unfinished} if summary.unfinished else {}),
        "branches": _branches(summary),
        "collections": _sizes(summary),
        "extrapolation": _ways(_extrapolations(summary)),
        "read by a run": _reads(summary),
        "measurements": made or "none",
        "not supported": "all" if refused else "\n".join(_unsupported(measurements)) or "none",
    }


def _sizes(summary: FileSummary) -> str:
    """Return where the bytes are."""
    sizes = summary.collections
    total = sum(sizes.values())
    parts = {name or "single numbers": size / total for name, size in sizes.items() if size}
    return first_names([f"{name} {part:.0%}" for name, part in parts.items()], SHOWN)


def _reads(summary: FileSummary) -> str:
    sizes = {name: f"{size:,.0f}" for name, size in _read_bytes(summary).items()}
    if not sizes:
        return "nothing"
    (_, standard), *groups = sizes.items()
    alone = f"{standard} bytes of an event"
    with_groups = ", ".join(f"{size} with {name}" for name, size in groups)
    return f"{alone}; {with_groups}" if groups else alone


def _identity(uuid: str) -> str:
    from dtperf.nanoaod.uuids import is_derived

    return f"{uuid}, made of its bytes: it has none" if is_derived(UUID(uuid)) else uuid


def _ways(lacking: dict[Extrapolation, list[str]]) -> str:
    """Return which values of the config's `extrapolation` a file can be used with."""
    usable = ", ".join(way for way, missing in lacking.items() if not missing) or "none"
    lacks = ((way, first_names(names, SHOWN)) for way, names in lacking.items() if names)
    refused = (f"{way}: lacking {names}" for way, names in lacks)
    return "; ".join([usable, *refused])


def _unsupported(measurements: dict[str, list[str]]) -> Iterator[str]:
    """Name the measurements that a file does not support, those with the same lack together."""
    from dtperf.selection.branches import OPTIONAL_EVENT_COLUMNS

    by_lack: dict[tuple[str, ...], list[str]] = {}
    for name, lacking in measurements.items():
        if lacking:
            by_lack.setdefault(tuple(lacking), []).append(name)
    given = {*OPTIONAL_EVENT_COLUMNS.values()}
    for lacking_all, names in by_lack.items():
        who = "all" if len(names) == len(measurements) else ", ".join(names)
        how = " (run --luminosity-by-block gives it)" if given.issuperset(lacking_all) else ""
        yield f"{who}: lacking {first_names(lacking_all, SHOWN)}{how}"


def _runs(runs: tuple[int, ...]) -> str:
    if len(runs) <= SHOWN:
        return ", ".join(map(str, runs)) or "none"
    return f"{len(runs)}, from {runs[0]} to {runs[-1]}"


def _branches(summary: FileSummary) -> str:
    text = f"{len(summary.columns)}"
    if summary.missing:
        text += f", {len(summary.missing)} known ones are not there"
    if summary.unknown:
        text += f", {len(summary.unknown)} are not known"
    return text
