"""A simulated cluster: one scheduler, one client, many workers."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from dtperf.execution.dask_pool import FEWEST, MOST

__all__ = ["Costs", "simulate"]


class Costs(NamedTuple):
    """What is done beside reading and measuring, in seconds."""

    hand_out_s: float
    """Of the scheduler for each task."""
    pack_s: float
    """Of a worker for each chunk."""
    sum_s: float
    """Of a worker for each chunk that it adds to others."""
    client_batch_s: float
    """Of the client for each sum."""
    client_row_s: float
    """Of the client for each chunk."""


def simulate(workers: int, chunk_seconds: Sequence[float], costs: Costs) -> float:
    """Return how long a run takes, with the rules of `dtperf.execution.dask_pool`.

    Args:
        workers: Their number; each does one task at a time.
        chunk_seconds: Reading and measuring of each chunk.
        costs: Of everything else.

    Returns:
        Seconds until the client has the last sum.
    """
    at_once = min(max(workers, FEWEST), MOST)
    waiting = deque(chunk_seconds)
    sums: deque[int] = deque()
    idle, running = workers, 0
    scheduler = client = now = 0.0
    measured = 0
    ends: list[tuple[float, int]] = []
    """When tasks end, and of how many chunks they are a sum; 0: they are a chunk."""
    while True:
        while idle and (sums or waiting):
            size = sums.popleft() if sums else 0
            work = size * costs.sum_s if size else waiting.popleft() + costs.pack_s
            scheduler = max(scheduler, now) + costs.hand_out_s
            heapq.heappush(ends, (scheduler + work, size))
            idle -= 1
            running += not size
        if not ends:
            return client
        now, size = heapq.heappop(ends)
        idle += 1
        if size:
            client = max(client, now) + costs.client_batch_s + size * costs.client_row_s
            continue
        running -= 1
        measured += 1
        is_last = not waiting and not running
        if measured >= at_once or is_last:
            sums.append(measured)
            measured = 0
