"""The errors a user can cause, each with the exit code of the command line."""

from __future__ import annotations

import linecache
import os
import sys
import traceback
from collections.abc import Iterator
from typing import Any, Literal

from dtperf.addresses import hide

__all__ = [
    "OURS",
    "TRANSIENT",
    "Cause",
    "ConfigError",
    "DtperfError",
    "DtperfWarning",
    "InputError",
    "Stopped",
]

Cause = Literal[
    "unreachable",  # the server does not answer, or not to us
    "timeout",  # it answers too slowly
    "refused",  # it does not let us read
    "missing",  # no such file, or no longer
    "changed",  # another UUID or size than when the file was checked
    "truncated",  # the file ends before its contents do
    "empty",  # no bytes
    "not-root",
    "no-tree",
    "missing-branch",
    "wrong-type",  # of a branch
    "corrupt",  # contents that cannot be decoded
    "oversize",  # a claim of more bytes than can be
    "worker-lost",  # every worker that tried died
    "failed",  # our own code
    "memory",  # there is too little of it
    "environment",  # something of this machine: no room on its disk, a library that lacks
    "unusable",  # none of these
]
OURS: frozenset[Cause] = frozenset(["failed", "memory", "environment"])
"""What no file is to blame for: its events are never skipped for it."""
TRANSIENT: frozenset[Cause] = frozenset(
    ["unreachable", "timeout", "worker-lost", "memory", "environment"]
)
"""What may be over when it is tried again."""


class DtperfError(Exception):
    """A user-facing failure: its message stands alone, without a traceback."""

    exit_code = 1

    def __init__(self, message: str, cause: Cause = "failed") -> None:
        """Store a message, without the tokens that servers and libraries quote."""
        super().__init__(hide(message))
        self.cause = cause

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows: the lines of the user's own code, and the message.

        All lines with `%tb Verbose`, after `%xmode Plain` or `Verbose`, and where the environment
        has DTPERF_TRACEBACK.
        """
        shell = sys.modules["IPython"].get_ipython()
        if shell.InteractiveTB.mode in ("Plain", "Verbose") or os.environ.get("DTPERF_TRACEBACK"):
            lines: list[str] = shell.InteractiveTB.structured_traceback(
                type(self), self, self.__traceback__
            )
            return lines
        return [*_lines_of_user(self, shell), f"{type(self).__name__}: {self}"]


def _lines_of_user(error: BaseException, shell: Any) -> Iterator[str]:
    """Yield the lines that have led to an error, from the cell on to the first of dtperf."""
    for frame, line in traceback.walk_tb(error.__traceback__):
        module = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if module == __package__:
            return
        if module in ("IPython", "ipykernel", "contextlib"):  # who calls, and our decorators
            continue
        name = frame.f_code.co_filename
        kind, shown = shell.compile.format_code_name(name) or ("File", name)
        yield f"{kind} {shown}, line {line}\n    {linecache.getline(name, line).strip()}"


class InputError(DtperfError):
    """An input file cannot be used; the message names file, branch and remedy."""

    def __init__(self, message: str, cause: Cause = "unusable") -> None:
        super().__init__(message, cause)


class ConfigError(DtperfError):
    """A config or an argument is wrong; the message names the key and what is allowed."""

    exit_code = 2


class DtperfWarning(UserWarning):
    """Something that a user should know, in a message that stands alone."""


class Stopped(KeyboardInterrupt):
    """Ctrl-C, or a notebook's stop button, has ended the work; the message says what is kept."""

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows in the place of a traceback."""
        return [str(self)]
