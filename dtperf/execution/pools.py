"""Workers on this machine: this process, or processes of our own."""

from __future__ import annotations

import os
import time
import warnings
from collections import deque
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from coffea.processor.executor import WorkItem

from dtperf.errors import DtperfWarning
from dtperf.execution.attempt import Function, Outcome, killing, run_chunk
from dtperf.execution.chunk_meta import meta_of
from dtperf.execution.compiling import tell_compiling
from dtperf.memory import memory_of_machine
from dtperf.process import follow
from dtperf.wording import counted

__all__ = ["FinishedAttempts", "InProcessPool", "Pool", "ProcessPool"]

MOST_THREADS = 8
"""More find little to do: what is no decompression stays in one thread."""
DEATHS, ALONE = 2, 4
"""A chunk that was there at more deaths of processes is tried alone, as nobody knows which of them
died at what; and given up if so many processes died with it alone."""


class FinishedAttempts(NamedTuple):
    """Attempts that have ended."""

    output: Any
    """The sum of their outputs; None if all failed."""
    outcomes: Mapping[int, Outcome]
    """By the attempt's ticket."""


class Pool(Protocol):
    """Workers that take attempts and give batches back."""

    workers: int
    dashboard: str
    """Where to see the workers at work; empty if nowhere."""

    @property
    def threads(self) -> int:
        """How many chunks one of their processes works on at a time, at most."""

    @property
    def memory(self) -> int | None:
        """Bytes that may be taken for one chunk at a time, a process and all; None: no limit."""

    @property
    def capacity(self) -> int:
        """How many attempts to hand in ahead of what has ended."""

    def compiling(self) -> str | None:
        """Return what one of them compiles in a process of its own, if any; None: who knows."""

    def begin(self, function: Function) -> None:
        """Take the work function, before anything else."""

    def submit(self, ticket: int, item: WorkItem) -> None:
        """Hand in an attempt, under a number of its own."""

    def collect(self, timeout: float, *, last: bool) -> list[FinishedAttempts]:
        """Wait, at most so many seconds, for attempts to end.

        Args:
            timeout: In seconds.
            last: Nothing else waits to be handed in.
        """


class InProcessPool:
    """This process, one chunk after the other; threads decompress what is next in the chunk."""

    workers = threads = 1
    capacity = 1
    dashboard = ""

    def __init__(self, cores: int = 1) -> None:
        self.memory = memory_of_machine()
        self._threads = min(cores, MOST_THREADS)
        self._waiting: deque[tuple[int, WorkItem]] = deque()

    def compiling(self) -> str:
        """Return nothing: there is no other process."""
        return ""

    def begin(self, function: Function) -> None:
        """Take the work function."""
        self._function = function

    def submit(self, ticket: int, item: WorkItem) -> None:
        """Put an attempt in line."""
        self._waiting.append((ticket, item))

    def collect(self, timeout: float, *, last: bool) -> list[FinishedAttempts]:  # noqa: ARG002
        """Work on what is next in line."""
        if not self._waiting:
            time.sleep(timeout)
            return []
        ticket, item = self._waiting.popleft()
        item = replace(item, usermeta=replace(meta_of(item), threads=self._threads))
        output, outcome = run_chunk(self._function, item)
        return [FinishedAttempts(output, {ticket: outcome})]


class _Running(NamedTuple):
    ticket: int
    item: WorkItem
    deaths: int
    """Of processes while it was there."""
    alone: int = 0
    """Of those that had it alone."""

    @property
    def is_suspect(self) -> bool:
        return self.deaths > DEATHS

    def dead(self, *, alone: bool) -> _Running:
        return self._replace(deaths=self.deaths + 1, alone=self.alone + alone)


def _begin(parent: int, told: Any) -> None:
    """Make this process one that works for another, and tells that what it compiles."""
    follow(parent)
    tell_compiling(lambda name: told.put((os.getpid(), name)))


