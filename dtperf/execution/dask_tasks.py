"""What Dask workers do: measure a chunk, add up what some of them found, send it to the client.

What an output has under `SIDE_OUTPUT` is not added up. It goes to the client chunk by chunk, so
that no worker holds more of it than that of its own chunk.
"""

from __future__ import annotations

import pickle
from functools import lru_cache
from socket import gethostname
from typing import Any, NamedTuple

import cloudpickle
import lz4.frame
from coffea.processor.executor import WorkItem

from dtperf.errors import DtperfError
from dtperf.execution.attempt import SIDE_OUTPUT, Function, Outcome, run_chunk
from dtperf.execution.clusters.environment import own_versions, refuse_others
from dtperf.execution.dask_mailbox import post
from dtperf.execution.outputs import added

__all__ = [
    "ChunkOutput",
    "SoftwareMismatch",
    "SummedChunks",
    "add_up",
    "measure",
    "pack",
    "sealed",
    "unpack",
]


class SoftwareMismatch(DtperfError):
    """A worker, which may have come when all were checked, does not run what the client runs."""


class ChunkOutput(NamedTuple):
    """What a chunk leaves on its worker."""

    output: bytes | None
    """Packed, without the side output; None if it failed."""
    outcome: Outcome
    has_sent: bool
    """Whether a side output was sent."""


class SummedChunks(NamedTuple):
    """What the client receives of some chunks, in their order."""

    output: bytes | None
    outcomes: list[Outcome]
    has_sent: list[bool]


def pack(output: Any) -> bytes | None:
    """Make histograms small, which are mostly zeros."""
    content: bytes = lz4.frame.compress(pickle.dumps(output, protocol=5))
    return content if output is not None else None


def unpack(content: bytes | None) -> Any:
    """Undo `pack`."""
    if content is None:
        return None
    return pickle.loads(lz4.frame.decompress(content))  # noqa: S301  # of our own workers


def sealed(function: Function) -> bytes:
    """Pickle a work function; only a worker that runs the same software opens it."""
    return pickle.dumps((dict(own_versions()), cloudpickle.dumps(function)))


@lru_cache(maxsize=2)
def _load(function: bytes) -> Function:
    versions, code = pickle.loads(function)  # noqa: S301  # of our own client
    try:
        refuse_others({"client": versions, f"a worker on {gethostname()}": own_versions()})
    except DtperfError as error:
        raise SoftwareMismatch(f"{error}\nWhat was measured is kept.") from None
    loaded: Function = pickle.loads(code)  # noqa: S301
    return loaded


def measure(topic: str, number: int, function: bytes, item: WorkItem) -> ChunkOutput:
    """Measure a chunk; what it has under `SIDE_OUTPUT` is posted before the task ends.

    Args:
        topic: Of the client's mailbox.
        number: That it expects.
        function: The work function, as `sealed` gives it.
        item: The chunk.

    Raises:
        SoftwareMismatch: The client runs other versions.
    """
    output, outcome = run_chunk(_load(function), item)
    outcome = outcome._replace(worker=_own_name())
    sent = output.pop(SIDE_OUTPUT, None) if isinstance(output, dict) else None
    if sent:
        post(topic, number, pack({SIDE_OUTPUT: sent}))
    return ChunkOutput(pack(output), outcome, bool(sent))


def _own_name() -> str:
    """Return this worker from others: in containers, process numbers repeat."""
    from distributed import get_worker

    worker = get_worker()
    # whoever gave it no name left it that of its address
    name = worker.address.rpartition(":")[2] if worker.name == worker.address else worker.name
    return f"{gethostname()}:{name}"


def add_up(topic: str, number: int, chunks: list[ChunkOutput]) -> None:
    """Add up what some chunks have found, and post it."""
    found = [unpack(each.output) for each in chunks if each.output is not None]
    total = pack(added(found)) if found else None
    summed = SummedChunks(
        total, [each.outcome for each in chunks], [each.has_sent for each in chunks]
    )
    post(topic, number, pickle.dumps(summed))
