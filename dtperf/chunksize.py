"""How many events to read at once: as many as fit, since each chunk costs some milliseconds."""

from __future__ import annotations

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
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


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
    """Give the bytes that this process and those that it starts may take together."""
    total = int(psutil.virtual_memory().total)
    try:
        limit = CGROUP_LIMIT.read_text(encoding="ascii").strip()
    except OSError:
        return total
    return min(total, int(limit)) if limit.isdecimal() else total
