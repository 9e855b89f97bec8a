"""`dtperf run`: measure files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    Processor,
    Resume,
    Retries,
    Set,
    Site,
    Tree,
    Workers,
    load_for_run,
)

if TYPE_CHECKING:
    from dtperf.config import AnalysisConfig
    from dtperf.results.result import Result

__all__ = ["WITH_GAPS", "kept_if_interrupted", "run"]

WITH_GAPS = 3
"""Exit code of a run that had to leave something out."""


def run(
    config: Annotated[str, typer.Argument(help="Config file, or the name of a packaged analysis.")],
    inputs: Annotated[
        list[str],
        typer.Argument(
            help="Files, globs, directories, root:// URLs, JSON or YAML filesets; or a skim."
        ),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Result directory.")],
    executor: Executor = None,
    workers: Workers = None,
    chunksize: Chunksize = None,
    limit_files: LimitFiles = None,
    limit_chunks: LimitChunks = None,
    tree: Tree = None,
    processor: Processor = None,
    set_: Set = None,
    on_error: OnError = None,
    retries: Retries = None,
    site: Site = None,
    cluster: Cluster = None,
    performance_report: PerformanceReport = None,
    resume: Resume = False,
    force: Force = False,
) -> None:
    """Measure the segment efficiency of files."""
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
        processor=processor,
        cluster=cluster,
        resume=resume,
        force=force,
    )
    how = {"out": out, "resume": resume, "force": force, "cluster": cluster}
    how["performance_report"] = performance_report
    limits = {"limit_files": limit_files, "limit_chunks": limit_chunks}
    _run(analysis, inputs, out, {**how, **limits})


@contextmanager
def kept_if_interrupted(out: Path) -> Iterator[None]:
    """Yield that what was done is kept when a run ends early."""
    from dtperf.errors import ConfigError, DtperfError
    from dtperf.execution.checkpoint import newest
    from dtperf.process import remembered

    try:
        with remembered():
            yield
    except (DtperfError, KeyboardInterrupt) as error:
        if not isinstance(error, ConfigError) and newest(out) not in (None, out):
            print(f"{out}: what was measured is kept; go on with --resume", file=sys.stderr)
        raise


def _run(config: AnalysisConfig, inputs: list[str], out: Path, options: dict[str, Any]) -> None:
    from dtperf.api import run as run_analysis
    from dtperf.cli.printed import print_report, print_verdict
    from dtperf.progress import progress_bar

    with kept_if_interrupted(out), progress_bar(in_log=True) as on_progress:
        result = run_analysis(config, inputs, on_progress=on_progress, **options)
    print_report(result, out)
    print_verdict(result)
    print(f"First event {_start_up_s(result):.1f} s after the command")
    if result.skipped_files:
        raise typer.Exit(WITH_GAPS)


def _start_up_s(result: Result) -> float:
    """Return the time from the start of this process to that of measuring."""
    from datetime import datetime

    import psutil  # type: ignore[import-untyped]

    job = max(result.jobs, key=lambda job: str(job["begin"]))
    began = datetime.fromisoformat(job["begin"]).timestamp()
    began += job["seconds"] - job["seconds_measuring"]
    return float(began - psutil.Process().create_time())
