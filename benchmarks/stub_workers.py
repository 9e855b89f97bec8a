"""Many Dask workers in one process: ``python -m benchmarks.stub_workers ADDRESS FIRST NUMBER``.

Each has a thread, an event loop's share and a connection of its own, as any worker; what they are
given to do, `sleep_through`, sleeps in the place of reading, measuring, adding, packing and
unpacking, so that hundreds of them need no more than the cores that hand out.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from functools import lru_cache
from random import Random
from typing import Any

import dask
import numpy as np
from coffea.processor.executor import WorkItem
from distributed import Worker

__all__ = ["ADD_S", "PACKED_BYTES", "PACK_S", "UNPACK_S", "chunk_seconds", "sleep_through"]

PACKED_BYTES, PACK_S, UNPACK_S, ADD_S = 200_000, 0.008, 0.016, 0.0014
"""Of the histograms of `reference_2023` (7.3 MB before they are packed)."""
STRETCH = float(os.environ.get("DTPERF_STRETCH", "1"))
"""How much slower all of this is, see `benchmarks.farm`."""
SPREAD = 0.3
"""Of the logarithm of a chunk's time."""


AT_ONCE = 10
"""How many workers to start beside each other."""
NO_MACHINE = {
    # what a worker looks at on its own machine, some hundred times a second
    "distributed.worker.profile.enabled": False,
    "distributed.admin.system-monitor.interval": "60s",
    "distributed.admin.tick.interval": "10s",
    # all of them want to be heard at once
    "distributed.comm.timeouts.connect": "300s",
}


@lru_cache(maxsize=1)
def _content() -> bytes:
    return np.random.default_rng(1).bytes(PACKED_BYTES)


class StubHistograms:
    """Takes the time and the room of histograms, and counts how many chunks it is the sum of."""

    def __init__(self, chunks: int = 1) -> None:
        self.chunks = chunks

    def __add__(self, other: StubHistograms) -> StubHistograms:
        """Return the sum, which takes its time."""
        time.sleep(STRETCH * ADD_S)
        return StubHistograms(self.chunks + other.chunks)

    def __reduce__(self) -> tuple[Any, ...]:
        """Be packed, and unpacked: both take their time."""
        time.sleep(STRETCH * PACK_S)
        return _unpacked, (_content(), self.chunks)


def _unpacked(_content: bytes, chunks: int) -> StubHistograms:
    time.sleep(STRETCH * UNPACK_S)
    return StubHistograms(chunks)


def chunk_seconds(mean: float, item: WorkItem) -> float:
    """Return how long a chunk takes, the same each time: around a mean, with its spread."""
    seed = f"{item.filename}{item.entrystart}"
    return mean * Random(seed).lognormvariate(-(SPREAD**2) / 2, SPREAD)


def sleep_through(mean: float, item: WorkItem) -> dict[str, Any]:
    """Stand in for reading and measuring a chunk."""
    time.sleep(STRETCH * chunk_seconds(mean, item))
    totals = {"events": len(item)}
    nothing = {"histograms": {}, "anomalies": {}, "extra": {}}
    return {"out": {**nothing, "totals": totals, "stub": StubHistograms()}, "bytes": len(item)}


async def main(address: str, first: int, number: int) -> None:
    """Start workers, and be them until this process is ended."""
    workers = [
        Worker(
            address,
            nthreads=1,
            name=f"stub-{first + n}",
            memory_limit=0,
            dashboard=False,
            validate=False,
        )
        for n in range(number)
    ]
    for at in range(0, number, AT_ONCE):
        await asyncio.gather(*workers[at : at + AT_ONCE])
    await asyncio.gather(*(worker.finished() for worker in workers))


if __name__ == "__main__":
    with dask.config.set(NO_MACHINE):
        asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
