"""What a run has not read, as a fileset."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from dtperf.errors import InputError
from dtperf.filesets.model import InputFile, Range
from dtperf.filesets.ranges import without
from dtperf.filesets.stored import read

if TYPE_CHECKING:
    from dtperf.ledger import LedgerRow
    from dtperf.results import Result

__all__ = ["missing", "missing_in"]


def missing(files: Iterable[InputFile], ledger: Iterable[LedgerRow]) -> list[InputFile]:
    """List what is left to be read.

    Args:
        files: What was to be read.
        ledger: What became of it.

    Returns:
        Of each file the events that were not read, however often they were tried; a file that was
        never opened as it was given. Files of which all was read are not there.
    """
    done: dict[str, list[Range]] = defaultdict(list)
    for row in ledger:
        if row.status == "read":
            done[row.uuid].append((row.start, row.stop))
            done[row.file].append((row.start, row.stop))
    left = []
    for file in files:
        its = done.get(file.path if file.uuid is None else str(file.uuid), ())
        if not file.is_counted:
            if its:
                raise InputError(
                    f"{file.path}: was read in part, but the fileset does not know of how many "
                    "events: finish the run with `dtperf run … --resume`"
                )
            left.append(file)
        elif rest := without(file.wanted, its):
            left.append(file.only(rest) if its else file)
    return left


def missing_in(out: str | Path) -> list[InputFile]:
    """List what is left to be read of a run.

    Args:
        out: Its directory, also of one that was stopped, or of the sum of several.

    Raises:
        InputError: It is no such directory, cannot be read, or its run goes on.
    """
    from dtperf.checkpoint import FILESET, is_running, newest
    from dtperf.ledger import Ledger
    from dtperf.results import Result

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
    return missing(_skipped(result), result.ledger)


def _skipped(result: Result) -> list[InputFile]:
    """Make files of what a ledger says was skipped; a sum of results has no fileset."""
    rows: dict[str, list[LedgerRow]] = defaultdict(list)
    for row in result.ledger:
        if row.status == "skipped":
            rows[row.identity].append(row)
    files = []
    for same in rows.values():
        first, *others = dict.fromkeys(row.file for row in same)
        uuid = UUID(same[0].uuid) if same[0].uuid else None
        file = InputFile(first, result.config.input.tree, uuid=uuid, replicas=tuple(others))
        ranges = [(row.start, row.stop) for row in same if row.events]
        files.append(file.only(ranges) if ranges else file)
    return files
