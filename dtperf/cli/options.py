"""Arguments and options that several commands have, each with one name and one help."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from dtperf.cli import complete

if TYPE_CHECKING:
    from dtperf.config import AnalysisConfig

__all__ = [
    "WITH_GAPS",
    "AsJson",
    "Energy",
    "FalseAlarms",
    "Force",
    "Label",
    "LimitFiles",
    "Luminosity",
    "Page",
    "Reference",
    "ResultDirectory",
    "RunOptions",
    "Set",
    "Tree",
    "as_options",
    "number_or_file",
    "refuse_existing",
    "refuse_without_page",
    "with_run_options",
]

WITH_GAPS = 3
"""Exit code of a command that had to leave something out."""

ResultDirectory = Annotated[Path, typer.Argument(metavar="OUT", help="Result directory.")]
Reference = Annotated[
    Path | None, typer.Option(metavar="OTHER", help="Result directory to compare with.")
]
Page = Annotated[
    Path | None,
    typer.Option("-o", "--page", metavar="FILE", help="Also write the comparison as a page."),
]

Label = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT", help="Status above plots and pages, such as Preliminary; '' for none."
    ),
]
Luminosity = Annotated[
    str | None,
    typer.Option(
        metavar="FB|FILE.csv", help="Integrated luminosity in 1/fb; or brilcalc's CSV to sum up."
    ),
]
Energy = Annotated[
    float | None, typer.Option(metavar="TEV", help="Energy of the collisions above them.")
]


def number_or_file(luminosity: str | None) -> float | str | None:
    """Return what `Luminosity` is: 1/fb, or the name of a file."""
    try:
        return None if luminosity is None else float(luminosity)
    except ValueError:
        return luminosity


def refuse_without_page(page: Path | None, **words: object) -> None:
    """Raise ConfigError if words are given for a page that is not asked for."""
    from dtperf.errors import ConfigError

    given = [f"--{name}" for name, value in words.items() if value is not None]
    if given and page is None:
        raise ConfigError(f"{', '.join(given)}: only the page shows that: add --page FILE")


OPTIONS = {
    "force=True": "--force",
    "overwrite=True": "--force",
    "resume=True": "--resume",
    "input.tree": "--tree",
    "input.luminosity_by_block": "--luminosity-by-block",
    "allow_doubled_events()": "--allow-doubled-events",
}
"""Python's words for what is an option here."""


def as_options(message: str) -> str:
    """Return a message of the library in the words of the command line."""
    for word, option in OPTIONS.items():
        message = re.sub(rf"(?<![\w.]){re.escape(word)}(?!\w|:)", option, message)
    message = re.sub(r"\b(with|and) (?=[a-z_]+\.[a-z_.]+=)", r"\1 --set ", message)
    # zsh takes brackets for a pattern of files, and ends with 'no matches found'
    return re.sub(r"(?<=--set )([\w.]+=\[[^\]\s]*\])", r"'\1'", message)


FalseAlarms = Annotated[
    float,
    typer.Option(
        metavar="X",
        min=0,
        max=1,
        help="Part of false alarms to allow among the changes that are named.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        autocompletion=complete.keys,
        help="Change a value; may be given several times.",
    ),
]
LimitFiles = Annotated[int | None, typer.Option(metavar="N", min=1, help="Only the first files.")]
Tree = Annotated[str, typer.Option(metavar="NAME", help="Name of the TTree or RNTuple.")]


def refuse_existing(out: Path, force: bool) -> None:
    """Raise ConfigError if a file is there that shall not be replaced."""
    from dtperf.errors import ConfigError

    if out.exists() and not force:
        raise ConfigError(f"{out}: exists already; --force replaces it")


@dataclass(frozen=True)
class RunOptions:
    """How files are measured: the options that `run` and `skim` share."""

    executor: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="iterative (here), futures (local processes) or dask."),
    ] = None
    workers: Annotated[int | None, typer.Option(metavar="N", help="Processes or workers.")] = None
    chunksize: Annotated[int | None, typer.Option(metavar="N", help="Events measured at once.")] = (
        None
    )
    limit_files: LimitFiles = None
    limit_chunks: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Only the first chunks.")
    ] = None
    tree: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the TTree or RNTuple.")
    ] = None
    luminosity_by_block: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="brilcalc's CSV, --byls: luminosity and pile-up for files without.",
        ),
    ] = None
    set_: Set = None
    on_error: Annotated[
        str | None,
        typer.Option(metavar="stop|skip", help="What to do with events that cannot be read."),
    ] = None
    retries: Annotated[
        int | None, typer.Option(metavar="N", help="How often to ask a server again.")
    ] = None
    site: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose redirectors to try, too.")
    ] = None
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            autocompletion=complete.clusters,
            help="Where Dask workers come from, instead of --executor.",
        ),
    ] = None
    performance_report: Annotated[
        Path | None,
        typer.Option(metavar="HTML", help="Write Dask's report of the run; needs bokeh."),
    ] = None
    metrics: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep the run's state there, for Prometheus."),
    ] = None
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with what is in OUT, and fill its gaps.")
    ] = False
    force: Force = False

    def load(self, config: str, processor: str | None = None) -> AnalysisConfig:
        """Load a config with what the options change.

        Raises:
            ConfigError: The config cannot be used, or options exclude each other.
        """
        from dtperf.config import load_config
        from dtperf.errors import ConfigError

        if self.resume and self.force:
            raise ConfigError("--resume and --force: go on with what is there, or replace it?")
        if self.cluster is not None and self.executor is not None:
            raise ConfigError("--cluster and --executor: a cluster's workers are Dask's")
        names = ("executor", "workers", "chunksize", "on_error", "retries", "site")
        given = {f"run.{name}": getattr(self, name) for name in names}
        given |= {"input.tree": self.tree, "processor": processor}
        changed = [f"{key}={value}" for key, value in given.items() if value is not None]
        loaded = load_config(config, [*changed, *(self.set_ or [])])
        if self.luminosity_by_block is None:
            return loaded
        return load_config(loaded, {"input.luminosity_by_block": self.luminosity_by_block})

    def arguments(self) -> dict[str, Any]:
        """Return those that are arguments of `dtperf.run` and not part of the config."""
        of_directory, of_workers = ("resume", "force", "metrics"), ("cluster", "performance_report")
        names = (*of_directory, *of_workers, "limit_files", "limit_chunks")
        return {name: getattr(self, name) for name in names}


def with_run_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add `RunOptions` to the command line of a command, which gets them as `options`."""
    hints = get_type_hints(RunOptions, include_extras=True)
    shared = [
        Parameter(o.name, Parameter.KEYWORD_ONLY, default=o.default, annotation=hints[o.name])
        for o in fields(RunOptions)
    ]

    @wraps(command)
    def run(**given: Any) -> None:
        options = RunOptions(**{each.name: given.pop(each.name) for each in shared})
        command(**given, options=options)

    own = [*signature(command, eval_str=True).parameters.values()]
    vars(run)["__signature__"] = Signature([p for p in own if p.name != "options"] + shared)
    return run
