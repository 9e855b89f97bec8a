"""`dtperf merge`: one result of several."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dtperf.cli.as_json import print_json
from dtperf.cli.options import WITH_GAPS, AsJson, Force

if TYPE_CHECKING:
    from dtperf.results.result import Result

__all__ = ["merge"]


def merge(
    inputs: Annotated[list[Path], typer.Argument(metavar="OUT", help="Result directories.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="Directory for the sum.")],
    force: Force = False,
    allow_doubled_events: Annotated[
        bool,
        typer.Option(
            "--allow-doubled-events", help="Add up results that have the same events, too."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add up the results of several jobs of one analysis."""
    from dtperf.cli.printed import print_report
    from dtperf.cli.summary import summary
    from dtperf.execution.checkpoint import open_run
    from dtperf.skim import is_skim
    from dtperf.skim.folders import clear

    _check_given(inputs, out, force)
    load = partial(_load, allowed=allow_doubled_events)
    total = load(inputs[0])
    for number, path in enumerate(inputs[1:], 1):
        total = _add(total, path, inputs[:number], load)
    with open_run(
        out, total.config, total.code, resume=False, force=force, clear=clear
    ) as directory:
        directory.finish(total)
    if as_json:
        print_json(summary(total, out))
    else:
        print_report(total, out)
    if any(map(is_skim, inputs)) and not as_json:
        print(
            "the events of skims are not merged: run on each, `dtperf run CONFIG SKIM -o OUT`, and "
            "merge the results"
        )
    if total.skipped_files:
        raise typer.Exit(WITH_GAPS)


def _check_given(inputs: list[Path], out: Path, force: bool) -> None:
    """Check what is given, before hours of loading, and before anything is replaced."""
    from dtperf.errors import ConfigError, InputError
    from dtperf.execution.checkpoint import newest

    if len(inputs) < 2:
        raise ConfigError(f"{inputs[0]}: is one result; name two or more")
    named: dict[Path, Path] = {}
    for path in inputs:
        if not path.is_dir():
            raise InputError(f"{path}: no such directory", "missing")
        same = named.setdefault(path.resolve(), path)
        if same is not path:
            raise InputError(f"{same} and {path}: are one result, which would count twice")
    if out.resolve() in named:
        raise ConfigError(f"{out}: is one of the results to be merged; name another directory")
    if newest(out) is not None and not force:
        raise ConfigError(f"{out}: holds a result; name another directory, or add --force")


def _load(path: Path, allowed: bool) -> Result:
    from dtperf.errors import InputError
    from dtperf.execution.checkpoint import is_running, newest
    from dtperf.results.result import Result

    if is_running(path):
        raise InputError(f"{path}: its run goes on: wait for its end")
    if newest(path) not in (path, None):
        raise InputError(f"{path}: its run is not finished: finish it with `dtperf run … --resume`")
    result = Result.load(path)
    return result.allow_doubled_events() if allowed else result


def _add(total: Result, path: Path, earlier: list[Path], load: Callable[[Path], Result]) -> Result:
    from dtperf.errors import InputError

    result = load(path)
    try:
        return total + result
    except InputError as error:
        raise InputError(
            f"{_rival(result, earlier, load)} and {path}: {error}", error.cause
        ) from None


def _rival(result: Result, earlier: list[Path], load: Callable[[Path], Result]) -> Path:
    """Find out with which of the earlier results one does not go together."""
    from dtperf.errors import InputError

    for path in earlier:
        try:
            load(path) + result
        except InputError:
            return path
    return earlier[-1]
