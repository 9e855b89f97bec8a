"""How many events to read at once: as many as fit, since each chunk costs some milliseconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]

__all__ = ["LARGEST", "SMALLEST", "events_at_once", "memory_of_machine"]

LARGEST, SMALLEST = 200_000, 10_000
"""More gains nothing; with fewer a chunk costs more than its events."""
BASE_BYTES, EVENT_BYTES = 400_000_000, 3_000
"""Of a worker with all libraries, and of an event on its way to the histograms. Measured were
310 MB and 2.2 kB, with either extrapolation."""
USED = 0.6
"""Part of a limit to fill: at 0.7 Dask begins to write to disk."""
CGROUPS, OWN_CGROUP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def events_at_once(memory: int | None) -> int:
    """Say how many events a chunk should have.

    Args:
        memory: Bytes that a worker may take for one chunk, all of its own included; None if there
            is no limit.
    """
    if memory is None:
        return LARGEST
    fitting = int(USED * memory - BASE_BYTES) // EVENT_BYTES
    return min(max(fitting, SMALLEST), LARGEST)


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
