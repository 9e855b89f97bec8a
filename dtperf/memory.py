"""Memory: kept for the next chunk, not searched for rings while lists grow, and measured."""

from __future__ import annotations

import ctypes
import gc
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

__all__ = ["collect_rarely", "keep_freed", "many_lists", "most_so_far"]

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Of the GNU C library's mallopt."""
LARGEST_BYTES = 32 << 20
"""The largest pieces that it takes from its own memory."""
KEPT_BYTES = 1 << 30


@cache
def keep_freed() -> bool:
    """Have the C library keep up to 1 GB of what is freed, for as long as the process lives.

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
    """Have Python look for rings of objects 70 times less often; for processes that are our own.

    Imports and open files are hundreds of thousands of objects that stay: looking through them took
    a fifth of a short command. Twenty chunks leave 9 MB in rings, so memory stays bounded.
    """
    gc.set_threshold(50_000)


@contextmanager
def many_lists() -> Iterator[None]:
    """Make many lists that all stay: Python does not look for rings among them meanwhile.

    It looks again and again as they become more, which took three quarters of the time to read or
    write the histograms of a result.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def most_so_far() -> int:
    """Give the most bytes that this process has had so far.

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
