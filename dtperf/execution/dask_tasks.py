"""What Dask workers do: measure some chunks, add up what some tasks found, send it to the client.

Of its chunks a task keeps the sum, so that it takes no more memory than one of them and that. What
an output has under `SIDE_OUTPUT` is not added up. It goes to the client chunk by chunk, so that no
worker holds more of it than that of its own chunk.
"""

from __future__ import annotations

import pickle
import time
import zlib
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from socket import gethostname
from typing import Any, NamedTuple

import cloudpickle
import lz4.frame
from coffea.processor.executor import WorkItem

from dtperf.errors import DtperfError
from dtperf.execution.attempt import SIDE_OUTPUT, Function, Outcome, run_chunk
from dtperf.execution.clusters.environment import own_versions, refuse_others
from dtperf.execution.dask_kernels import give_compiled, take_from_scheduler
from dtperf.execution.dask_mailbox import post
from dtperf.execution.outputs import added
from dtperf.memory import memory_bytes, trim

__all__ = [
    "SoftwareMismatch",
    "TaskOutput",
    "add_up",
    "measure",
    "pack",
    "pack_items",
    "sealed",
    "unpack",
]

KEPT_BELOW = 0.68
"""Part of its memory above which a worker keeps nothing for the next chunk: with 0.7 Dask writes to
disk, with 0.8 it waits. Chunks are cut for less."""


class SoftwareMismatch(DtperfError):
    """A worker, which may have come when all were checked, does not run what the client runs."""


class TaskOutput(NamedTuple):
    """What a task leaves on its worker, or what the client receives of several, in their order."""

    output: bytes | None
    """Sum of its chunks, packed, without the side output; None if all failed."""
    outcomes: list[Outcome | None]
    """Of each chunk; None: it was not begun."""
    has_sent: list[bool]
    """Of each chunk whether a side output was sent."""


def pack(output: Any) -> bytes | None:
    """Make histograms small, which are mostly zeros."""
    content: bytes = lz4.frame.compress(pickle.dumps(output, protocol=5))
    return content if output is not None else None


def unpack(content: bytes | None) -> Any:
    """Undo `pack`."""
    if content is None:
        return None
    return pickle.loads(lz4.frame.decompress(content))  # noqa: S301  # of our own workers


def pack_items(items: Iterable[WorkItem]) -> bytes:
    """Make one thing of chunks, which the scheduler passes on without a look at each."""
    return pickle.dumps([*items], protocol=5)


def sealed(function: Function, *, shares: bool = False) -> bytes:
    """Pickle a work function; only a worker that runs the same software opens it.

    Every task carries it: it is made small.

    Args:
        function: The work function.
        shares: The scheduler has compiled functions for workers that lack them.
    """
    content = pickle.dumps((dict(own_versions()), shares, cloudpickle.dumps(function)))
    return zlib.compress(content)


@lru_cache(maxsize=2)
def _load(function: bytes) -> Function:
    versions, shares, code = pickle.loads(zlib.decompress(function))  # noqa: S301  # of our own client
    try:
        refuse_others({"client": versions, f"a worker on {gethostname()}": own_versions()})
    except DtperfError as error:
        raise SoftwareMismatch(f"{error}\nWhat was measured is kept.") from None
    if shares:
        take_from_scheduler()
    loaded: Function = pickle.loads(code)  # noqa: S301
    return loaded


def measure(topic: str, number: int, function: bytes, chunks: bytes, seconds: float) -> TaskOutput:
    """Measure chunks one after the other, as long as there is time for them.

    Args:
        topic: Of the client's mailbox.
        number: That it expects the side output of the first chunk under, which is posted before the
            task ends; those of the others follow.
        function: The work function, as `sealed` gives it.
        chunks: As `pack_items` gives them.
        seconds: After this time no other chunk is begun.

    Raises:
        SoftwareMismatch: The client runs other versions.
        DtperfError: What the processor returned for different chunks does not add up.
    """
    work = _load(function)
    items: list[WorkItem] = pickle.loads(chunks)  # noqa: S301  # of our own client
    worker, begin = _own_name(), time.monotonic()
    total, is_own = None, False
    outcomes = list[Outcome | None]()
    has_sent = [False] * len(items)
    for place, item in enumerate(items):
        if outcomes and time.monotonic() - begin > seconds:
            break
        output, outcome = run_chunk(work, item)
        _spare()
        outcomes.append(outcome._replace(worker=worker))
        if output is None:
            continue
        sent = output.pop(SIDE_OUTPUT, None) if isinstance(output, dict) else None
        if sent:
            post(topic, number + place, pack({SIDE_OUTPUT: sent}))
            has_sent[place] = True
        if total is None:
            total = output
        else:
            # what the processor returned stays as it is: it may have kept it
            total = added([output], total) if is_own else added([total, output])
            is_own = True
    give_compiled()
    outcomes += [None] * (len(items) - len(outcomes))
    return TaskOutput(pack(total), outcomes, has_sent)


def _spare() -> None:
    """Give back what is kept where Dask would soon give no more work to a process with so much."""
    from distributed import get_worker

    with suppress(AttributeError, ValueError):  # not of GNU's C library; not on a worker
        limit = get_worker().memory_manager.memory_limit
        if limit and memory_bytes() > KEPT_BELOW * limit:
            trim()


def _own_name() -> str:
    """Return this worker from others: in containers, process numbers repeat."""
    from distributed import get_worker

    worker = get_worker()
    # whoever gave it no name left it that of its address
    name = worker.address.rpartition(":")[2] if worker.name == worker.address else worker.name
    return f"{gethostname()}:{name}"


def add_up(topic: str, number: int, tasks: list[TaskOutput]) -> None:
    """Add up what some tasks have found, and post it."""
    found = [unpack(each.output) for each in tasks if each.output is not None]
    summed = TaskOutput(
        pack(added(found)) if found else None,
        [outcome for each in tasks for outcome in each.outcomes],
        [sent for each in tasks for sent in each.has_sent],
    )
    post(topic, number, pickle.dumps(summed))
