"""What `dtperf fileset` says of filesets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from dtperf.cli.options import as_options
from dtperf.cli.terminal import LONGEST, MEGABYTE, console, first_lines, first_names, harmless
from dtperf.wording import counted

if TYPE_CHECKING:
    from dtperf.filesets import Diff, InputFile
    from dtperf.filesets.check import UnreadableFile

__all__ = ["diff_as_dict", "show_diff", "show_problems", "show_remarks", "show_summary", "summary"]


def summary(files: Sequence[InputFile]) -> dict[str, Any]:
    """Sum up files; what is not known of some is not in the sums."""
    datasets: dict[str, dict[str, int]] = {}
    for file in files:
        its = datasets.setdefault(file.dataset, {"files": 0, "events": 0})
        its["files"] += 1
        its["events"] += file.events
    return {
        "files": len(files),
        "events": sum(file.events for file in files),
        "bytes": sum(file.bytes or 0 for file in files),
        "unknown": sum(not file.is_known for file in files),
        "without_events": sum(file.is_counted and not file.events for file in files),
        "in_part": sum(file.ranges is not None for file in files),
        "generations": dict(sorted(Counter(f.generation for f in files if f.generation).items())),
        "datasets": datasets,
    }


def show_summary(name: str, files: Sequence[InputFile]) -> None:
    """Print files, events, bytes, generations and datasets."""
    found = summary(files)
    events, size = found["events"], found["bytes"] / MEGABYTE
    terminal = console()
    of = f"{counted(len(files), 'file')}, {counted(events, 'event')}"
    terminal.print(f"{harmless(name)}: {of}, {size:,.1f} MB")
    remarks = {
        "unknown": "that were not opened: not all is known of them",
        "without_events": "without events",
        "in_part": "of which only some events are to be read",
    }
    for key, remark in remarks.items():
        if found[key]:
            terminal.print(f"{counted(found[key], 'file')} {remark}")
    for generation, count in found["generations"].items():
        terminal.print(f"generation {harmless(generation)}: {counted(count, 'file')}")
    datasets = [
        f"{harmless(dataset)}: {counted(its['files'], 'file')}, {counted(its['events'], 'event')}"
        for dataset, its in found["datasets"].items()
    ]
    for line in first_lines(datasets, "more datasets") if len(datasets) > 1 else ():
        terminal.print(line)


def show_problems(problems: Sequence[UnreadableFile], n_files: int) -> None:
    """Print on the error stream which files could not be used, and why."""
    terminal = console(stderr=True)
    if problems:
        terminal.print(
            f"{len(problems):,} of {counted(n_files, 'file')} cannot be used; "
            "they are in the fileset, with nothing new known of them:"
        )
    errors = (problem.error for problem in problems)
    lines = (f"{error.cause}: {harmless(as_options(str(error))[:LONGEST])}" for error in errors)
    for line in first_lines(lines, "more", "  "):
        terminal.print(line)


def show_remarks(remarks: Sequence[str]) -> None:
    """Print on the error stream what a user should know of files that can be used."""
    terminal = console(stderr=True)
    for line in first_lines((harmless(each[:LONGEST]) for each in remarks), "more such files"):
        terminal.print(line)


def diff_as_dict(found: Diff) -> dict[str, Any]:
    """Return differences in a form for JSON."""
    return {
        "only_a": [file.path for file in found.only_a],
        "only_b": [file.path for file in found.only_b],
        "moved": [[a.path, b.path] for a, b in found.moved],
        "changed": [
            {"a": a.path, "b": b.path, "values": {n: _plain(pair) for n, pair in values.items()}}
            for a, b, values in found.changed
        ],
    }


def _plain(pair: tuple[Any, Any]) -> list[Any]:
    return [x if x is None or isinstance(x, int | tuple) else str(x) for x in pair]


def show_diff(found: Diff, a: str, b: str) -> None:
    """Print differences, the first ones of each kind."""
    if found.is_equal:
        console().print(f"{harmless(a)} and {harmless(b)}: the same files and events")
    _list(f"only in {a}", (file.path for file in found.only_a))
    _list(f"only in {b}", (file.path for file in found.only_b))
    _list("moved", (f"{one.path} → {other.path}" for one, other in found.moved))
    _list("changed", (f"{each.b.path}: {_values(each.values)}" for each in found.changed))


def _values(values: dict[str, tuple[Any, Any]]) -> str:
    pairs = ((name, *map(_short, pair)) for name, pair in values.items())
    return ", ".join(f"{name} {one} → {other}" for name, one, other in pairs)


def _short(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, tuple):
        return first_names([f"{start} to {stop}" for start, stop in value], 3) or "none"
    return str(value)


def _list(title: str, lines: Iterable[str]) -> None:
    every = [*lines]
    terminal = console()
    if every:
        terminal.print(f"{harmless(title)}: {counted(len(every), 'file')}")
    for line in first_lines(map(harmless, every), "more: --json names them all", "  "):
        terminal.print(line)
