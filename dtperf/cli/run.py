"""`dtperf run`: measure files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from dtperf.config import AnalysisConfig
    from dtperf.results import Result

__all__ = ["run"]

WITH_GAPS = 3
"""Exit code of a run that had to leave something out."""


def run(
    config: Annotated[str, typer.Argument(help="Config file, or the name of a packaged analysis.")],
    inputs: Annotated[
        list[str],
        typer.Argument(help="Files, globs, directories, root:// URLs, JSON or YAML filesets."),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Result directory.")],
    executor: Annotated[
        str | None, typer.Option(help="iterative (here), futures (local processes) or dask.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Processes or workers.")] = None,
    chunksize: Annotated[int | None, typer.Option(help="Events measured at once.")] = None,
    limit_files: Annotated[int | None, typer.Option(min=1, help="Only the first files.")] = None,
    limit_chunks: Annotated[int | None, typer.Option(min=1, help="Only the first chunks.")] = None,
    tree: Annotated[str | None, typer.Option(help="Name of the TTree or RNTuple.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change the config.")
    ] = None,
    on_error: Annotated[
        str | None,
        typer.Option(metavar="stop|skip", help="What to do with events that cannot be read."),
    ] = None,
    retries: Annotated[int | None, typer.Option(help="How often to ask a server again.")] = None,
    site: Annotated[str | None, typer.Option(help="Whose redirectors to try, too.")] = None,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Where Dask workers come from, instead of --executor."),
    ] = None,
    performance_report: Annotated[
        Path | None,
        typer.Option(metavar="HTML", help="Write Dask's report of the run; needs bokeh."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with what is in OUT, and fill its gaps.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace what is in OUT.")] = False,
) -> None:
    """Measure the segment efficiency of files."""
    from dtperf.config import load_config
    from dtperf.errors import ConfigError

    given = {
        "run.executor": executor,
        "run.workers": workers,
        "run.chunksize": chunksize,
        "run.on_error": on_error,
        "run.retries": retries,
        "run.site": site,
        "input.tree": tree,
    }
    if resume and force:
        raise ConfigError("--resume and --force: go on with what is there, or replace it?")
    overrides = [f"{key}={value}" for key, value in given.items() if value is not None]
    analysis = load_config(config, [*overrides, *(set_ or [])])
    if cluster is not None and executor is not None:
        raise ConfigError("--cluster and --executor: a cluster's workers are Dask's")
    how = {"out": out, "resume": resume, "force": force, "cluster": cluster}
    how["performance_report"] = performance_report
    limits = {"limit_files": limit_files, "limit_chunks": limit_chunks}
    _run(analysis, inputs, out, {**how, **limits})


def _run(config: AnalysisConfig, inputs: list[str], out: Path, options: dict[str, Any]) -> None:
    from dtperf.checkpoint import newest
    from dtperf.cli.printed import print_report
    from dtperf.cli.progress import progress_bar
    from dtperf.errors import ConfigError, DtperfError
    from dtperf.interrupts import remembered
    from dtperf.runner import run as run_analysis

    try:
        with remembered(), progress_bar() as on_progress:
            result = run_analysis(config, inputs, on_progress=on_progress, **options)
    except (DtperfError, KeyboardInterrupt) as error:
        if not isinstance(error, ConfigError) and newest(out) not in (None, out):
            print(f"{out}: what was measured is kept; go on with --resume", file=sys.stderr)
        raise
    print_report(result, out)
    print(f"First event {_start_up_s(result):.1f} s after the command")
    if result.skipped_files:
        raise typer.Exit(WITH_GAPS)


def _start_up_s(result: Result) -> float:
    """Give the time from the start of this process to that of measuring."""
    from datetime import datetime

    import psutil  # type: ignore[import-untyped]

    job = max(result.jobs, key=lambda job: str(job["begin"]))
    began = datetime.fromisoformat(job["begin"]).timestamp()
    began += job["seconds"] - job["seconds_measuring"]
    return float(began - psutil.Process().create_time())
