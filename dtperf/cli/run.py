"""`dtperf run`: measure files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from dtperf.config import AnalysisConfig

__all__ = ["run"]


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
    force: Annotated[bool, typer.Option("--force", help="Replace an older result in OUT.")] = False,
) -> None:
    """Measure the segment efficiency of files."""
    from dtperf.config import load_config

    given = {
        "run.executor": executor,
        "run.workers": workers,
        "run.chunksize": chunksize,
        "input.tree": tree,
    }
    overrides = [f"{key}={value}" for key, value in given.items() if value is not None]
    analysis = load_config(config, [*overrides, *(set_ or [])])
    _refuse_to_replace(out, force)
    _run(analysis, inputs, out, {"limit_files": limit_files, "limit_chunks": limit_chunks})


def _refuse_to_replace(out: Path, force: bool) -> None:
    from dtperf.errors import ConfigError

    if out.is_file():
        raise ConfigError(f"{out}: is a file; name a directory for the result")
    if (out / "result.json").exists() and not force:
        raise ConfigError(f"{out}: holds a result; name another directory, or add --force")
    nearest = next(path for path in (out, *out.absolute().parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise ConfigError(f"{out}: cannot be made or written in {nearest}")


def _run(config: AnalysisConfig, inputs: list[str], out: Path, limits: dict[str, Any]) -> None:
    from dtperf.cli.progress import progress_bar
    from dtperf.cli.report import print_report
    from dtperf.runner import run as run_analysis

    with progress_bar() as on_progress:
        result = run_analysis(config, inputs, on_progress=on_progress, **limits)
    result.save(out)
    print_report(result, out)
