"""Work on this process and on others beside it, as many as there are cores."""

from __future__ import annotations

import os
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait
from contextlib import ExitStack
from functools import partial
from multiprocessing import get_context
from typing import Any, TypeVar

from dtperf.process import can_be_copied, cores, follow

__all__ = ["each_done"]

Done = TypeVar("Done")
Work = Callable[[str], Done]

WORTH_A_PROCESS = 6
"""Pieces of work. A process that is not a copy of this one takes as long to start as so many."""
MOST_PROCESSES = 8

_work: Work[Any]
"""Of this process, if it is one that was started here: sent once, not with each piece."""


def each_done(work: Work[Done], names: Sequence[str]) -> Iterator[tuple[str, Done]]:
    """Do pieces of work on all cores, in any order; what goes wrong ends it, and names the piece.

    This process works, too, from the beginning; the others take part as soon as they have started.
    If they cannot, or die, this one does their part.

    Args:
        work: Does the piece of a name; can be pickled.
        names: Of all pieces.

    Yields:
        Name and what was made, whenever one is done.
    """
    waiting = deque(names)
    with_others = min(cores(), MOST_PROCESSES, len(names) // WORTH_A_PROCESS) - 1
    if with_others > 0:
        yield from _beside_others(work, waiting, with_others)
    for name in waiting:
        yield name, _named(work, name)


def _beside_others(
    work: Work[Done], waiting: deque[str], number: int
) -> Iterator[tuple[str, Done]]:
    """Do the pieces together with other processes; what they leave undone stays in `waiting`."""
    running: dict[Future[Done], str] = {}
    with ExitStack() as ending:
        done = []
        if can_be_copied():
            # copies have what it loads; whoever hears of it may start threads
            done = [(name := waiting.popleft(), _named(work, name))]
        others = (_copies if done else _new_ones)(work, number, ending)
        yield from done
        try:
            while waiting or running:
                while waiting and len(running) <= number:  # so that none of them has to wait
                    name = waiting.popleft()
                    running[others.submit(_do, name)] = name
                if waiting:
                    name = waiting.pop()
                    yield name, _named(work, name)
                ended = wait(running, 0 if waiting else None, FIRST_COMPLETED).done
                for future in ended:
                    made = future.result()
                    yield running.pop(future), made
        except BrokenExecutor:
            waiting.extend(running.values())


def _copies(work: Work[Any], number: int, ending: ExitStack) -> Any:
    """Start processes that have all that this one has loaded."""
    others = ProcessPoolExecutor(number, get_context("fork"), _begin, (os.getpid(), work))
    ending.callback(partial(others.shutdown, cancel_futures=True))
    with warnings.catch_warnings():
        # Python from 3.12 on warns of the threads, which `can_be_copied` has looked at
        warnings.simplefilter("ignore", DeprecationWarning)
        others.submit(os.getpid)  # the first piece of work starts all of them
    return others


def _new_ones(work: Work[Any], number: int, ending: ExitStack) -> Any:
    """Start processes that import everything anew."""
    import loky  # starts no script of the user's a second time

    begin = {"initializer": _begin, "initargs": (os.getpid(), work)}
    others = loky.ProcessPoolExecutor(number, **begin)
    ending.callback(partial(others.shutdown, kill_workers=True))
    return others


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
