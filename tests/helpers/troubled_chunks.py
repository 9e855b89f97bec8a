"""Chunks that are late, greedy or deadly.

Workers import what they are handed from here, and so none of what tests import: each that starts
would take half a second more.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
from coffea.processor.executor import WorkItem

from tests.helpers.chunks import counted

__all__ = [
    "greedy",
    "kill_always",
    "kill_once",
    "late_once",
    "slow_later",
    "slowly",
    "until_two_are_at_work",
]


def kill_once(marks: Path, chosen: set[int], item: WorkItem) -> dict[str, Any]:
    """Kill the process at the first try of the chosen chunks."""
    mark = marks / str(item.entrystart)
    if item.entrystart in chosen and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.02)
    return counted(item)


def kill_always(chosen: int, item: WorkItem) -> dict[str, Any]:
    if item.entrystart == chosen:
        os.kill(os.getpid(), signal.SIGKILL)
    return counted(item)


def late_once(marks: Path, item: WorkItem) -> dict[str, Any]:
    """Hang at the first try of a chunk until the run is over."""
    mark = marks / str(item.entrystart)
    if item.entrystart == 5 and not mark.exists():
        mark.touch()
        while not (marks / "over").exists():
            time.sleep(0.05)
    return counted(item)


def slowly(item: WorkItem) -> dict[str, Any]:
    time.sleep(0.05)
    return counted(item)


def until_two_are_at_work(seen: Path, item: WorkItem) -> dict[str, Any]:
    """Take a moment, and from the hundredth chunk on as long as another process takes to start."""
    (seen / str(os.getpid())).touch()
    deadline = time.monotonic() + 20
    while item.entrystart >= 100 and len([*seen.iterdir()]) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    return slowly(item)


def greedy(marks: Path, always: bool, item: WorkItem) -> dict[str, Any]:
    """Take more memory than a worker has, for one chunk."""
    mark = marks / "tried"
    if item.entrystart == 3 and (always or not mark.exists()):
        mark.touch()
        taken = np.ones(1_500_000_000 // 8)
        time.sleep(200)  # until somebody has looked at it
        assert taken[-1]
    return counted(item)


def slow_later(item: WorkItem) -> dict[str, Any]:
    """Take a hundred times as long after the first chunks, as when a server is overloaded."""
    time.sleep(0.002 if item.entrystart < 60 else 0.2)
    return counted(item)
