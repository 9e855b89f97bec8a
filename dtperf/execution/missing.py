"""What a run has not read: ``missing_in("result")``."""

from __future__ import annotations

from pathlib import Path

from dtperf.errors import InputError
from dtperf.execution.checkpoint import FILESET, is_running, newest
from dtperf.filesets import InputFile, missing, read, skipped_files
from dtperf.results.ledger import Ledger
from dtperf.results.result import Result

__all__ = ["missing_in"]


def missing_in(out: str | Path) -> list[InputFile]:
    """Return what is left to be read of a run.

    Args:
        out: Its directory, also of one that was stopped, or of the sum of several.

    Raises:
        InputError: It is no such directory, cannot be read, or its run goes on.
    """
    directory = Path(out)
    if not directory.is_dir():
        raise InputError(f"{directory}: no such directory", "missing")
    if is_running(directory):
        raise InputError(f"{directory}: its run goes on: wait for its end")
    found, fileset = newest(directory), directory / FILESET
    if found is None and not fileset.is_file():
        raise InputError(
            f"{directory}: is not the directory of a run: it has no result and no {FILESET}",
            "missing",
        )
    result = None if found is None else Result.load(found)
    if fileset.is_file():
        return missing(read(fileset), Ledger(()) if result is None else result.ledger)
    assert result is not None
    return missing(skipped_files(result), result.ledger)
