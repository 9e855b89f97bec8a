"""One process compiles a function, and others wait for it; for so long, and no longer."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, TypeVar

from dtperf.files import locked

__all__ = ["PATIENCE_S", "Turn"]

Found = TypeVar("Found")
PATIENCE_S = 120.0
"""Ten times what a kernel takes: whoever compiles for longer has been stopped, or is elsewhere."""
LEAST_S, MOST_S = 0.05, 1.0
"""Between two looks at the lock, which over NFS are messages to a server."""


class Turn:
    """The lock of one function, held by the process that compiles it.

    It ends with the process, however that ends. Where there are no locks, no file can be made, or
    another process takes too long, this process compiles as well: nothing is lost but time.
    """

    _is_patient = True
    """Of this process: one that has waited in vain waits for no other function."""

    def __init__(self, path: Path, waiting: Callable[[], AbstractContextManager[Any]]) -> None:
        """Make the lock that a file is.

        Args:
            path: The file, which stays and is empty; its folder need not be there.
            waiting: Is entered while another process holds it.
        """
        self._path = path
        self._waiting = waiting
        self._held = ExitStack()
        self.is_mine = False
        """This process compiles the function."""

    def take(self, look: Callable[[], Found | None]) -> Found | None:
        """Return what another process has compiled meanwhile, or take the turn.

        Args:
            look: Reads what is compiled; None: nothing.
        """
        if self.is_mine:  # the function calls itself, or another type of it
            return None
        if not self._lock():
            with self._waiting():
                self._wait()
        self.is_mine = True
        found = look()
        if found is not None:
            self.end()
        return found

    def ending_with(self, function: Callable[..., Found]) -> Callable[..., Found]:
        """Return a function that does the same, and then lets others have their turn."""

        def and_end(*words: Any) -> Found:
            try:
                return function(*words)
            finally:
                self.end()

        return and_end

    def end(self) -> None:
        """Let others have their turn."""
        self.is_mine = False
        self._held.close()

    def _wait(self) -> None:
        end, pause = time.monotonic() + PATIENCE_S, LEAST_S
        while Turn._is_patient and not self._lock():
            if time.monotonic() > end:
                Turn._is_patient = False
            time.sleep(pause)
            pause = min(2 * pause, MOST_S)

    def _lock(self) -> bool:
        """Try to lock the file; where that is not possible, do as if."""
        with ExitStack() as stack:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                if not stack.enter_context(locked(self._path)):
                    return False
            except OSError:
                return True
            self._held = stack.pop_all()
        return True
