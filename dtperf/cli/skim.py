"""`dtperf skim`: files to what any tighter selection can need."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from dtperf.cli import complete
from dtperf.cli.as_json import print_json
from dtperf.cli.options import WITH_GAPS, AsJson, RunOptions, with_run_options
from dtperf.cli.run import advise_resume
from dtperf.wording import counted

__all__ = ["skim"]


@with_run_options
def skim(
    config: Annotated[
        str,
        typer.Argument(
            autocompletion=complete.analyses, help="Config with the loosest cuts, or its name."
        ),
    ],
    inputs: Annotated[
        list[str],
        typer.Argument(help="Files, globs, directories, root:// URLs, JSON or YAML filesets."),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="Directory of the skim.")],
    *,
    compression: Annotated[
        Literal["none", "lz4", "zstd"],
        typer.Option(
            metavar="none|lz4|zstd", help="none is the fastest to load, zstd the smallest."
        ),
    ] = "none",
    as_json: AsJson = False,
    options: RunOptions,
) -> None:
    """Measure files, and keep of them what any tighter selection can need."""
    from dtperf.cli.printed import print_report
    from dtperf.cli.summary import summary
    from dtperf.progress import progress_bar
    from dtperf.skim import skim as make_skim

    analysis = options.load(config)
    with advise_resume(out), progress_bar(in_log=True) as on_progress:
        result = make_skim(
            analysis,
            inputs,
            out=out,
            compression=compression,
            on_progress=on_progress,
            **options.arguments(),
        )
    if as_json:
        print_json(summary(result, out))
    else:
        print_report(result, out, is_skim=True)
        _print_size(out, result.totals["events"], result.totals["bytes"])
    if result.skipped_files:
        raise typer.Exit(WITH_GAPS)


def _print_size(out: Path, read: int, asked: int) -> None:
    from dtperf.skim import load_skim

    parts = load_skim(out).parts.values()
    kept, size = sum(part.events for part in parts), sum(part.bytes for part in parts)
    print(
        f"{kept:,} of {counted(read, 'event')} can matter with tighter cuts: {size / 1e6:,.1f} MB, "
        f"{size / max(read, 1):,.0f} bytes for each event read, "
        f"where a run on the files reads {asked / max(read, 1):,.0f}"
    )
    print(f"now: dtperf run CONFIG {out} -o OUT, or dtperf explore {out}")
