"""Compiled functions of machines that have no folder in common with this one.

Here they have names that are the same everywhere, and `others` is told how to get them. What comes
is looked at in `dtperf.kernel_cache`, as what comes from a file is; what does not fit is compiled.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import llvmlite
import numba
from numba.core import config

__all__ = [
    "Fetch",
    "Kept",
    "Others",
    "Wait",
    "fresh",
    "machine_of",
    "name_of",
    "others",
    "unsealed",
]

DECISIVE = ("USING_SVML", "OPT", "BOUNDSCHECK", "LOOP_VECTORIZE", "SLP_VECTORIZE")
"""Settings of numba that machine code depends on: what needs Intel's library ends a process that
has none."""


class Kept(NamedTuple):
    """A compiled function on disk."""

    machine: str
    """The kind of processor, as `machine_of` tells."""
    name: str
    """Function, types and software, as `name_of` tells."""
    path: Path


Fetch = Callable[[Sequence[str]], Mapping[tuple[str, str], bytes]]
"""Gets contents of files for kinds of processors, the best first; by kind and name."""
Wait = Callable[[Sequence[str], Sequence[str]], tuple[Mapping[tuple[str, str], bytes], bool]]
"""Waits for one that compiles what is lacking, by kinds of processors and names, and gets it.
Nothing: there is none, or it has taken too long. And whether others wait now for this process."""


def machine_of(key: Any) -> str:
    """Name the processor, with all its features, that something was compiled for.

    Args:
        key: Of numba's cache: types; processor; code.
    """
    return _digest(key[1])


def name_of(function: str, state: str, key: Any) -> str:
    """Name what was compiled, whatever the processor and the folders.

    Args:
        function: Its name and line, and the Python.
        state: Of the source code that it depends on.
        key: As of `machine_of`.
    """
    settings = [getattr(config, name, None) for name in DECISIVE]
    software = (platform.python_version(), numba.__version__, llvmlite.__version__, settings)
    return f"{function} {_digest((state, key[0], key[2], software))}"


def unsealed(content: bytes) -> bytes:
    """Return what a file holds, without its checksum.

    Raises:
        ValueError: It is damaged.
    """
    digest, held = content[:32], content[32:]
    if hashlib.sha256(held).digest() != digest:
        raise ValueError("a compiled function is damaged")
    return held


def _digest(words: Any) -> str:
    return hashlib.sha256(repr(words).encode()).hexdigest()


class Others:
    """What others have compiled: fetched once, when something is lacking here."""

    def __init__(self) -> None:
        self.ask(None)

    @property
    def are_known(self) -> bool:
        """Whether there is a way to get it."""
        return self._fetch is not None

    def ask(self, fetch: Fetch | None, wait: Wait | None = None) -> None:
        """Get it in a new way from now on, or not at all.

        Args:
            fetch: Gets what there is.
            wait: Waits for what is lacking even so, until it gets nothing and nobody waits for
                this process.
        """
        self._fetch, self._wait = fetch, wait
        self._found: dict[tuple[str, str], bytes] | None = None
        self.has_turn = False
        """Others may wait for what this process compiles, until it has given that."""

    def find(
        self,
        machine: str,
        name: str,
        machines: Sequence[str],
        waiting: Callable[[], AbstractContextManager[Any]],
    ) -> bytes | None:
        """Return the content of a file, once; None if nobody has it.

        Args:
            machine: A kind of processor.
            name: Of what is wanted.
            machines: All kinds whose code runs here.
            waiting: Is entered while it is fetched.
        """
        if self._fetch is None:
            return None
        if self._found is None:
            with waiting():
                self._found = self._fetched(self._fetch, machines)
        return self._found.pop((machine, name), None)

    def come(
        self,
        machines: Sequence[str],
        names: Sequence[str],
        waiting: Callable[[], AbstractContextManager[Any]],
    ) -> bool:
        """Wait for another that compiles just now what is wanted.

        Args:
            machines: All kinds of processors whose code runs here, the best first.
            names: Of what is wanted, for each of them.
            waiting: Is entered meanwhile.

        Returns:
            Whether something has come: it is to be found then.
        """
        if self._wait is None:
            return False
        come: Mapping[tuple[str, str], bytes] = {}
        has_turn = False
        with waiting(), suppress(Exception):  # as of what is fetched
            come, has_turn = self._wait(machines, names)
        self.has_turn |= has_turn
        if not come and not has_turn:
            self._wait = None
        self._found = (self._found or {}) | dict(come)
        return bool(come)

    def _fetched(self, fetch: Fetch, machines: Sequence[str]) -> dict[tuple[str, str], bytes]:
        try:
            return dict(fetch(machines))
        except Exception:  # noqa: BLE001  # whatever fails there, it can be compiled here
            return {}


others = Others()
"""Those of this process."""
fresh: list[Callable[[], Iterable[Kept]]] = []
"""Lists what there is of each function that this process has compiled."""
