"""Compiled functions that a scheduler keeps, for workers whose cache is empty.

It does not look into them, and passes on to each worker only what is for its kind of processor.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from distributed.diagnostics.plugin import SchedulerPlugin

if TYPE_CHECKING:
    from distributed import Scheduler

__all__ = ["KernelStore"]

PROMISE_S = 60.0
"""For so long nobody else is asked for what one has said to send."""


class _Batch(NamedTuple):
    names: frozenset[str]
    content: bytes


class KernelStore(SchedulerPlugin):
    """Batches of compiled functions, by the kind of processor."""

    name = "dtperf-kernels"
    idempotent = True

    async def start(self, scheduler: Scheduler) -> None:
        """Answer from now on (dask calls this)."""
        self._batches: defaultdict[str, list[_Batch]] = defaultdict(list)
        self._promised: dict[tuple[str, str], float] = {}
        scheduler.handlers |= {
            "dtperf_kernels_claim": self.claim,
            "dtperf_kernels_add": self.add,
            "dtperf_kernels_for": self.batches_for,
            "dtperf_kernels_beyond": self.batches_beyond,
        }

    def claim(self, machine: str, names: Sequence[str]) -> list[str]:
        """Return what of these is neither here nor promised by another: whoever asks sends it.

        Args:
            machine: The kind of processor.
            names: Of compiled functions.
        """
        here = {name for batch in self._batches[machine] for name in batch.names}
        now = time.monotonic()
        wanted = [
            name
            for name in names
            if name not in here and self._promised.get((machine, name), 0.0) <= now
        ]
        self._promised.update(((machine, name), now + PROMISE_S) for name in wanted)
        return wanted

    def add(self, machine: str, names: Sequence[str], content: bytes) -> None:
        """Keep what was claimed."""
        self._batches[machine].append(_Batch(frozenset(names), content))
        for name in names:
            self._promised.pop((machine, name), None)

    def batches_for(self, machines: Sequence[str]) -> list[tuple[str, bytes]]:
        """Return all that runs on a worker, with the kind of processor; of each function the best.

        Args:
            machines: Kinds of processors whose code it runs, the best first.
        """
        found, covered = list[tuple[str, bytes]](), frozenset[str]()
        for machine in machines:
            batches = [b for b in self._batches.get(machine, []) if b.names - covered]
            found += [(machine, batch.content) for batch in batches]
            covered = covered.union(*(batch.names for batch in batches))
        return found

    def batches_beyond(self, known: Sequence[tuple[str, str]]) -> list[bytes]:
        """Return all with something that a client lacks.

        Args:
            known: Kinds of processors and names of what it has.
        """
        return [
            batch.content
            for machine, batches in self._batches.items()
            for batch in batches
            if not {(machine, name) for name in batch.names} <= {*known}
        ]
