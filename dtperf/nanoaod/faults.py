"""What went wrong with a file, told from the exception: ``classify(error)``.

Not all that goes wrong while a file is read is wrong with the file. An error of our own code, of
numba, memory or machine is told from others by what it is and by where it was raised.
"""

from __future__ import annotations

import errno
import math
import re
import sys
from collections.abc import Iterator
from types import TracebackType

import numpy as np
from uproot.deserialization import DeserializationError

from dtperf.errors import OURS, Cause, DtperfError
from dtperf.process import memory_of_machine

__all__ = ["classify", "first_line", "own_fault", "raise_if_ours"]

# XErrorCode of XRootD's XProtocol.hh; servers send it and write the rest as they like
_XROOTD_CODES: dict[int, Cause] = {
    **dict.fromkeys((3010, 3022, 3023, 3028, 3030), "refused"),
    3011: "missing",
    **dict.fromkeys((3015, 3016), "not-root"),
    **dict.fromkeys((3003, 3007, 3012, 3014, 3017, 3020, 3024, 3029, 3033), "unreachable"),
    **dict.fromkeys((3034, 3035), "timeout"),
    3019: "corrupt",
}
_XROOTD_CODE = re.compile(r"\[(3\d\d\d)\]")
# Status codes of HTTP (RFC 9110, section 15, and RFC 6585); of the rest, 5xx are of the server
_HTTP_STATUS: dict[int, Cause] = {
    **dict.fromkeys((401, 403, 407, 451), "refused"),
    **dict.fromkeys((404, 410), "missing"),
    **dict.fromkeys((408, 504), "timeout"),
    **dict.fromkeys((425, 429), "unreachable"),
    416: "truncated",
}
# What servers say, XrdClStatus.cc and the operating system, in the order of looking
_WORDS: tuple[tuple[str, Cause], ...] = (
    ("permission denied", "refused"),
    ("not authorized", "refused"),
    ("auth failed", "refused"),
    ("login failed", "refused"),
    ("authentication failed", "refused"),
    ("no such file", "missing"),
    ("file not found", "missing"),
    ("resource not found", "missing"),
    ("stale file handle", "missing"),
    ("not a directory", "missing"),
    ("operation expired", "timeout"),
    ("socket timeout", "timeout"),
    ("timed out", "timeout"),
    ("connection error", "unreachable"),
    ("connection refused", "unreachable"),
    ("socket error", "unreachable"),
    ("socket disconnected", "unreachable"),
    ("socket opt error", "unreachable"),
    ("poller error", "unreachable"),
    ("stream disconnect", "unreachable"),
    ("hand shake failed", "unreachable"),
    ("invalid session", "unreachable"),
    ("invalid address", "unreachable"),
    ("invalid operation", "unreachable"),  # on a file whose connection broke
    ("operation interrupted", "unreachable"),
    ("tls error", "unreachable"),
    ("no more replicas", "unreachable"),
    ("redirect limit", "unreachable"),
    # server, uproot and fsspec-xrootd when there are fewer bytes than there should be
    ("illegal seek", "truncated"),
    ("expected chunk of length", "truncated"),
    ("coroutine raised stopiteration", "truncated"),
)
_ERRNOS: dict[int, Cause] = {
    **dict.fromkeys((errno.ENOENT, errno.ESTALE, errno.ENOTDIR), "missing"),
    # links that lead in a circle, or a name that no file can have: there is no such file
    **dict.fromkeys((errno.ELOOP, errno.ENAMETOOLONG), "missing"),
    errno.EISDIR: "not-root",
    **dict.fromkeys((errno.EACCES, errno.EPERM), "refused"),
    errno.ETIMEDOUT: "timeout",
    **dict.fromkeys(
        (errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE), "unreachable"
    ),
    **dict.fromkeys(
        (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EREMOTEIO), "unreachable"
    ),
    # what a disk, NFS, EOS or CVMFS says when its own storage does not answer
    errno.EIO: "unreachable",
    errno.ENOMEM: "memory",
    # of this process and this machine, whatever file was read
    **dict.fromkeys((errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT), "environment"),
    **dict.fromkeys((errno.EROFS, errno.EAGAIN), "environment"),
}
_KINDS: tuple[tuple[type[BaseException], Cause], ...] = (
    (FileNotFoundError, "missing"),
    (IsADirectoryError, "not-root"),
    (PermissionError, "refused"),
    (TimeoutError, "timeout"),
    (ConnectionError, "unreachable"),
)
_CLOSED = "I/O operation on closed file"
"""As XRootD's Python binding says of a file that its client gave up with the connection."""
_SAYS_NOTHING = (OSError, RuntimeError, ImportError)
"""Not of the contents, whatever else they are of."""
_OF_CONTENTS = (RecursionError, NotImplementedError)
_NO_THREAD = "can't start new thread"
_COMPILERS = {"numba", "llvmlite"}
"""Packages that never see the contents of a file, but only our own code."""
_MISTAKES = (NameError, AttributeError, TypeError, AssertionError)
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
        if cause := _of_ours(link) or _of_one(link):
            return cause
    fetching = isinstance(error, _SAYS_NOTHING) and not isinstance(error, _OF_CONTENTS)
    return "unusable" if fetching else "corrupt"


