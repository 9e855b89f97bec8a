"""The directory of a run, which survives the run: locked, saved as work is done, resumed."""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from dtperf.config import AnalysisConfig
from dtperf.config.values import differing
from dtperf.errors import ConfigError, DtperfError, InputError
from dtperf.files import is_locked, locked, write_atomic
from dtperf.filesets import InputFile, missing, read, skipped_files
from dtperf.results.ledger import Ledger
from dtperf.results.result import RESULT, Result

__all__ = ["FILESET", "RUN", "RunDirectory", "is_running", "missing_in", "newest", "open_run"]

PARTIAL, RUN, FILESET, LOCK = "partial", "run.json", "fileset.json.gz", ".lock"
SHORTEST_S = 2.0
SHARE = 20
"""Saving takes at most one part in so many of the time."""


def newest(out: Path) -> Path | None:
    """Find the newest complete result of a run: that of its end, or else what it saved last.

    Args:
        out: Directory of the run.

    Returns:
        A directory that `Result.load` reads; None if there is none.
    """
    # a run that goes on from a result saves newer ones beside it
    saved = [path for path in _saved(out) if (path / RESULT).is_file()]
    return saved[-1] if saved else out if (out / RESULT).is_file() else None


def is_running(out: Path) -> bool:
    """Return whether a run works in this directory, as far as the file system's locks tell."""
    return is_locked(out / LOCK)


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


class RunDirectory:
    """Where one run saves what it has."""

    def __init__(self, path: Path, previous: Result | None) -> None:
        """Use `open_run`."""
        self.path = path
        self.previous = previous
        """What an earlier run has measured here, without what it skipped."""
        self._number = max((int(each.name) for each in _saved(path)), default=0)
        self._due = time.monotonic() + SHORTEST_S

    def describe(self, content: Mapping[str, Any]) -> None:
        """Write down what is run."""
        process = {"host": socket.gethostname(), "pid": os.getpid()}
        write_atomic(self.path / RUN, json.dumps({**content, **process}, indent=2) + "\n")

    @property
    def is_due(self) -> bool:
        """Whether to save again: often, but so that it does not slow down the run."""
        return time.monotonic() >= self._due

    def keep(self, result: Result) -> None:
        """Save what there is so far."""
        start = time.monotonic()
        older = _saved(self.path)
        self._number += 1
        _save(result, self.path / PARTIAL / f"{self._number:06d}")
        for path in older:
            shutil.rmtree(path, ignore_errors=True)
        end = time.monotonic()
        self._due = end + max(SHORTEST_S, SHARE * (end - start))

    def finish(self, result: Result) -> None:
        """Save the final result."""
        _save(result, self.path)
        shutil.rmtree(self.path / PARTIAL, ignore_errors=True)


@contextmanager
def open_run(
    path: str | Path,
    config: AnalysisConfig,
    code: str,
    *,
    resume: bool,
    force: bool,
    clear: Callable[[Path], None] = lambda _: None,
) -> Iterator[RunDirectory]:
    """Make or reopen the directory of a run; nobody else can run in it meanwhile.

    Args:
        path: The directory.
        config: What is to be run.
        code: What measures, as `dtperf.execution.provenance.code_version` names it.
        resume: Go on with what is there.
        force: Remove what is there.
        clear: Removes what else there may be, such as the events of a skim, before the result.

    Raises:
        ConfigError: It cannot be used, is in use, or holds something that is not to be touched.
        InputError: What it holds cannot be read.
    """
    out = Path(path)
    is_new = not out.exists()
    _make(out)
    with locked(out / LOCK) as is_ours:
        if not is_ours:
            raise ConfigError(f"{out}: another run works in this directory{_who(out)}")
        found = newest(out)
        if force and not resume:
            clear(out)
            _clear(out)
        elif found and not resume:
            raise ConfigError(_occupied(out, found))
        previous = _previous(found, config, code) if found and resume else None
        try:
            yield RunDirectory(out, previous)
        except BaseException:
            if is_new and newest(out) is None:
                # nothing was measured
                shutil.rmtree(out)
            raise


def _save(result: Result, path: Path) -> None:
    try:
        result.save(path)
    except OSError as error:
        raise DtperfError(f"{path}: cannot be written: {error.strerror or error}") from error


def _make(out: Path) -> None:
    if out.is_file():
        raise ConfigError(f"{out}: is a file; name a directory for the result")
    for name in (PARTIAL, RUN, FILESET, LOCK):
        if (out / name).is_symlink():
            raise ConfigError(f"{out / name}: is a link, which may lead anywhere: remove it")
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / LOCK).touch()
    except OSError as error:
        nearest = next(path for path in (out, *out.absolute().parents) if path.exists())
        why = error.strerror or error
        raise ConfigError(f"{out}: cannot be made or written in {nearest}: {why}") from None


def _who(out: Path) -> str:
    with suppress(OSError, ValueError, KeyError, TypeError):
        run = json.loads((out / RUN).read_text())
        return f": process {int(run['pid'])} on {str(run['host'])[:100]!r}"
    return ""


def _occupied(out: Path, found: Path) -> str:
    if found == out:
        return (
            f"{out}: holds a result: resume=True goes on from it, and measures only what it lacks; "
            "force=True replaces it; or name another directory"
        )
    return f"{out}: holds an unfinished run: resume=True goes on with it, force=True begins anew"


def _previous(found: Path, config: AnalysisConfig, code: str) -> Result:
    result = Result.load(found)
    (dtperf_there, _, there), (dtperf_here, _, here) = (
        each.partition(" ") for each in (result.code, code)
    )
    if lines := differing(result.config, config):
        raise ConfigError(
            "\n".join(
                [
                    f"{found}: was measured with another config: counts of both cannot be mixed:",
                    *lines,
                    "use the same, or another directory, or force=True, which replaces it",
                ]
            )
        )
    for what, before, now in (
        ("version of dtperf", dtperf_there, dtperf_here),
        ("processor, or one whose source has changed since", there, here),
    ):
        if before != now:
            raise ConfigError(
                f"{found}: was measured with another {what} ({before or 'unknown'}, this is "
                f"{now}): counts of both cannot be mixed; use the same, or another directory, or "
                "force=True, which replaces it"
            )
    read = Ledger(row for row in result.ledger if row.status == "read")
    # the title and the way to run are those of the run that goes on
    return replace(result, config=config, ledger=read)


def _saved(out: Path) -> list[Path]:
    """List what was saved on the way, the newest last."""
    folder = out / PARTIAL
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(path for path in found if path.name.isdecimal())


def _clear(out: Path) -> None:
    # the result first: nobody shall take what is left for a whole one
    for name in (RESULT, RUN, FILESET):
        (out / name).unlink(missing_ok=True)
    shutil.rmtree(out / PARTIAL, ignore_errors=True)
