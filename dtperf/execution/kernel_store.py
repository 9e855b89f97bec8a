"""Compiled functions that a scheduler keeps, for workers whose cache is empty.

It does not look into them, and passes on to each worker only what is for its kind of processor. Of
workers that lack the same at the same time, one is let compile it, and the others wait.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from distributed.diagnostics.plugin import SchedulerPlugin

if TYPE_CHECKING:
    from distributed import Scheduler

__all__ = ["KernelStore"]

PROMISE_S = 60.0
"""For so long nobody else is asked for what one has said to send."""
STEP_S, TURN_S = 60.0, 600.0
"""So long a worker is waited for that does not go on to the next function, each of which takes some
seconds; and so long in all."""
FAILURES = 2
"""After so many that have died, or given nothing, nobody waits any more."""


class _Turn(NamedTuple):
    """Of a worker that compiles for others of its kind."""

    worker: str
    end: float


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
        self._turns: dict[str, _Turn] = {}
        """By the kind of processor."""
        self._failures: Counter[str] = Counter()
        self._changed = asyncio.Event()
        scheduler.handlers |= {
            "dtperf_kernels_claim": self.claim,
            "dtperf_kernels_add": self.add,
            "dtperf_kernels_for": self.batches_for,
            "dtperf_kernels_awaited": self.awaited,
            "dtperf_kernels_done": self.done,
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
        self._wake()

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

    async def awaited(
        self, worker: str, machines: Sequence[str], names: Sequence[str]
    ) -> tuple[list[tuple[str, bytes]], bool]:
        """Return what a worker lacks when another has compiled it.

        Args:
            worker: Its address.
            machines: As of `batches_for`.
            names: Of what it lacks, for each of them.

        Returns:
            As `batches_for`, with what is lacking; nothing: the worker has to compile it. And
            whether others wait for that: it asks for the next one, too, and so says that it lives.
        """
        best, wanted = machines[0], [*zip(machines, names, strict=True)]
        last = time.monotonic() + TURN_S
        while True:
            if any(name in batch.names for m, name in wanted for batch in self._batches[m]):
                return self.batches_for(machines), False
            now, turn = time.monotonic(), self._turns.get(best)
            if turn is not None and turn.end <= now:
                self._fail(best)
            elif turn is None or turn.worker == worker:
                has_turn = self._failures[best] < FAILURES
                if has_turn:
                    self._turns[best] = _Turn(worker, now + STEP_S)
                return [], has_turn
            elif last <= now:
                return [], False
            else:
                with suppress(TimeoutError):
                    left = min(turn.end, last) - now
                    await asyncio.wait_for(self._changed.wait(), left)

    def done(self, worker: str) -> None:
        """End the turn of a worker, which has given what it has compiled."""
        for machine in self._of(worker):
            del self._turns[machine]
            given = bool(self._batches.get(machine))
            # where it cannot keep anything, others cannot either
            self._failures[machine] += 0 if given else FAILURES
        self._wake()

    def remove_worker(self, scheduler: Scheduler, worker: str, **_: Any) -> None:  # noqa: ARG002
        """End the turn of a worker that is gone (dask calls this)."""
        for machine in self._of(worker):
            self._fail(machine)

    def _of(self, worker: str) -> list[str]:
        return [machine for machine, turn in self._turns.items() if turn.worker == worker]

    def _fail(self, machine: str) -> None:
        del self._turns[machine]
        self._failures[machine] += 1
        self._wake()

    def _wake(self) -> None:
        """Let all who wait look again."""
        self._changed.set()
        self._changed = asyncio.Event()

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
