"""Beside each worker: ``keep_up(work, renew)`` starts its process, anew where that is killed.

In the place of Dask's nanny, which imports all of Dask before the worker's own process does so once
more: that was half of the time until a job's worker was there, and memory of the job.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.process import parent_process
from typing import Any, NamedTuple

from dtperf.errors import ConfigError

__all__ = ["GRACE_S", "Sign", "keep_up"]

FORK = multiprocessing.get_context("fork")
"""No thread runs here, and nothing is imported that minds: a copy of this process is good."""
SIGNALS = frozenset([signal.SIGTERM, signal.SIGINT])
LOOK_S = 0.1
STARTS = 3
"""So often a process is started that is killed before it is well."""
PATIENCE_S = 300.0
"""For a process that has not said how long it may take."""
GRACE_S = 10.0
"""So long a worker may take for what it should do by itself, such as to end."""
MB = 1e6


class Sign(NamedTuple):
    """What the process of a worker says of itself."""

    patience_s: float
    """How long it may not be well."""
    is_well: bool = False
    most_bytes: float = 0.0
    """With more memory it has to be ended; 0: never."""


def keep_up(work: Callable[[Connection], None], renew: Callable[[], object]) -> int:
    """Do work in a process of its own, and anew where that was well and then died.

    SIGTERM and SIGINT are passed on, and end both. A process that is not well for too long, or has
    too much memory, is killed.

    Args:
        work: Gets a connection, and sends a `Sign` on it every now and then.
        renew: Called about ten times a second.

    Returns:
        The exit code for this process: that of the other; 0 if it was asked to end.
    """
    keeper = _Keeper(work, renew)
    before = {number: signal.signal(number, keeper.stop) for number in SIGNALS}
    try:
        while (exit_code := keeper.live()) is None:
            pass
        return exit_code
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Keeper:
    """Has one process of a worker after the other."""

    def __init__(self, work: Callable[[Connection], None], renew: Callable[[], object]) -> None:
        self._work, self._renew = work, renew
        self._process: Any = None
        self._stopped: float | None = None
        """When it was asked to end."""
        self._bad_starts = 0

    def stop(self, *_: object) -> None:
        """Ask the process to end; handles signals."""
        if self._stopped is None:
            self._stopped = time.monotonic()
            if self._process is not None:
                self._process.terminate()

    def _was_stopped(self) -> bool:
        # a signal may have come since anybody looked
        return self._stopped is not None

    def live(self) -> int | None:
        """Start a process, and wait for its end.

        Returns:
            The exit code; None: another process shall follow.
        """
        here, there = FORK.Pipe(duplex=False)
        with here:
            with there, _held_back():
                if self._was_stopped():
                    return 0
                self._process = FORK.Process(target=_begin, args=(self._work, there))
                self._process.start()
            was_well = self._watch(here)
        code: int = self._process.exitcode
        if self._was_stopped():
            return 0
        self._bad_starts = 0 if was_well else self._bad_starts + 1
        # what ends by itself at its start would do so again
        if code == 0 or (code > 0 and not was_well) or self._bad_starts == STARTS:
            return code if code >= 0 else 128 - code
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        _say(f"its process has ended with {how}: another one is started")
        return None

    def _watch(self, here: Connection) -> bool:
        """Wait for the end of the process, or make one; returns whether it was well at last."""
        sign, unwell_s, told = Sign(PATIENCE_S), 0.0, [here]
        while self._process.exitcode is None:
            ready = wait([*told, self._process.sentinel], LOOK_S)
            if here in ready:
                try:
                    sign = here.recv()
                except (EOFError, OSError):
                    told = []
                if sign.is_well:
                    unwell_s = 0.0
            elif not ready:
                # not by the clock, as a job that was suspended has not been unwell
                unwell_s += LOOK_S
            self._renew()
            if self._stopped is not None:
                if time.monotonic() - self._stopped > GRACE_S:
                    self._process.kill()
            elif unwell_s > sign.patience_s + GRACE_S:
                _say(f"has not run for {unwell_s:.0f} s: gives up its place")
                self._bad_starts = STARTS - 1
                self._process.kill()
                self._process.join()
                return False
            elif sign.is_well and 0 < sign.most_bytes < (taken := _taken(self._process.pid)):
                most = sign.most_bytes / MB
                _say(f"out of memory: its process has {taken / MB:.0f} MB, of {most:.0f} at most")
                self._process.kill()
                self._process.join()
        return sign.is_well


def _taken(pid: int) -> int:
    """Return the bytes of memory that a process has."""
    import psutil  # type: ignore[import-untyped]  # not needed before the worker is there

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


@contextmanager
def _held_back() -> Iterator[None]:
    """Let signals wait."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def _begin(work: Callable[[Connection], None], there: Connection) -> None:
    """Do the work, in its own process; it does not outlive the other one."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    threading.Thread(target=_end_with, args=(parent_process(),), daemon=True).start()
    try:
        work(there)
    except ConfigError as error:
        sys.exit(f"dtperf worker: {error}")


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


def _say(text: str) -> None:
    sys.stderr.write(f"dtperf worker: {text}\n")
    sys.stderr.flush()
