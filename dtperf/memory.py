"""Memory of this process: kept, given back, measured and bounded."""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

__all__ = [
    "collect_rarely",
    "give_back",
    "keep_freed",
    "memory_bytes",
    "memory_of_machine",
    "peak_memory_bytes",
    "share_among_threads",
    "trim",
]

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""Of the GNU C library's mallopt."""
ARENAS = "MALLOC_ARENA_MAX"
"""By which a site or a parent has told that library how many pools of memory threads have."""
LARGEST_BYTES = 32 << 20
"""The largest pieces that it takes from its own memory."""
KEPT_BYTES = 1 << 30


def share_among_threads() -> None:
    """Let threads that begin from now on have their memory in one pool, that of the main thread.

    Dask works in threads. Of a pool of their own the C library gives back whole pieces as soon as
    they are free, whatever `keep_freed` tells it. What a site has set itself stays.
    """
    if ARENAS not in os.environ:
        with suppress(AttributeError, OSError, TypeError):
            if ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1):
                os.environ[ARENAS] = "1"


@cache
def keep_freed() -> bool:
    """Make the C library keep up to 1 GB of what is freed, for as long as the process lives.

    A chunk's arrays are freed together. Given back, their pages have to be mapped and zeroed anew
    for the next chunk, which took a fifth of the time of a run.

    Returns:
        Whether it does; False with another C library than GNU's, which is left alone.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, LARGEST_BYTES) and mallopt(M_TRIM_THRESHOLD, KEPT_BYTES))


def give_back() -> bool:
    """Give back what is freed and kept, and begin anew with the most bytes that this process has.

    So what is next shows what it takes, whatever the process has done before.

    Returns:
        Whether `peak_memory_bytes` begins anew: on Linux, with GNU's C library.
    """
    try:
        trim()
        # source: proc_pid_clear_refs(5) of the Linux manual
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except (AttributeError, OSError, TypeError):
        return False
    return True


def trim() -> None:
    """Give back what is freed and kept.

    Raises:
        AttributeError: With another C library than GNU's.
    """
    ctypes.CDLL(None).malloc_trim(0)


def collect_rarely() -> None:
    """Make Python look for rings of objects 600 times less often; for processes that are our own.

    Imports and open files are hundreds of thousands of objects that stay: looking through them took
    a fifth of a short command. A hundred chunks take as much memory as with the usual number, 700.
    """
    gc.set_threshold(400_000)


def memory_bytes() -> int:
    """Return the bytes of memory that this process has now."""
    import psutil  # type: ignore[import-untyped]  # not needed before a worker is there

    return int(psutil.Process().memory_info().rss)


def peak_memory_bytes() -> int:
    """Return the most bytes that this process has had so far, or since `give_back`.

    On Linux not what getrusage says: that includes what the process had been before it became this
    program, as large as its parent.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else 1024 * most
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return 1024 * int(line.split()[1])


CGROUPS, OWN_CGROUP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def memory_of_machine() -> int:
    """Return the bytes that this process and those that it starts may take together.

    Not `distributed.system.MEMORY_LIMIT`: importing it takes as long as a short run, and it looks
    at no cgroup below the root, in which a batch system puts its jobs.
    """
    import psutil

    return min((int(psutil.virtual_memory().total), *_limits()))


def _limits() -> Iterator[int]:
    """Find the limits of all cgroups that this process is in, of version 1 or 2.

    Source: cgroups(7) of the Linux manual, and Documentation/admin-guide/cgroup-v2.rst.
    """
    try:
        lines = OWN_CGROUP.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            root, name = CGROUPS, "memory.max"
        elif "memory" in controllers.split(","):
            root, name = CGROUPS / "memory", "memory.limit_in_bytes"
        else:
            continue
        own = root / path.lstrip("/")
        for folder in (own, *own.parents):
            with suppress(OSError):  # a container sees only its own part
                limit = (folder / name).read_text(encoding="ascii").strip()
                if limit.isdecimal():
                    yield int(limit)
            if folder == root:
                break
