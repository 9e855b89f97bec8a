"""Work on this process and on others beside it, as many as there are cores."""

from __future__ import annotations

import os
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, TypeVar

from dtperf.process import can_be_copied, cores, follow

__all__ = ["each_done"]

Done = TypeVar("Done")
Work = Callable[[str], Done]

WORTH_A_PROCESS = 6
"""Pieces of work. A process takes as long to start as so many, if it is no copy of this one."""
MOST_PROCESSES = 8

_work: Work[Any]
"""Of this process, if it is one that was started here: sent once, not with each piece."""


def each_done(work: Work[Done], names: Sequence[str]) -> Iterator[tuple[str, Done]]:
    """Do pieces of work on all cores, in any order; what goes wrong ends it, and names the piece.

    Where processes can be copies of this one, they do all but the first piece. Else this one works,
    too, from the beginning, and the others take part as soon as they have started. If they cannot,
    or die, this one does their part.

    Args:
        work: Does the piece of a name; can be pickled.
        names: Of all pieces; long ones at the end let a core wait.

    Yields:
        Name and what was made, whenever one is done.
    """
    waiting = deque(names)
    most = min(cores(), MOST_PROCESSES, len(names) // WORTH_A_PROCESS)
    if most > 1:
        yield from (_on_copies if can_be_copied() else _beside_others)(work, waiting, most)
    for name in waiting:
        yield name, _named(work, name)


def _on_copies(work: Work[Done], waiting: deque[str], most: int) -> Iterator[tuple[str, Done]]:
    """Do one piece, and the others on copies of this process, which have all that it loads."""
    name = waiting.popleft()
    first = name, _named(work, name)
    # before it is told, as whoever hears of it may start a thread
    with _copies(work, most) as copies:
        yield first
        yield from _distributed(work, waiting, copies, most, is_beside=False)


def _beside_others(work: Work[Done], waiting: deque[str], most: int) -> Iterator[tuple[str, Done]]:
    """Do pieces here and on other processes, which import everything anew."""
    import loky  # starts no script of the user's a second time

    others = loky.ProcessPoolExecutor(most - 1, initializer=_begin, initargs=(os.getpid(), work))
    try:
        yield from _distributed(work, waiting, others, most - 1, is_beside=True)
    finally:
        others.shutdown(kill_workers=True)


def _distributed(
    work: Work[Done], waiting: deque[str], others: Executor, number: int, *, is_beside: bool
) -> Iterator[tuple[str, Done]]:
    """Do pieces on other processes, and beside them; what they leave undone stays in `waiting`."""
    running: dict[Future[Done], str] = {}
    try:
        while waiting or running:
            while waiting and len(running) <= number:  # so that none of them has to wait
                name = waiting.popleft()
                running[others.submit(_do, name)] = name
            is_busy = is_beside and bool(waiting)
            if is_busy:
                name = waiting.pop()
                yield name, _named(work, name)
            for future in wait(running, 0 if is_busy else None, FIRST_COMPLETED).done:
                made = future.result()
                yield running.pop(future), made
    except BrokenExecutor:
        waiting.extend(running.values())


@contextmanager
def _copies(work: Work[Any], number: int) -> Iterator[Executor]:
    """Start copies of this process for a while; at the end they finish no more than they do."""
    copies = ProcessPoolExecutor(number, get_context("fork"), _begin, (os.getpid(), work))
    try:
        with warnings.catch_warnings():
            # Python from 3.12 on warns of the threads, which `can_be_copied` has looked at
            warnings.simplefilter("ignore", DeprecationWarning)
            copies.submit(os.getpid)  # the first piece of work starts all of them
        yield copies
    finally:
        copies.shutdown(cancel_futures=True)


def _begin(parent: int, work: Work[Any]) -> None:
    global _work  # noqa: PLW0603  # of this process, which does nothing else
    follow(parent)
    _work = work


def _do(name: str) -> Any:
    return _named(_work, name)


def _named(work: Work[Done], name: str) -> Done:
    try:
        return work(name)
    except Exception as error:
        error.add_note(f"This was plot '{name}'.")
        raise
