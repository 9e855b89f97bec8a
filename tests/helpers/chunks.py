"""Chunks that are worked on without files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from coffea.processor.executor import WorkItem

from dtperf.execution.executor import ChunkExecutor, ChunkResult, Update
from dtperf.execution.pools import InProcessPool, Pool
from dtperf.filesets.replicas import Replicas

HOME, REPLICA, FAR = "root://home//f.root", "root://replica//f.root", "root://far//f.root"


def items(number: int) -> list[WorkItem]:
    return [WorkItem("d", HOME, "Events", i, i + 1, bytes(16)) for i in range(number)]


def run(
    function: Callable[[WorkItem], Any],
    number: int = 1,
    pool: Pool | None = None,
    sources: tuple[str, ...] = (HOME,),
    retries: int = 3,
) -> tuple[Counter[int], list[ChunkResult]]:
    """Give how often each chunk is in the sum, and what ended."""
    total: Counter[int] = Counter()
    ended: list[ChunkResult] = []

    def note(progressed: Update) -> None:
        total.update(progressed.output or {})
        ended.extend(progressed.ended)

    executor = ChunkExecutor(
        pool=pool or InProcessPool(),
        replicas=lambda _: Replicas(sources, retries, 0.001),
        on_progress=note,
    )
    executor(items(number), function, None)
    return total, sorted(ended, key=lambda each: each.item.entrystart)


def counted(item: WorkItem) -> dict[str, Any]:
    return {"out": {item.entrystart: 1}, "bytes": 10}
