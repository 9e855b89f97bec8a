"""This process: Ctrl-C that cannot get lost, and memory that is kept, measured and bounded."""

from __future__ import annotations

import ctypes
import gc
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import psutil  # type: ignore[import-untyped]

__all__ = [
    "collect_rarely",
    "keep_freed",
    "memory_of_machine",
    "peak_memory_bytes",
    "raise_if_interrupted",
    "signals_as_interrupt",
]

SIGNALS = (signal.SIGINT, signal.SIGTERM)

_interrupts: list[int] = []


@contextmanager
def signals_as_interrupt() -> Iterator[None]:
    """Take SIGINT and SIGTERM as Ctrl-C: at once, and where `raise_if_interrupted` is called."""

    def interrupt(number: int, _: object) -> None:
        _interrupts.append(number)
        raise KeyboardInterrupt

    _interrupts.clear()
    before = [signal.signal(number, interrupt) for number in SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(SIGNALS, before, strict=True):
            signal.signal(number, handler)
        _interrupts.clear()


def raise_if_interrupted() -> None:
    """Raise KeyboardInterrupt if one came and got lost."""
    if _interrupts:
        raise KeyboardInterrupt


M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Of the GNU C library's mallopt."""
LARGEST_BYTES = 32 << 20
"""The largest pieces that it takes from its own memory."""
KEPT_BYTES = 1 << 30


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


def collect_rarely() -> None:
    """Make Python look for rings of objects 70 times less often; for processes that are our own.

    Imports and open files are hundreds of thousands of objects that stay: looking through them took
    a fifth of a short command. Twenty chunks leave 9 MB in rings, so memory stays bounded.
    """
    gc.set_threshold(50_000)


def peak_memory_bytes() -> int:
    """Return the most bytes that this process has had so far.

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
