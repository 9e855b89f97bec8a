"""What a worker does with one chunk, and what it says of it."""

from __future__ import annotations

import os
import socket
import time
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from coffea.processor.executor import WorkItem

from dtperf.addresses import hide
from dtperf.errors import DtperfError
from dtperf.execution.chunk_meta import meta_of, place_of
from dtperf.kernel_clock import spent_compiling
from dtperf.memory import give_back, keep_freed, peak_memory_bytes
from dtperf.nanoaod.faults import own_fault

__all__ = [
    "SIDE_OUTPUT",
    "ChunkProcessor",
    "Outcome",
    "WorkerKiller",
    "broken",
    "killing",
    "run_chunk",
    "worker_lost",
]

Function = Callable[[WorkItem], Any]
"""coffea's work function: a chunk to ``{"out": …, "bytes": …}``, perhaps with a "remark"."""
SIDE_OUTPUT = "parts"
"""What an output has under this name is too large to be added up: each chunk hands it on alone."""


class WorkerKiller(DtperfError):
    """Workers die of a chunk: tried again as it is, it would kill more of them."""


class ChunkProcessor(Protocol):
    """What measures chunks; outputs add up with coffea's `accumulate`."""

    @property
    def columns(self) -> frozenset[str]:
        """Branches that every input file must have."""

    @property
    def optional_columns(self) -> frozenset[str]:
        """Branches that are read where a file has them."""

    def process(self, events: Any) -> dict[str, Any]:
        """Measure one chunk of NanoEvents, which have these branches and no others."""


class Outcome(NamedTuple):
    """What became of one attempt at one chunk; its output travels apart."""

    error: DtperfError | None
    bytes: int
    """Compressed bytes read."""
    seconds: float
    """Wall time of reading and measuring, without that of compiling."""
    worker: str
    """Host, and process or name of the Dask worker."""
    cpu_seconds: float = 0.0
    """CPU time of the thread, or of the process if its threads work for this attempt alone."""
    memory: int = 0
    """The most bytes that the process has had, since a pilot began in it if one has."""
    remark: str = ""
    """What a user should know of the file, though it was read; empty: nothing."""
    compiling_seconds: float = 0.0
    """Wall time of compiling, which comes once."""
    memory_before: int = 0
    """The same when this began."""
    is_anew: bool = False
    """Both are counted from when this began, the process having given back what it kept."""


def run_chunk(function: Function, item: WorkItem) -> tuple[Any, Outcome]:
    """Work on a chunk.

    Returns:
        The processor's output, None if it failed; and the outcome. Nothing is raised.
    """
    keep_freed()
    is_anew = meta_of(item).is_pilot and give_back()
    has_process = meta_of(item).threads > 1
    cpu_time = time.process_time if has_process else time.thread_time
    before = peak_memory_bytes()
    start, cpu, compiled = time.perf_counter(), cpu_time(), spent_compiling()
    output, size, error, remark = None, 0, None, ""
    try:
        done = function(item)
        output, size, remark = done["out"], done["bytes"], done.get("remark", "")
    except Exception as failure:  # noqa: BLE001  # whatever it is, the client is told
        error = _explain(item, failure)
    seconds, cpu = time.perf_counter() - start, cpu_time() - cpu
    now = spent_compiling()
    compiling = now.seconds - compiled.seconds
    return output, Outcome(
        error,
        size,
        seconds - compiling,
        f"{socket.gethostname()}:{os.getpid()}",
        max(cpu - (now.cpu_seconds - compiled.cpu_seconds), 0.0),
        peak_memory_bytes(),
        remark,
        compiling,
        before,
        is_anew,
    )


def worker_lost(item: WorkItem, why: str) -> Outcome:
    """Return that no worker lived to finish a chunk."""
    message = f"{place_of(item)}: {why}; was it killed for its use of memory?"
    return Outcome(DtperfError(message, "worker-lost"), 0, 0.0, "")


def killing(item: WorkItem, why: str) -> Outcome:
    """Return that workers die of a chunk, which has been tried often enough."""
    lost = worker_lost(item, why)
    return lost._replace(error=WorkerKiller(str(lost.error), "worker-lost"))


def broken(item: WorkItem, error: Exception) -> Outcome:
    """Return that a chunk cannot be worked on, whatever it holds."""
    if not isinstance(error, DtperfError):
        error = own_fault(f"{place_of(item)}: measuring failed", error)
    return Outcome(error, 0, 0.0, "")


def _explain(item: WorkItem, failure: Exception) -> DtperfError:
    """Return which events of which file failed; the traceback goes along as a note."""
    if isinstance(failure, DtperfError):
        error = failure
    else:
        error = own_fault(f"{place_of(item)}: measuring failed", failure)
    error.add_note(hide("".join(traceback.format_exception(failure))))
    return error
