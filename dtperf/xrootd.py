"""The XRootD client: how long a server may keep us waiting, and what a directory holds."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from dtperf.errors import InputError

__all__ = ["LONGEST_S", "bound_waiting", "entries"]

LONGEST_S = 65_535
"""The client counts seconds in 16 bits."""
_PARTIAL = 3
"""suPartial of XrdClStatus.hh: some of the servers behind a redirector have not answered."""


def bound_waiting(timeout_s: int) -> None:
    """Let the XRootD client of this process give up where it would wait for minutes.

    By itself it tries for ten minutes to connect, waits half an hour for an answer, looks at its
    watch every 15 s, and after a failure reports the same one for half an hour without trying.
    What the user has set as ``XRD_…`` in the environment is left as it is. A connection keeps the
    settings with which it was made.

    Args:
        timeout_s: Longest wait for a connection or an answer, in seconds.
    """
    client: Any = import_module("XRootD.client")
    timeout_s = min(timeout_s, LONGEST_S)
    settings = {
        "ConnectionWindow": timeout_s,
        "ConnectionRetry": 1,
        "RequestTimeout": timeout_s,
        "StreamTimeout": timeout_s,
        "StreamErrorWindow": 0,
        "TimeoutResolution": max(1, min(timeout_s // 4, 15)),
    }
    for name, value in settings.items():
        client.EnvPutInt(name, value)


def entries(url: str, timeout_s: int) -> Iterator[tuple[str, bool]]:
    """List a directory as xrdfs does: of a redirector, what all servers behind it hold.

    fsspec-xrootd asks one of these servers, does not tell when some have not answered, and keeps
    what it has listed as the sizes of the files for good.

    Args:
        url: The directory.
        timeout_s: Longest wait for an answer, in seconds.

    Yields:
        Name, and whether it is a directory; names are as the server gives them.

    Raises:
        OSError: The server does not list it.
        InputError: It does not list all of it.
    """
    client: Any = import_module("XRootD.client")
    flags: Any = import_module("XRootD.client.flags")
    how = flags.DirListFlags.STAT | flags.DirListFlags.LOCATE | flags.DirListFlags.MERGE
    path = "/" + client.URL(url).path_with_params.lstrip("/")
    status, found = client.FileSystem(url).dirlist(path, how, timeout_s)
    if not status.ok:
        raise OSError(str(status.message).strip())
    if status.code == _PARTIAL:
        raise InputError("some of its servers have not told what they hold", "unreachable")
    for entry in found or ():
        yield entry.name, bool(entry.statinfo.flags & flags.StatInfoFlags.IS_DIR)
