"""The errors a user can cause, each with the exit code of the command line."""

from __future__ import annotations

from typing import Literal

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
        """Keep a message, without the tokens that servers and libraries quote."""
        super().__init__(hide(message))
        self.cause = cause


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
