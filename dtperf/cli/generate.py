"""`dtperf generate`: make synthetic data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dtperf.cli.as_json import of_file, print_json
from dtperf.cli.options import AsJson, Force, Set
from dtperf.wording import counted

if TYPE_CHECKING:
    from dtperf.synthetic import Generated, Settings

__all__ = ["generate"]


def generate(
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="DIR", help="Directory for the files.")
    ],
    events: Annotated[
        int | None, typer.Option(metavar="N", help="Events in all files together.")
    ] = None,
    files: Annotated[int | None, typer.Option(metavar="N", help="Number of files.")] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Another seed gives other events.")
    ] = None,
    runs: Annotated[int | None, typer.Option(metavar="N", help="Number of runs.")] = None,
    generation: Annotated[
        str | None,
        typer.Option(metavar="A|B", help="A (382 branches, int8) or B (410 branches, int16)."),
    ] = None,
    format_: Annotated[
        str | None, typer.Option("--format", metavar="ttree|rntuple", help="How events are stored.")
    ] = None,
    compression: Annotated[
        str | None, typer.Option(metavar="zstd|lzma|lz4", help="How they are compressed.")
    ] = None,
    content: Annotated[
        str | None,
        typer.Option(
            metavar="lean|full",
            help="lean: what the analysis reads; full: every collection is filled.",
        ),
    ] = None,
    truth_events: Annotated[
        bool, typer.Option("--truth-events", help="Write every true crossing of a chamber, too.")
    ] = False,
    break_: Annotated[
        str | None,
        typer.Option("--break", metavar="FAULT,…", help="Break the last files, one each."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="YAML file with settings, as --set has them."),
    ] = None,
    set_: Set = None,
    workers: Annotated[
        int, typer.Option(metavar="N", min=1, help="Processes, which share out the files.")
    ] = 1,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Make synthetic muon DPG NANO, with the truth beside it."""
    from dtperf.synthetic import load_settings

    given = {
        "events": events,
        "files": files,
        "seed": seed,
        "runs": runs,
        "generation": generation,
        "format": format_,
        "compression": compression,
        "content": content,
        "truth_events": "true" if truth_events else None,
        "broken": None if break_ is None else f"[{break_}]",
    }
    overrides = [f"{key}={value}" for key, value in given.items() if value is not None]
    settings = load_settings(config, [*overrides, *(set_ or [])])
    _generate(settings, out, workers, force, as_json)


def _generate(settings: Settings, out: Path, workers: int, force: bool, as_json: bool) -> None:
    from dtperf.synthetic import generate as write

    made = write(settings, out, workers=workers, force=force)
    if as_json:
        print_json(_as_dict(settings, made))
        return
    for line in _report(settings, made):
        print(line)


def _as_dict(settings: Settings, made: Generated) -> dict[str, Any]:
    files = [
        of_file(made.directory / file.name, settings.format)
        | {"events": file.events, "broken": file.broken}
        for file in made.files
    ]
    return {
        "path": made.directory,
        "events": settings.events,
        "seed": settings.seed,
        "files": files,
        "truth": made.truth_files,
        "seconds": made.seconds,
    }


def _report(settings: Settings, made: Generated) -> list[str]:
    events, size = settings.events, made.bytes
    broken = [f"{file.name}: {file.broken}" for file in made.files if file.broken]
    written = f"{counted(events, 'event')} in {counted(settings.files, 'file')}"
    return [
        f"{written}, {size / 1e6:,.1f} MB, {size / events:,.0f} bytes an event",
        f"{made.seconds:.1f} s: {events / made.seconds:,.0f} events/s",
        *([f"broken, and not in the truth: {', '.join(broken)}"] if broken else []),
        f"truth in {' and '.join(map(str, made.truth_files))}",
        f"now: dtperf run reference_2023 {made.directory} -o result",
    ]
