"""``dtperf inspect FILE…``: what files hold, and which measurements they support."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dtperf.cli.options import Tree
from dtperf.cli.terminal import first_names
from dtperf.errors import InputError

if TYPE_CHECKING:
    from dtperf.nanoaod.inspect import FileSummary
    from dtperf.selection.cuts import Extrapolation

__all__ = ["inspect"]

SHOWN = 5
"""Runs, branches or collections that are named."""


def inspect(
    files: Annotated[list[str], typer.Argument(help="Files or URLs to look into.")],
    tree: Tree = "Events",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, with all names of branches.")
    ] = False,
) -> None:
    """Show what files hold: format, generation, runs, branches, supported measurements."""
    from dtperf.addresses import bare
    from dtperf.filesets.names import parse_name, refuse_foreign_path
    from dtperf.nanoaod.inspect import inspect_file

    refused = {}
    summaries = []
    for text in files:
        path, its_tree = parse_name(text)
        try:
            refuse_foreign_path(path)
            summaries.append(inspect_file(path, its_tree or tree))
        except InputError as error:
            refused[bare(path)] = str(error)
    refused |= {s.path: _refusal(s) for s in summaries if s.generation == "unknown"}
    if as_json:
        errors = [{"path": path, "error": error} for path, error in refused.items()]
        typer.echo(json.dumps([*map(_as_dict, summaries), *errors], indent=2))
    else:
        _show(summaries, list(refused.values()))
    if refused:
        raise typer.Exit(InputError.exit_code)


def _show(summaries: list[FileSummary], errors: list[str]) -> None:
    console, stderr = Console(), Console(stderr=True)
    for summary in summaries:
        console.print(_table(summary))
    for error in errors:
        stderr.print(f"dtperf: {error}", style="red", markup=False, highlight=False, soft_wrap=True)


def _refusal(summary: FileSummary) -> str:
    """Return why nothing can be measured on a file that is no muon DPG NANO."""
    lacking = _missing_columns(summary)["by_chamber"]
    return f"{summary.path}: is {summary.content}: it lacks {first_names(lacking, SHOWN)}"


def _as_dict(summary: FileSummary) -> dict[str, Any]:
    return {
        **asdict(summary),
        "bytes_per_event": summary.bytes_per_event,
        "extrapolations": _extrapolations(summary),
        "measurements": _missing_columns(summary),
    }


def _extrapolations(summary: FileSummary) -> dict[Extrapolation, list[str]]:
    """Return, for every way to extrapolate, the columns that it lacks in this file."""
    from dtperf.measurements import extrapolations  # takes a second, needed only here

    return extrapolations(summary.columns)


def _missing_columns(summary: FileSummary) -> dict[str, list[str]]:
    """Return, for every measurement, the columns that it lacks in this file.

    Where only one way to extrapolate works, that is taken.
    """
    from dtperf.measurements import supported

    lacking = _extrapolations(summary)
    only_helix = lacking["ntuple"] and not lacking["helix"]
    return supported(summary.columns, "helix" if only_helix else "ntuple")


def _table(summary: FileSummary) -> Table:
    """Return the table of one file."""
    table = Table(title=Text(summary.path), show_header=False, title_justify="left")
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _rows(summary).items():
        table.add_row(name, value)
    return table


def _rows(summary: FileSummary) -> dict[str, str]:
    measurements = _missing_columns(summary)
    refused = summary.generation == "unknown"
    algorithm, level = summary.compression
    per_event = summary.bytes_per_event
    each = "" if per_event is None else f", {per_event:,.0f} bytes per event"
    made = ", ".join(name for name, lacking in measurements.items() if not lacking)
    return {
        "content": f"{summary.content}, as {summary.kind}",
        "uuid": _identity(summary.uuid),
        "events": f"{summary.entries:,} in {summary.clusters} cluster(s)",
        "runs": _runs(summary.runs),
        "luminosity blocks": f"{summary.luminosity_blocks:,}",
        "size": f"{summary.size_bytes:,} bytes{each}, {algorithm} level {level}",
        **({"unfinished": summary.unfinished} if summary.unfinished else {}),
        "branches": _branches(summary),
        "collections": _sizes(summary),
        "extrapolation": _ways(_extrapolations(summary)),
        "measurements": made or "none",
        "not supported": "all" if refused else "\n".join(_unsupported(measurements)) or "none",
    }


def _sizes(summary: FileSummary) -> str:
    """Return where the bytes are."""
    sizes = summary.collections
    total = sum(sizes.values())
    parts = {name or "single numbers": size / total for name, size in sizes.items() if size}
    return first_names([f"{name} {part:.0%}" for name, part in parts.items()], SHOWN)


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
    by_lack: dict[tuple[str, ...], list[str]] = {}
    for name, lacking in measurements.items():
        if lacking:
            by_lack.setdefault(tuple(lacking), []).append(name)
    for lacking_all, names in by_lack.items():
        who = "all" if len(names) == len(measurements) else ", ".join(names)
        yield f"{who}: lacking {first_names(lacking_all, SHOWN)}"


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