def first_line(error: BaseException) -> str:
    """Return what an exception says, without its further lines."""
    # uproot shows all that it has read so far before it says what is wrong
    said = error.message if isinstance(error, DeserializationError) else error
    lines = [line.strip() for line in str(said).splitlines() if line.strip()]
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
        # one of ours has said it
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
    told = f"{error!r}" if cause == "failed" else first_line(error)
    remedy = verdict if cause == "failed" else _REMEDIES[cause]
    return DtperfError(f"{doing}: {told}; {remedy}", cause)


def _of_ours(error: BaseException) -> Cause | None:
    """Return what of ours is to blame; None: perhaps nothing."""
    if isinstance(error, MemoryError):
        return "oversize" if _is_absurd(error) else "memory"
    if isinstance(error, ImportError) or str(error) == _NO_THREAD:
        return "environment"
    packages = [*_packages(error.__traceback__)]
    if _COMPILERS.intersection(packages):
        return "failed"
    mistaken = isinstance(error, _MISTAKES) and bool(packages) and packages[-1] == "dtperf"
    return "failed" if mistaken else None


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


def _of_one(error: BaseException) -> Cause | None:
    for kind, cause in _KINDS:
        if isinstance(error, kind):
            return cause
    if isinstance(error, ValueError) and str(error).rstrip(".") == _CLOSED:
        return "unreachable"
    if told := _of_http(error):
        return told
    if not isinstance(error, OSError | RuntimeError):
        return None  # the words of others may be of the file
    if isinstance(error, OSError) and error.errno in _ERRNOS:
        return _ERRNOS[error.errno]
    return _of_words(str(error))


def _of_http(error: BaseException) -> Cause | None:
    """Return the cause for an error of aiohttp; None for any other."""
    # not there yet while another thread imports it
    kind = getattr(sys.modules.get("aiohttp"), "ClientError", ())
    if not isinstance(error, kind):
        return None
    status = getattr(error, "status", None)
    if not isinstance(status, int):
        # no answer, or one that broke off; a URL that is none is a ValueError, too
        return "unusable" if isinstance(error, ValueError) else "unreachable"
    return _HTTP_STATUS.get(status, "unreachable" if status >= 500 else "unusable")


def _of_words(message: str) -> Cause | None:
    code = _XROOTD_CODE.search(message)
    if code and int(code[1]) in _XROOTD_CODES:
        return _XROOTD_CODES[int(code[1])]
    said = message.lower()
    return next((cause for words, cause in _WORDS if words in said), None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
