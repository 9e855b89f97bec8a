"""What compiling has taken: ``spent_compiling()``."""

from __future__ import annotations

import threading
import time
from typing import Any, NamedTuple

import numba  # noqa: F401  # all of it, see dtperf.execution.clusters.preload_site
from numba.core import event

__all__ = ["Spent", "spent_compiling"]


class Spent(NamedTuple):
    """What compiling has taken."""

    seconds: float
    cpu_seconds: float


class _Clock(threading.local, event.Listener):
    """What this thread has spent; a function that another one needs is part of its time."""

    def __init__(self) -> None:
        self.spent = Spent(0.0, 0.0)
        self._depth = 0

    def on_start(self, _: Any) -> None:
        if not self._depth:
            self._begin = Spent(time.perf_counter(), time.thread_time())
        self._depth += 1

    def on_end(self, _: Any) -> None:
        self._depth -= 1
        if not self._depth:
            now, before = Spent(time.perf_counter(), time.thread_time()), self._begin
            self.spent = Spent(
                self.spent.seconds + now.seconds - before.seconds,
                self.spent.cpu_seconds + now.cpu_seconds - before.cpu_seconds,
            )


_clock = _Clock()
event.register("numba:compile", _clock)


def spent_compiling() -> Spent:
    """Return what this thread has spent on compiling so far, with numba and for whatever."""
    return _clock.spent
