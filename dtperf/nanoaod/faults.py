"""The cause for which a file cannot be used, from the exception: ``classify(error)``.

Not all that goes wrong while a file is read is wrong with the file. An error of our own code, of
numba, memory or machine is told from others by what it is and by where it was raised.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator
from types import TracebackType

import numpy as np
from uproot.deserialization import DeserializationError

from dtperf.errors import OURS, Cause, DtperfError
from dtperf.memory import memory_of_machine
from dtperf.nanoaod.error_codes import ERRNOS, EXCEPTIONS, HTTP_STATUS, MESSAGES, XROOTD_CODES

__all__ = ["classify", "first_line", "own_fault", "raise_if_ours"]

_XROOTD_CODE = re.compile(r"\[(3\d\d\d)\]")
_CLOSED = "I/O operation on closed file"
"""As XRootD's Python binding says of a file that its client gave up with the connection."""
_FETCHING_ERRORS = (OSError, RuntimeError, ImportError)
"""Not of the contents, whatever else they are of."""
_DECODING_ERRORS = (RecursionError, NotImplementedError)
_NO_THREAD = "can't start new thread"
_COMPILERS = {"numba", "llvmlite"}
"""Packages that never see the contents of a file, but only our own code."""
_PROGRAMMING_ERRORS = (NameError, AttributeError, TypeError, AssertionError)
"""What our code raises of itself; bytes that make no sense make it raise others."""
_REMEDIES: dict[Cause, str] = {
    "memory": "there is too little memory: take fewer workers, or fewer events at once "
    "(run.workers, run.chunksize)",
    "environment": "this is of this machine or of what is installed here, and not of the file",
    "failed": "this is a fault of dtperf or of a library, and not of the file: please report it",
}


def classify(error: BaseException) -> Cause:
    """Return the cause for which a file cannot be used.

    Args:
        error: What uproot, fsspec, fsspec-xrootd, XRootD or the operating system raised; the
            exceptions that led to it are looked at too.

    Returns:
        The cause, one of `dtperf.errors.OURS` if the file is not to blame. Where nothing tells it:
        'unusable' if the error came while bytes were fetched, else 'corrupt', since then they could
        not be decoded.
    """
    for link in _chain(error):
        if isinstance(link, DtperfError):
            return link.cause
        if cause := _own_cause(link) or _cause_of_link(link):
            return cause
    fetching = isinstance(error, _FETCHING_ERRORS) and not isinstance(error, _DECODING_ERRORS)
    return "unusable" if fetching else "corrupt"


def first_line(error: BaseException) -> str:
    """Return the first sentence of the message of an exception."""
    # uproot shows all that it has read so far before it says what is wrong
    text = error.message if isinstance(error, DeserializationError) else error
    lines = [line.strip() for line in str(text).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    # uproot breaks a sentence after its comma
    first = " ".join(lines[:2]) if lines[0].endswith(",") else lines[0]
    return first.rstrip(".:")


def raise_if_ours(doing: str, error: BaseException) -> None:
    """Raise an error that ends a run, unless the file is to blame that was read.

    Args:
        doing: What was done, with the name of the file.
        error: What was raised.

    Raises:
        DtperfError: Our own code, memory or machine is to blame.
    """
    if classify(error) in OURS:
        # our own errors name the file and the remedy already
        raise error if isinstance(error, DtperfError) else own_fault(doing, error) from error


def own_fault(doing: str, error: BaseException, verdict: str = _REMEDIES["failed"]) -> DtperfError:
    """Make an error of what no file is to blame for.

    Args:
        doing: What was done.
        error: What was raised.
        verdict: Whose mistake it is, unless memory or machine are to blame.
    """
    cause = classify(error)
    if isinstance(error, OSError) and cause not in OURS:
        cause = "environment"  # no input was read
    if isinstance(error, MemoryError):
        cause = "memory"
    cause = cause if cause in OURS else "failed"
    message = f"{error!r}" if cause == "failed" else first_line(error)
    remedy = verdict if cause == "failed" else _REMEDIES[cause]
    return DtperfError(f"{doing}: {message}; {remedy}", cause)


def _own_cause(error: BaseException) -> Cause | None:
    """Return the cause if our code, memory or machine is to blame; None if that is not known."""
    if isinstance(error, MemoryError):
        return "oversize" if _is_absurd(error) else "memory"
    if isinstance(error, ImportError) or str(error) == _NO_THREAD:
        return "environment"
    packages = [*_packages(error.__traceback__)]
    if _COMPILERS.intersection(packages):
        return "failed"
    is_ours = isinstance(error, _PROGRAMMING_ERRORS) and packages[-1:] == ["dtperf"]
    return "failed" if is_ours else None


def _is_absurd(error: MemoryError) -> bool:
    """Return whether NumPy was asked for more than there is: only a damaged file does that."""
    shape, dtype = getattr(error, "shape", None), getattr(error, "dtype", None)
    if not isinstance(shape, tuple) or not isinstance(dtype, np.dtype):
        return False
    return math.prod(shape) * dtype.itemsize > memory_of_machine()


def _packages(traceback: TracebackType | None) -> Iterator[str]:
    """Name the packages through which an error has gone, the one that raised it at last."""
    while traceback is not None:
        yield str(traceback.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        traceback = traceback.tb_next


def _cause_of_link(error: BaseException) -> Cause | None:
    """Return the cause that one exception of a chain states by its kind, number or words."""
    for kind, cause in EXCEPTIONS:
        if isinstance(error, kind):
            return cause
    if isinstance(error, ValueError) and str(error).rstrip(".") == _CLOSED:
        return "unreachable"
    if stated := _http_cause(error):
        return stated
    if not isinstance(error, OSError | RuntimeError):
        return None  # the words of others may be of the file
    if isinstance(error, OSError) and error.errno in ERRNOS:
        return ERRNOS[error.errno]
    return _cause_of_message(str(error))


def _http_cause(error: BaseException) -> Cause | None:
    """Return the cause for an error of aiohttp; None for any other."""
    # not there yet while another thread imports it
    kind = getattr(sys.modules.get("aiohttp"), "ClientError", ())
    if not isinstance(error, kind):
        return None
    status = getattr(error, "status", None)
    if not isinstance(status, int):
        # no answer, or one that broke off; a URL that is none is a ValueError, too
        return "unusable" if isinstance(error, ValueError) else "unreachable"
    return HTTP_STATUS.get(status, "unreachable" if status >= 500 else "unusable")


def _cause_of_message(message: str) -> Cause | None:
    code = _XROOTD_CODE.search(message)
    if code and int(code[1]) in XROOTD_CODES:
        return XROOTD_CODES[int(code[1])]
    text = message.lower()
    return next((cause for words, cause in MESSAGES if words in text), None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
