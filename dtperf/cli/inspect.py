"""``dtperf inspect FILE…``: what files hold, and which measurements they support."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dtperf.cli.as_json import print_json
from dtperf.cli.options import LimitFiles, Tree
from dtperf.errors import InputError

if TYPE_CHECKING:
    from dtperf.filesets import InputFile
    from dtperf.nanoaod.inspect import FileSummary

__all__ = ["inspect"]

THREADS = 8
"""Files that are opened at once: servers are waited for."""


def inspect(
    inputs: Annotated[
        list[str],
        typer.Argument(help="Files, globs, directories, root:// URLs, JSON or YAML filesets."),
    ],
    tree: Tree = "Events",
    limit_files: LimitFiles = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, with all names of branches.")
    ] = False,
) -> None:
    """Show what files hold: format, generation, runs, branches, supported measurements."""
    from dtperf.cli import inspect_text as text

    refused: dict[str, str] = {}
    files = dict(islice(_resolved(inputs, tree, refused).items(), limit_files))
    summaries = [*_summaries(files, refused)]
    refused |= {s.path: text.refusal(s) for s in summaries if s.generation == "unknown"}
    if as_json:
        errors = ({"path": path, "error": error} for path, error in refused.items())
        print_json([*map(text.as_dict, summaries), *errors])
    else:
        text.show(summaries)
        text.show_refused([*refused.values()])
    if refused:
        raise typer.Exit(InputError.exit_code)


def _resolved(inputs: Iterable[str], tree: str, refused: dict[str, str]) -> dict[str, InputFile]:
    """Find the files that the inputs name, each once; what names none is noted as refused."""
    from dtperf.addresses import bare
    from dtperf.filesets import resolve

    found: dict[str, InputFile] = {}
    for each in inputs:
        try:
            found |= {file.path: file for file in resolve(each, tree)}
        except InputError as error:
            refused[bare(each)] = str(error)
    return found


def _summaries(files: dict[str, InputFile], refused: dict[str, str]) -> Iterator[FileSummary]:
    """Yield what is in each file; one that cannot be read is noted as refused."""
    from dtperf.nanoaod.inspect import inspect_file
    from dtperf.progress import Progress, progress_bar

    def look(file: InputFile) -> FileSummary | InputError:
        try:
            return inspect_file(_as_seen_from_here(file.path), file.tree)
        except InputError as error:
            return error

    pool = ThreadPoolExecutor(THREADS)
    try:
        with progress_bar(len(files) > 1, in_log=True) as show:
            looked_at = zip(files, pool.map(look, files.values()), strict=True)
            for number, (path, found) in enumerate(looked_at, 1):
                show(Progress("checking", number, len(files)))
                if isinstance(found, InputError):
                    refused[path] = str(found)
                else:
                    yield found
    finally:
        pool.shutdown(cancel_futures=True)


def _as_seen_from_here(path: str) -> str:
    """Return a file's path as one would type it: relative if it is below the working folder."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path
