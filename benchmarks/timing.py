"""Times of several programs in turn, each in a process of its own, on one core."""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple, Self

# nothing of dtperf: what times a version must not be of that version

__all__ = ["Failed", "Subject", "Times", "one_core", "rounds", "spread"]


class Failed(RuntimeError):
    """A subject could not be timed; says which, and why."""


class Subject(NamedTuple):
    """What is timed: importable, so that another process can make it."""

    make: Callable[..., Callable[[], object]]
    """Prepares the work, and gives it; what it imports and loads is not timed."""
    arguments: tuple[Any, ...]
    items: int
    """Events, or whatever is counted, of one round."""
    tree: Path | None = None
    """The checkout whose code it is; None: this one."""


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


def rounds(
    subjects: Mapping[str, Subject],
    number: int,
    failed: Callable[[str, Failed], None] | None = None,
) -> dict[str, Times]:
    """Time all in turn, after a round that does not count.

    Args:
        subjects: By name.
        number: How often each is timed. A slow spell of the machine then hits all of them.
        failed: Is told of a subject that cannot be timed, which is left out then.

    Raises:
        Failed: One cannot be timed, and nobody wants to be told.
    """
    found = {name: Times(subject.items, [], [], 0) for name, subject in subjects.items()}
    with ExitStack() as stack:
        running = {n: stack.enter_context(_Process(each)) for n, each in subjects.items()}
        for counts in [False] + [True] * number:
            for name in [*found]:
                try:
                    wall, cpu, peak = running[name].once()
                except Failed as error:
                    if failed is None:
                        raise Failed(f"{name}: {error}") from None
                    failed(name, error)
                    del found[name]
                    continue
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
        self._subject = subject
        self._pipe, self._theirs = context.Pipe()
        arguments = (subject.tree, self._theirs)
        self._process = context.Process(target=_serve, args=arguments, daemon=False)

    def __enter__(self) -> Self:
        with _looking_first_in(self._subject.tree):
            self._process.start()
        self._pipe.send(self._subject)
        self._theirs.close()  # so that it is noticed when the process ends
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._pipe.send(False)
        self._process.join(30)

    def once(self) -> tuple[float, float, int]:
        with suppress(OSError):  # it says why it ends
            self._pipe.send(True)
        try:
            timed = self._pipe.recv()
        except (EOFError, OSError):
            raise Failed("its process has ended: see above") from None
        if isinstance(timed, str):
            raise Failed(timed)
        return (*timed, _peak_bytes(self._process.pid))


@contextmanager
def _looking_first_in(tree: Path | None) -> Iterator[None]:
    """Make processes that start meanwhile look for modules in a checkout first."""
    before = [*sys.path]
    if tree is not None:
        # not '', which stands for this directory, and not the checkout of this version
        own = {"", str(Path(__file__).parents[1])}
        sys.path[:] = [str(tree), *(place for place in before if place not in own)]
    try:
        yield
    finally:
        sys.path[:] = before


def _serve(tree: Path | None, pipe: Any) -> None:
    if tree is not None:  # for the commands that it starts
        os.chdir(tree)
        os.environ["PYTHONPATH"] = str(tree)
    try:
        subject = pipe.recv()
        work = subject.make(*subject.arguments)
        while pipe.recv():
            wall, cpu = time.perf_counter(), _cpu_s()
            work()
            pipe.send((time.perf_counter() - wall, _cpu_s() - cpu))
    except Exception as error:  # noqa: BLE001  # of a version that is not ours, perhaps
        pipe.send(f"{type(error).__name__}: {error}")


def _peak_bytes(process: int | None) -> int:
    """Return the most bytes that a process has had so far; 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return 1024 * int(line.split()[1])


def _cpu_s() -> float:
    """Return the CPU time of this process and of those that it started and that have ended."""
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
