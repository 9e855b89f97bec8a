"""Which cell of a notebook has made what: when it runs again, that is closed."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple, Protocol

__all__ = ["Closable", "close_earlier", "remember"]


class Closable(Protocol):
    """What a cell has made."""

    def close(self) -> None:
        """Let go of what it holds."""


class _Made(NamedTuple):
    execution: str
    things: list[Closable]


_made: dict[str, _Made] = {}
"""By the cell, of its last execution."""


def close_earlier() -> None:
    """Close what an earlier execution of the running cell has made; its output is gone."""
    cell, execution = _running()
    if cell in _made and _made[cell].execution != execution:
        for thing in _made.pop(cell).things:
            thing.close()


def remember(thing: Closable) -> None:
    """Note what the running cell has made."""
    cell, execution = _running()
    if cell:
        _made.setdefault(cell, _Made(execution, [])).things.append(thing)


def _running() -> tuple[str, str]:
    """Return names of the running cell and of this execution of it; empty outside of notebooks."""
    ipython: Any = sys.modules.get("IPython")
    shell: Any = ipython.get_ipython() if ipython else None
    message: dict[str, Any] = getattr(shell, "get_parent", dict)()  # a terminal has none
    cell = message.get("metadata", {}).get("cellId", "")
    return str(cell), str(message.get("header", {}).get("msg_id", ""))
