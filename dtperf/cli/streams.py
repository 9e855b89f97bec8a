"""What commands print gets to the terminal as far as it can, and never ends a command.

A terminal of few signs gets other signs for those that it lacks. When nothing can be written any
more, as in `dtperf run … | head`, the rest is dropped: what a command has saved is saved.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
import unicodedata
import warnings
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TextIO, TypeVar

__all__ = ["exit_code", "prepare", "saving"]

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")

REPLACED = "dtperf.signs"
"""Name of the way in which Python shall encode what an encoding lacks."""
SIGNS = {
    "\N{MINUS SIGN}": "-",
    "\N{SUPERSCRIPT MINUS}": "-",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{HYPHEN}": "-",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{PLUS-MINUS SIGN}": "+-",
    "\N{MIDDLE DOT}": ".",
    "\N{RIGHTWARDS ARROW}": "->",
    "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{BULLET}": "*",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{GREATER-THAN OR EQUAL TO}": ">=",
    "\N{GREEK SMALL LETTER PHI}": "phi",
    "\N{GREEK SMALL LETTER ETA}": "eta",
    "\N{GREEK CAPITAL LETTER DELTA}": "Delta",
    "\N{GREEK CAPITAL LETTER GAMMA}": "Gamma",
    # of little charts, whose heights are told beside them, and of frames
    **{chr(code): "#" for code in range(0x2580, 0x25A0)},
    **{chr(code): "-" for code in range(0x2500, 0x2580)},
}


class _Raw(io.FileIO):
    """A standard stream that drops what it cannot write."""

    failure: OSError | None = None
    """What was wrong the first time."""

    def write(self, content: object, /) -> int:
        """Write, or do as if."""
        if self.failure is None:
            try:
                return super().write(content)  # type: ignore[arg-type]  # bytes, of the buffer
            except BlockingIOError:
                raise
            except OSError as error:
                self.failure = error
        return len(content)  # type: ignore[arg-type]


_raw: dict[str, _Raw] = {}
_only_news = False


def prepare() -> None:
    """Make the standard streams of this process take whatever is printed."""
    codecs.register_error(REPLACED, _replace)
    warnings.formatwarning = _in_one_line(warnings.formatwarning)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by who started this
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        elif stream is getattr(sys, f"__{name}__"):  # else somebody listens
            _raw[name] = raw = _Raw(stream.fileno(), "w", closefd=False)
            setattr(sys, name, _text(raw, stream))


def saving(
    command: Callable[Arguments, Returned], given: str = ""
) -> Callable[Arguments, Returned]:
    """Mark a command that leaves files: what it prints is only news of them.

    Args:
        command: Of the command line.
        given: Only if this option is given; empty: always.
    """

    @wraps(command)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Returned:
        global _only_news  # noqa: PLW0603  # of this process, as the streams are
        is_saved = not given or kwargs[given] is not None
        _only_news = is_saved and not kwargs.get("as_json")  # which is read by a program
        return command(*args, **kwargs)

    return run


def exit_code(code: int) -> int:
    """Return how a command ends, once all is written.

    Args:
        code: How it would end if it did not matter whether what it printed was written.

    Returns:
        The same, but 1 for a command that has nothing to give but what it prints, if that could
        not be written, other than because its reader has had enough.
    """
    sys.stdout.flush()
    failure = _raw["stdout"].failure if "stdout" in _raw else None
    if failure is None or failure.errno == errno.EPIPE:
        return code
    print(f"dtperf: standard output: {failure.strerror}", file=sys.stderr)
    return code if _only_news else code or 1


def _text(raw: _Raw, like: TextIO) -> TextIO:
    assert isinstance(like, io.TextIOWrapper)
    return io.TextIOWrapper(
        # Python's own with PYTHONUNBUFFERED has no buffer, either
        raw if like.write_through else io.BufferedWriter(raw),
        encoding=like.encoding,
        errors=REPLACED,
        line_buffering=like.line_buffering,
        write_through=like.write_through,
    )


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_of_ascii, error.object[error.start : error.end])), error.end


def _of_ascii(sign: str) -> str:
    """Return a sign in ASCII: in the same number of columns where that can be."""
    if sign in SIGNS:
        return SIGNS[sign]
    if (name := unicodedata.name(sign, "")).startswith("GREEK"):
        return name.rpartition(" ")[2].lower()
    # a letter without what is above or below it; of a name that is no text, its bytes
    plain = unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode()
    return plain or sign.encode("unicode_escape").decode()


def _in_one_line(format_: Callable[..., str]) -> Callable[..., str]:
    """Show our own warnings as the command line shows errors."""
    from dtperf.errors import DtperfWarning

    def format_one(message: Warning | str, category: type[Warning], *args: object) -> str:
        if issubclass(category, DtperfWarning):
            from dtperf.cli.options import as_options

            return f"dtperf: {as_options(str(message))}\n"
        return format_(message, category, *args)

    return format_one
