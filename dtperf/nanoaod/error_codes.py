"""Causes that error codes and messages of servers and operating system stand for."""

from __future__ import annotations

import errno

from dtperf.errors import Cause

__all__ = ["ERRNOS", "EXCEPTIONS", "HTTP_STATUS", "MESSAGES", "XROOTD_CODES"]

# XErrorCode of XRootD's XProtocol.hh; servers send it and write the rest as they like
XROOTD_CODES: dict[int, Cause] = {
    **dict.fromkeys((3010, 3022, 3023, 3028, 3030), "refused"),
    3011: "missing",
    **dict.fromkeys((3015, 3016), "not-root"),
    **dict.fromkeys((3003, 3007, 3012, 3014, 3017, 3020, 3024, 3029, 3033), "unreachable"),
    **dict.fromkeys((3034, 3035), "timeout"),
    3019: "corrupt",
}
# Status codes of HTTP (RFC 9110, section 15, and RFC 6585); of the rest, 5xx are of the server
HTTP_STATUS: dict[int, Cause] = {
    **dict.fromkeys((401, 403, 407, 451), "refused"),
    **dict.fromkeys((404, 410), "missing"),
    **dict.fromkeys((408, 504), "timeout"),
    **dict.fromkeys((425, 429), "unreachable"),
    416: "truncated",
}
# What servers say, XrdClStatus.cc and the operating system, in the order of looking
MESSAGES: tuple[tuple[str, Cause], ...] = (
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
ERRNOS: dict[int, Cause] = {
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
EXCEPTIONS: tuple[tuple[type[BaseException], Cause], ...] = (
    (FileNotFoundError, "missing"),
    (IsADirectoryError, "not-root"),
    (PermissionError, "refused"),
    (TimeoutError, "timeout"),
    (ConnectionError, "unreachable"),
)
