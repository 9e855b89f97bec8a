"""Times of several programs in turn, each in a process of its own, on one core."""

from __future__ import annotations

import multiprocessing
import os
import resource
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from statistics import median
from typing import Any, NamedTuple, Self

from dtperf.process import peak_memory_bytes

__all__ = ["Subject", "Times", "one_core", "rounds", "spread"]


class Subject(NamedTuple):
    """What is timed: importable, so that another process can make it."""

    make: Callable[..., Callable[[], object]]
    """Prepares the work, and gives it; what it imports and loads is not timed."""
    arguments: tuple[Any, ...]
    items: int
    """Events, or whatever is counted, of one round."""


class Times(NamedTuple):
    """Of one subject."""

    items: int
    wall_s: list[float]
    cpu_s: list[float]
    peak_bytes: int
    """The most memory that the process had, Python and libraries included."""

    @property
    def rate(self) -> float:
        """Items in a second of CPU time, the median of all rounds."""
        return self.items / median(self.cpu_s)


def one_core() -> None:
    """Keep this process, and those it starts, on one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def rounds(subjects: Mapping[str, Subject], number: int) -> dict[str, Times]:
    """Time all in turn, after a round that does not count.

    Args:
        subjects: By name.
        number: How often each is timed. A slow spell of the machine then hits all of them.
    """
    found = {name: Times(subject.items, [], [], 0) for name, subject in subjects.items()}
    with ExitStack() as stack:
        running = {n: stack.enter_context(_Process(each)) for n, each in subjects.items()}
        for counts in [False] + [True] * number:
            for name, process in running.items():
                wall, cpu, peak = process.once()
                if counts:
                    found[name].wall_s.append(wall)
                    found[name].cpu_s.append(cpu)
                    found[name] = found[name]._replace(peak_bytes=peak)
    return found


def spread(mine: Times, other: Times) -> tuple[float, float, float]:
    """Return the median, the least and the largest ratio of two rates, round by round."""
    scale = mine.items / other.items
    pairs = zip(mine.cpu_s, other.cpu_s, strict=True)
    ratios = sorted(scale * theirs / own for own, theirs in pairs)
    return median(ratios), ratios[0], ratios[-1]


class _Process:
    def __init__(self, subject: Subject) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(subject, theirs), daemon=False)

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.send(False)
        self._process.join(30)

    def once(self) -> tuple[float, float, int]:
        self._pipe.send(True)
        while not self._pipe.poll(1):
            if not self._process.is_alive():
                raise RuntimeError("a process of the benchmark has ended: see above")
        timed: tuple[float, float, int] = self._pipe.recv()
        return timed


def _serve(subject: Subject, pipe: Any) -> None:
    work = subject.make(*subject.arguments)
    while pipe.recv():
        wall, cpu = time.perf_counter(), _cpu_s()
        work()
        wall, cpu = time.perf_counter() - wall, _cpu_s() - cpu
        pipe.send((wall, cpu, peak_memory_bytes()))


def _cpu_s() -> float:
    """Return the CPU time of this process and of those that it started and that have ended."""
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
