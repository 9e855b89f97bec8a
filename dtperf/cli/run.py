"""`dtperf run`: measure files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dtperf.cli import complete
from dtperf.cli.as_json import print_json
from dtperf.cli.options import WITH_GAPS, AsJson, RunOptions, with_run_options

if TYPE_CHECKING:
    from dtperf.results.result import Result

__all__ = ["advise_resume", "first_event", "run"]


@with_run_options
def run(
    config: Annotated[
        str,
        typer.Argument(
            autocompletion=complete.analyses,
            help="Config file, or the name of a packaged analysis.",
        ),
    ],
    inputs: Annotated[
        list[str],
        typer.Argument(
            help="Files, globs, directories, root:// URLs, JSON or YAML filesets; or a skim."
        ),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Result directory.")],
    *,
    processor: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.py:CLASS", help="What measures each chunk: your own, or MODULE:CLASS."
        ),
    ] = None,
    as_json: AsJson = False,
    options: RunOptions,
) -> None:
    """Measure the segment efficiency of files."""
    analysis = options.load(config, processor)  # a mistake shows before coffea is loaded
    from dtperf.api import run as run_analysis
    from dtperf.cli.printed import print_report, print_verdict
    from dtperf.cli.summary import summary
    from dtperf.progress import progress_bar

    with advise_resume(out), progress_bar(in_log=True) as on_progress:
        result = run_analysis(
            analysis, inputs, out=out, on_progress=on_progress, **options.arguments()
        )
    if as_json:
        print_json(summary(result, out))
    else:
        print_report(result, out)
        print_verdict(result)
        print(first_event(result))
    if result.skipped_files:
        raise typer.Exit(WITH_GAPS)


@contextmanager
def advise_resume(out: Path) -> Iterator[None]:
    """Print that what was done is kept when a run ends early."""
    from dtperf.errors import ConfigError, DtperfError
    from dtperf.execution.checkpoint import newest
    from dtperf.process import signals_as_interrupt

    try:
        with signals_as_interrupt():
            yield
    except (DtperfError, KeyboardInterrupt) as error:
        if not isinstance(error, ConfigError) and newest(out) not in (None, out):
            print(f"{out}: what was measured is kept; go on with --resume", file=sys.stderr)
        raise


def first_event(result: Result) -> str:
    """Return how long it took from the start of this process to the first event's end."""
    from datetime import datetime

    import psutil  # type: ignore[import-untyped]

    from dtperf.cli.printed import WORTH_A_WORD_S

    job = max(result.jobs, key=lambda job: str(job["begin"]))
    began = datetime.fromisoformat(job["begin"]).timestamp()
    began += job["seconds"] - job["seconds_measuring"]
    compiling = job.get("seconds_compiling", 0.0)
    waited = began - psutil.Process().create_time() + compiling
    of_which = f", of which {compiling:.1f} s compiling" if compiling > WORTH_A_WORD_S else ""
    return f"First event {waited:.1f} s after the command{of_which}"
