"""What went wrong with a file, told from the exception: ``classify(error)``."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator

from uproot.deserialization import DeserializationError

from dtperf.errors import Cause, DtperfError

__all__ = ["classify", "first_line"]

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
}
_KINDS: tuple[tuple[type[BaseException], Cause], ...] = (
    (MemoryError, "oversize"),
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


def classify(error: BaseException) -> Cause:
    """Tell the cause for which a file cannot be used.

    Args:
        error: What uproot, fsspec, fsspec-xrootd, XRootD or the operating system raised; the
            exceptions that led to it are looked at too.

    Returns:
        The cause. Where nothing tells it: 'unusable' if the error came while bytes were fetched,
        else 'corrupt', since then they could not be decoded.
    """
    for link in _chain(error):
        if isinstance(link, DtperfError):
            return link.cause
        if cause := _of_one(link):
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


def _of_one(error: BaseException) -> Cause | None:
    for kind, cause in _KINDS:
        if isinstance(error, kind):
            return cause
    if isinstance(error, ValueError) and str(error).rstrip(".") == _CLOSED:
        return "unreachable"
    if not isinstance(error, OSError | RuntimeError):
        return None  # the words of others may be of the file
    if isinstance(error, OSError) and error.errno in _ERRNOS:
        return _ERRNOS[error.errno]
    return _of_words(str(error))


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
