"""Ctrl-C and SIGTERM that cannot get lost: ``with remembered(): …``.

Python raises KeyboardInterrupt wherever it is. In callbacks of the garbage collector, or in a
`__del__`, as Dask has them, it prints the exception and goes on.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["raise_if_asked", "remembered"]

NUMBERS = (signal.SIGINT, signal.SIGTERM)

_asked: list[int] = []


@contextmanager
def remembered() -> Iterator[None]:
    """Take both as Ctrl-C, at once, and again wherever `raise_if_asked` is called."""

    def interrupt(number: int, _: object) -> None:
        _asked.append(number)
        raise KeyboardInterrupt

    _asked.clear()
    before = [signal.signal(number, interrupt) for number in NUMBERS]
    try:
        yield
    finally:
        for number, handler in zip(NUMBERS, before, strict=True):
            signal.signal(number, handler)
        _asked.clear()


def raise_if_asked() -> None:
    """Raise KeyboardInterrupt if one came and got lost."""
    if _asked:
        raise KeyboardInterrupt
