"""Chunks that are not read: each gives the histograms of the golden events."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from uuid import UUID

import numpy as np
from coffea.nanoevents import NanoEventsFactory
from coffea.processor.executor import WorkItem

import dtperf
from benchmarks.sample import GOLDEN
from dtperf.execution.attempt import SIDE_OUTPUT
from dtperf.nanoaod import MuonDPGSchema
from processors.segment_efficiency import SegmentEfficiency

__all__ = ["EVENTS", "chunks", "golden_output", "measure_and_send", "measure_nothing"]

CHUNKS_PER_FILE = 10
EVENTS = 4000


@lru_cache(maxsize=1)
def golden_output() -> dict[str, Any]:
    """Measure the golden events once in a process."""
    events = NanoEventsFactory.from_root({str(GOLDEN): "Events"}, schemaclass=MuonDPGSchema)
    processor = SegmentEfficiency(dtperf.load_config("reference_2023"))
    output: dict[str, Any] = processor.process(events.events())
    return output


def measure_nothing(item: WorkItem) -> dict[str, Any]:
    """Stand in for reading and measuring."""
    return {"out": golden_output(), "bytes": len(item)}


def measure_and_send(part_bytes: int, item: WorkItem) -> dict[str, Any]:
    """Stand in for making a skim whose directory is not seen: each chunk sends a part."""
    part = np.random.default_rng(item.entrystart).bytes(part_bytes)
    name = f"{item.filename}-{item.entrystart}"
    return {"out": golden_output() | {SIDE_OUTPUT: {name: part}}, "bytes": len(item)}


def chunks(number: int) -> Iterator[WorkItem]:
    """Make up chunks of files with long names."""
    for n in range(number):
        file, piece = divmod(n, CHUNKS_PER_FILE)
        path = f"root://server.example//store/data/Run2023C/Muon0/MUDPG/v1/0000/file_{file}.root"
        start = piece * EVENTS
        uuid = UUID(int=file + 1).bytes
        yield WorkItem("events", path, "Events", start, start + EVENTS, uuid)
