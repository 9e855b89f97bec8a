"""The errors a user can cause, each with the exit code of the command line."""

from __future__ import annotations

__all__ = ["ConfigError", "DtperfError", "InputError"]


class DtperfError(Exception):
    """A user-facing failure: its message stands alone, without a traceback."""

    exit_code = 1


class InputError(DtperfError):
    """An input file cannot be used; the message names file, branch and remedy."""


class ConfigError(DtperfError):
    """A config or an argument is wrong; the message names the key and what is allowed."""

    exit_code = 2
