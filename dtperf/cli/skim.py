"""`dtperf skim`: files to what any tighter selection can need."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dtperf.cli.options import (
    Chunksize,
    Cluster,
    Executor,
    Force,
    LimitChunks,
    LimitFiles,
    OnError,
    PerformanceReport,
    Resume,
    Retries,
    Set,
    Site,
    Tree,
    Workers,
    load_for_run,
)
from dtperf.cli.run import WITH_GAPS, kept_if_interrupted

__all__ = ["skim"]


def skim(
    config: Annotated[str, typer.Argument(help="Config with the loosest cuts, or its name.")],
    inputs: Annotated[
        list[str],
        typer.Argument(help="Files, globs, directories, root:// URLs, JSON or YAML filesets."),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Directory of the skim.")],
    compression: Annotated[
        str, typer.Option(help="none (fastest to load), lz4 or zstd (smallest).")
    ] = "none",
    executor: Executor = None,
    workers: Workers = None,
    chunksize: Chunksize = None,
    limit_files: LimitFiles = None,
    limit_chunks: LimitChunks = None,
    tree: Tree = None,
    set_: Set = None,
    on_error: OnError = None,
    retries: Retries = None,
    site: Site = None,
    cluster: Cluster = None,
    performance_report: PerformanceReport = None,
    resume: Resume = False,
    force: Force = False,
) -> None:
    """Measure files, and keep of them what any tighter selection can need."""
    from typing import cast, get_args

    from dtperf.cli.printed import print_report
    from dtperf.errors import ConfigError
    from dtperf.progress import progress_bar
    from dtperf.skim import skim as make_skim
    from dtperf.skim.parts import Compression

    if compression not in get_args(Compression):
        raise ConfigError(
            f"--compression {compression}: allowed: {', '.join(get_args(Compression))}"
        )
    analysis = load_for_run(
        config,
        set_,
        executor=executor,
        workers=workers,
        chunksize=chunksize,
        on_error=on_error,
        retries=retries,
        site=site,
        tree=tree,
        cluster=cluster,
        resume=resume,
        force=force,
    )
    with kept_if_interrupted(out), progress_bar(in_log=True) as on_progress:
        result = make_skim(
            analysis,
            inputs,
            out=out,
            compression=cast("Compression", compression),
            resume=resume,
            force=force,
            cluster=cluster,
            performance_report=performance_report,
            limit_files=limit_files,
            limit_chunks=limit_chunks,
            on_progress=on_progress,
        )
    print_report(result, out, is_skim=True)
    _tell(out, result.totals["events"])
    if result.skipped_files:
        raise typer.Exit(WITH_GAPS)


def _tell(out: Path, read: int) -> None:
    from dtperf.skim import load_skim

    parts = load_skim(out).parts.values()
    kept, size = sum(part.events for part in parts), sum(part.bytes for part in parts)
    per_event = size / max(read, 1)
    print(
        f"{kept:,} of {read:,} events can matter with tighter cuts: {size / 1e6:,.1f} MB, "
        f"{per_event:,.0f} bytes for each event read"
    )
    print(f"now: dtperf run CONFIG {out} -o OUT, or dtperf explore {out}")
