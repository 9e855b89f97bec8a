"""This process: Ctrl-C that cannot get lost, copies, and processes that work for another."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

from dtperf.errors import Stopped
from dtperf.memory import collect_rarely

__all__ = [
    "can_be_copied",
    "cores",
    "follow",
    "is_interrupt",
    "raise_if_interrupted",
    "signals_as_interrupt",
    "stoppable",
    "uninterrupted",
]

NUMBERS = (signal.SIGINT, signal.SIGTERM)
AGAIN_S = 0.02
"""After so long a Ctrl-C that got lost comes again: a destructor has ended by then."""
REPEATER = "dtperf Ctrl-C"
"""Thread that does nothing but that."""


class _Interrupts:
    """What has become of the Ctrl-C of this process."""

    asked = False
    """One has come."""
    lost = False
    """It was raised where Python can only print it, and has not come through since."""
    again = False
    """The next signal is a lost one that comes again."""
    held = False
    """What must not be done by half is being done."""
    waiting = False
    """One has come meanwhile."""


_interrupts = _Interrupts()


@contextmanager
def signals_as_interrupt(*numbers: signal.Signals) -> Iterator[None]:
    """Make signals a Ctrl-C that comes through: at once, or a moment later.

    What is raised in a destructor is only printed by Python ("Exception ignored in …"), and the
    work would go on; such a Ctrl-C is raised again, and `raise_if_interrupted` raises what got lost
    otherwise. Signals for which somebody has set a handler are left to it, and so are all in other
    threads than the main one.

    Args:
        numbers: SIGINT or SIGTERM; none: both.
    """
    is_main = threading.current_thread() is threading.main_thread()
    chosen = numbers or NUMBERS if is_main else ()
    before = {n: h for n in chosen if _is_nobodys(h := signal.getsignal(n))}
    if not before:
        yield
        return
    state = _interrupts
    state.asked = state.lost = state.again = False

    def interrupt(_number: int, _frame: object) -> None:
        is_lost_one, state.again = state.again, False
        if is_lost_one and not state.lost:
            return  # it has come through in the meantime
        state.asked, state.lost = True, False
        if state.held:
            state.waiting = True
            return
        raise KeyboardInterrupt

    lost: SimpleQueue[bool] = SimpleQueue()  # may be used within a destructor, unlike a lock
    main_thread = threading.get_ident()

    def repeat() -> None:
        while lost.get():
            time.sleep(AGAIN_S)
            if state.lost:
                state.again = True
                signal.pthread_kill(main_thread, min(before))

    hook_before = sys.unraisablehook

    def hook(ignored: sys.UnraisableHookArgs) -> None:
        if state.asked and ignored.exc_type is KeyboardInterrupt:
            state.lost = True
            lost.put(True)
        else:
            hook_before(ignored)

    repeater = threading.Thread(target=repeat, name=REPEATER, daemon=True)
    repeater.start()
    sys.unraisablehook = hook
    for number in before:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        state.lost = False
        lost.put(False)
        try:
            repeater.join()
        finally:
            sys.unraisablehook = hook_before
            for number, handler in before.items():
                signal.signal(number, handler)
            state.asked = False


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let the Ctrl-C of `signals_as_interrupt` wait until what is inside has been done.

    Raises:
        KeyboardInterrupt: One came meanwhile.
    """
    state = _interrupts
    if state.held or threading.current_thread() is not threading.main_thread():
        yield
        return
    state.held = True
    try:
        yield
    finally:
        state.held = False
        if state.waiting:
            state.waiting = False
            raise KeyboardInterrupt


def _is_nobodys(handler: Any) -> bool:
    """Return whether a handler of signals is Python's, or one that a library has set unasked."""
    # what a shell script starts in its background ignores SIGINT: whoever sends it one means it
    usual = (signal.default_int_handler, signal.SIG_DFL, signal.SIG_IGN)
    # importing dask_jobqueue makes Ctrl-C end the program with exit code 0, and without a word
    return handler in usual or getattr(handler, "__module__", "") == "dask_jobqueue.runner"


def raise_if_interrupted() -> None:
    """Raise KeyboardInterrupt if one came and got lost."""
    if _interrupts.asked:
        _interrupts.lost = False
        raise KeyboardInterrupt


@contextmanager
def stoppable(when: str) -> Iterator[None]:
    """Let Ctrl-C, or a notebook's stop button, end what is inside with one line.

    Args:
        when: What the line says after "Stopped", unless what is inside says it better.

    Raises:
        Stopped: It came.
    """
    try:
        with signals_as_interrupt(signal.SIGINT):
            yield
    except Stopped:
        raise
    except BaseException as error:
        if is_interrupt(error):
            raise Stopped(f"Stopped {when}") from None
        raise


def is_interrupt(error: BaseException) -> bool:
    """Return whether an error is Ctrl-C, or what a library has made of one: pydantic does."""
    return isinstance(error, KeyboardInterrupt) or (
        error.__cause__ is not None and is_interrupt(error.__cause__)
    )


def cores() -> int:
    """Return on how many cores this process may run."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def can_be_copied() -> bool:
    """Return whether this process may be forked: a lock that a thread holds is never freed then.

    Only on Linux, where libraries are used to it, and with no thread but those that wait for a lost
    Ctrl-C.
    """
    others = {each.name for each in threading.enumerate()} - {
        threading.main_thread().name,
        REPEATER,
    }
    is_main = threading.current_thread() is threading.main_thread()
    return sys.platform == "linux" and is_main and not others


def follow(parent: int) -> None:
    """Make this process one that works for another: Ctrl-C is left to that, and both end together.

    Args:
        parent: Number of the other process.
    """
    collect_rarely()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a copy of the other one has its handlers

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
