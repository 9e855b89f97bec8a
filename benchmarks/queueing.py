"""A simulated cluster: one scheduler, one client, many workers, and the real sizes of tasks."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from itertools import count
from typing import NamedTuple

from coffea.processor.executor import WorkItem

from dtperf.execution.attempt import Outcome
from dtperf.execution.dask_pool import AHEAD, FEWEST, FIRST_AHEAD, MOST, WAIT_S
from dtperf.execution.task_sizes import Backlog

__all__ = ["Costs", "simulate"]

HELD = 2
"""How many tasks a worker has at most: Dask gives it the next one beforehand."""


class Costs(NamedTuple):
    """What is done beside reading and measuring, in seconds."""

    hand_out_s: float
    """Of the scheduler for each task."""
    pack_s: float
    """Of a worker for each task."""
    unpack_s: float
    """Of whoever adds the sum of a task to others."""
    add_s: float
    """Of a worker for each chunk that it adds to others."""
    client_chunk_s: float
    """Of the client for each chunk."""


class _Task(NamedTuple):
    seconds: float
    chunks: dict[int, WorkItem]
    """Of a sum, those of all its tasks."""
    size: int
    """Of how many tasks it is a sum; 0: it has chunks."""
    done: int = 0
    """How many of its chunks it has time for."""
    left: dict[int, WorkItem] = {}  # noqa: RUF012
    """Of a sum, the chunks that its tasks had no time for."""


def simulate(workers: int, chunk_seconds: Sequence[float], costs: Costs) -> float:
    """Return how long a run takes, with the rules of `dtperf.execution.dask_pool`.

    Args:
        workers: Their number; each does one task at a time.
        chunk_seconds: Reading and measuring of each chunk.
        costs: Of everything else.

    Returns:
        Seconds until the client has the last sum.
    """
    backlog, more = Backlog(), iter(enumerate(chunk_seconds))
    chunks_left = len(chunk_seconds)
    most_summed = min(max(workers, FEWEST), MOST)
    queued, sums = deque[_Task](), deque[_Task]()
    ends: list[tuple[float, int, int, _Task]] = []
    number = count()
    out = summed = 0
    measured: list[_Task] = []
    oldest = scheduler = client = now = 0.0
    free_at, held = [0.0] * workers, [0] * workers
    slots = [deque(range(workers))] + [deque[int]() for _ in range(HELD)]
    """Workers by how many tasks they hold; some stand where they stood before, too."""
    while True:
        # the client takes in chunks, and makes tasks of them
        wanted = backlog.wanted(workers)
        while chunks_left and len(backlog) < wanted:
            place, _ = next(more)
            backlog.add(place, WorkItem("", "", "", place, place + 1, b""))
            chunks_left -= 1
        most = max(AHEAD * workers, workers + FIRST_AHEAD)
        if not backlog.is_timed:
            most = max(workers, FIRST_AHEAD)
        while len(backlog) and out < most:
            items, limit = backlog.next_task(workers, last=not chunks_left)
            work, done = 0.0, 0
            for place in items:
                if done and work > limit:
                    break
                work += chunk_seconds[place] + costs.add_s * (done > 0)
                done += 1
            queued.append(_Task(work + costs.pack_s, items, 0, done))
            out += 1
            client = max(client, now) + costs.client_chunk_s * len(items)
        # the scheduler gives them to workers, one after the other
        while (sums or queued) and (worker := _least_busy(slots, held)) is not None:
            task = sums.popleft() if sums else queued.popleft()
            scheduler = max(scheduler, now) + costs.hand_out_s
            free_at[worker] = max(scheduler, free_at[worker]) + task.seconds
            heapq.heappush(ends, (free_at[worker], next(number), worker, task))
            held[worker] += 1
            slots[held[worker]].append(worker)
        if not ends:
            return client
        now, _, worker, task = heapq.heappop(ends)
        held[worker] -= 1
        slots[held[worker]].append(worker)
        if task.size:
            client = max(client, now) + costs.unpack_s
            for place in task.chunks:
                outcome = Outcome(None, 0, chunk_seconds[place], "")
                backlog.note(WorkItem("", "", "", place, place + 1, b""), outcome)
            backlog.put_back(task.left.items())
        else:
            out -= 1
            oldest = oldest if measured else now
            measured.append(task)
        at_once = min(most_summed, summed + 1)
        if measured and (len(measured) >= at_once or not out or now - oldest > WAIT_S):
            some, measured = measured[:at_once], measured[at_once:]
            all_chunks = [([*each.chunks.items()], each.done) for each in some]
            chunks = dict(chunk for its, done in all_chunks for chunk in its[:done])
            left = dict(chunk for its, done in all_chunks for chunk in its[done:])
            work = len(some) * (costs.unpack_s + costs.add_s) + costs.pack_s
            sums.append(_Task(work, chunks, len(some), left=left))
            summed += 1
            oldest = now


def _least_busy(slots: list[deque[int]], held: list[int]) -> int | None:
    """Take out a worker that holds the fewest tasks; None if all hold as many as they may."""
    for number, workers in enumerate(slots[:HELD]):
        while workers:
            if held[worker := workers.popleft()] == number:
                return worker
    return None