class ProcessPool:
    """Processes on this machine; those that die are replaced."""

    threads = 1
    dashboard = ""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self.memory = memory_of_machine() // workers
        # so many that no process waits, so few that finished chunks do not pile up
        self.capacity = 2 * workers + 2
        self._waiting: deque[_Running] = deque()
        """Suspects, and what comes after them."""
        self._kills: list[bool] = []
        """Of each suspect that was tried alone whether it does."""
        self._running: dict[Future[tuple[Any, Outcome]], _Running] = {}
        self._executor: Any = None
        self._told: Any = None
        self._compiling: dict[int, str] = {}
        """By process, as it has told."""

    def compiling(self) -> str:
        """Return what one of the processes compiles now; empty: none does."""
        self._listen()
        return next(filter(None, self._compiling.values()), "")

    def _listen(self) -> None:
        """Take what the processes have told: a pipe that is full would make them wait."""
        while self._told is not None and not self._told.empty():
            process, name = self._told.get()
            self._compiling[process] = name

    def begin(self, function: Function) -> None:
        """Take the work function."""
        self._function = function

    def submit(self, ticket: int, item: WorkItem) -> None:
        """Hand an attempt to the next free process."""
        self._waiting.append(_Running(ticket, item, 0))
        self._hand_out()

    def _hand_out(self) -> None:
        """Start what waits, but nothing beside a suspect."""
        is_alone = any(run.is_suspect for run in self._running.values())
        while self._waiting and not is_alone:
            is_alone = self._waiting[0].is_suspect
            if is_alone and self._running:
                return
            self._start(self._waiting.popleft())

    def _start(self, run: _Running) -> None:
        from loky import ProcessPoolExecutor
        from loky.backend.context import get_context

        if self._executor is None:
            self._told = get_context("loky").SimpleQueue()
            self._executor = ProcessPoolExecutor(
                self.workers, initializer=_begin, initargs=(os.getpid(), self._told)
            )
        try:
            future = self._executor.submit(run_chunk, self._function, run.item)
        except BrokenExecutor as error:
            # the next collection finds it
            future = Future()
            future.set_exception(error)
        self._running[future] = run

    def collect(self, timeout: float, *, last: bool) -> list[FinishedAttempts]:  # noqa: ARG002
        """Wait for attempts to end; start those anew whose process died."""
        self._listen()
        ended = wait(self._running, timeout, FIRST_COMPLETED).done
        broken = [f for f in ended if isinstance(f.exception(), BrokenExecutor)]
        batches = []
        for future in ended.difference(broken):
            run = self._running.pop(future)
            self._kills += [False] * run.is_suspect
            output, outcome = future.result()
            batches.append(FinishedAttempts(output, {run.ticket: outcome}))
        if broken:
            batches += self._replace()
        if self._kills and not any(run.is_suspect for run in self._waiting):
            if len(self._kills) > 1 and not any(self._kills):
                self._lessen()
            self._kills = []
        self._hand_out()
        return batches

    def _lessen(self) -> None:
        """Work with half of the processes: together they die, and with no chunk alone."""
        if self.workers > 1:
            self.close()
            self.workers //= 2
            self.capacity = 2 * self.workers + 2
            warnings.warn(
                "processes were killed at work together, and none with a chunk alone: is their "
                f"memory used up? Now {counted(self.workers, 'chunk')} at a time (run.workers)",
                DtperfWarning,
                stacklevel=2,
            )

    def _replace(self) -> list[FinishedAttempts]:
        """Start all attempts anew: nobody knows which of them the dead process was at."""
        self.close()
        alone = len(self._running) == 1
        runs = [run.dead(alone=alone) for run in self._running.values()]
        guilty = [run for run in runs if run.alone == ALONE]
        self._kills += [True] * len(guilty)
        left = [run for run in (*runs, *self._waiting) if run not in guilty]
        self._running, self._waiting = {}, deque(sorted(left, key=lambda run: not run.is_suspect))
        why = f"{ALONE} processes died that had nothing else"
        return [FinishedAttempts(None, {run.ticket: killing(run.item, why)}) for run in guilty]

    def close(self) -> None:
        """End the processes."""
        if self._executor is not None:
            self._executor.shutdown(kill_workers=True)
            self._told.close()
            self._executor = self._told = None
            self._compiling = {}
