"""Options that several commands have."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dtperf.config import AnalysisConfig

__all__ = [
    "Chunksize",
    "Cluster",
    "Executor",
    "FalseAlarms",
    "Force",
    "LimitChunks",
    "LimitFiles",
    "OnError",
    "PerformanceReport",
    "Processor",
    "Resume",
    "Retries",
    "Set",
    "Site",
    "Tree",
    "Workers",
    "as_options",
    "load_for_run",
]

OPTIONS = {
    "force=True": "--force",
    "resume=True": "--resume",
    "input.tree": "--tree",
    "allow_doubled_events()": "--allow-doubled-events",
}
"""Python's words for what is an option here."""


def as_options(message: str) -> str:
    """Return a message of the library in the words of the command line."""
    for word, option in OPTIONS.items():
        message = re.sub(rf"(?<![\w.]){re.escape(word)}(?!\w|:)", option, message)
    return message


FalseAlarms = Annotated[
    float,
    typer.Option(
        min=0, max=1, help="Part of false alarms to allow among the changes that are named."
    ),
]
Executor = Annotated[
    str | None, typer.Option(help="iterative (here), futures (local processes) or dask.")
]
Workers = Annotated[int | None, typer.Option(help="Processes or workers.")]
Chunksize = Annotated[int | None, typer.Option(help="Events measured at once.")]
LimitFiles = Annotated[int | None, typer.Option(min=1, help="Only the first files.")]
LimitChunks = Annotated[int | None, typer.Option(min=1, help="Only the first chunks.")]
Tree = Annotated[str | None, typer.Option(help="Name of the TTree or RNTuple.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change the config.")
]
OnError = Annotated[
    str | None,
    typer.Option(metavar="stop|skip", help="What to do with events that cannot be read."),
]
Processor = Annotated[
    str | None,
    typer.Option(
        metavar="FILE.py:CLASS", help="What measures each chunk: your own, or MODULE:CLASS."
    ),
]
Retries = Annotated[int | None, typer.Option(help="How often to ask a server again.")]
Site = Annotated[str | None, typer.Option(help="Whose redirectors to try, too.")]
Cluster = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Where Dask workers come from, instead of --executor."),
]
PerformanceReport = Annotated[
    Path | None,
    typer.Option(metavar="HTML", help="Write Dask's report of the run; needs bokeh."),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with what is in OUT, and fill its gaps.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace what is in OUT.")]


def load_for_run(
    config: str,
    overrides: list[str] | None,
    *,
    executor: str | None,
    workers: int | None,
    chunksize: int | None,
    on_error: str | None,
    retries: int | None,
    site: str | None,
    tree: str | None,
    processor: str | None = None,
    cluster: str | None,
    resume: bool,
    force: bool,
) -> AnalysisConfig:
    """Load a config with what the options change.

    Raises:
        ConfigError: The config cannot be used, or options exclude each other.
    """
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
        "processor": processor,
    }
    if resume and force:
        raise ConfigError("--resume and --force: go on with what is there, or replace it?")
    if cluster is not None and executor is not None:
        raise ConfigError("--cluster and --executor: a cluster's workers are Dask's")
    changed = [f"{key}={value}" for key, value in given.items() if value is not None]
    return load_config(config, [*changed, *(overrides or [])])
